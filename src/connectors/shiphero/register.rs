//! Registering for webhooks: each type has a secret of its own, which the vendor shows once.

use secrecy::SecretString;
use serde_json::{Value, json};

use super::api::Request;
use super::{ShipHero, documents, refusal, write};
use crate::transport::{Effect, Fault, Log};

impl ShipHero {
    /// Registers `url` for a type of webhook; gives what its deliveries are signed with. Nothing where it is registered
    /// already, for its secret cannot be read again; with `anew` that is taken back first.
    pub async fn register(
        &self,
        name: &str,
        url: &str,
        anew: bool,
        log: &Log,
    ) -> Result<Option<SecretString>, Fault> {
        if anew {
            let mut data = json!({ "name": name });
            self.of_shop(&mut data);
            // That there was none is as good.
            let _ = self.api.run(call("webhook_delete", documents::UNREGISTER, &data), log).await?;
        }
        let mut data = json!({ "name": name, "url": url });
        self.of_shop(&mut data);
        let told = self.api.run(call("webhook_create", documents::REGISTER, &data), log).await?;
        let made = &told.data["webhook_create"]["webhook"];
        match made["shared_signature_secret"].as_str() {
            Some(secret) => Ok(Some(secret.to_owned().into())),
            None if told.errors.iter().any(|error| error.message.contains("already exists")) => Ok(None),
            None => Err(Fault::Refused(refusal(&told.errors, "the registration", name))),
        }
    }

    fn of_shop(&self, data: &mut Value) {
        if let Some(shop) = &self.settings.shop_name {
            data["shop_name"] = shop.as_str().into();
        }
        write::own(data, &self.settings);
    }
}

fn call<'r>(operation: &'static str, document: &'r str, data: &Value) -> Request<'r> {
    let variables = json!({ "data": data });
    Request { operation, document, variables, effect: Effect::Write, urgent: false, may_cost: 12 }
}
