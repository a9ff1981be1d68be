//! Registering for webhooks: each type has a secret of its own, which the vendor shows once.

use serde_json::json;

use super::api::Request;
use super::{ShipHero, TYPES, documents, refusal, write};
use crate::transport::{Effect, Fault, Log};

/// A registration that was made.
#[derive(Debug)]
pub struct Registered {
    /// The type of webhook.
    pub name: &'static str,
    /// What its deliveries are signed with; it cannot be read again.
    pub secret: secrecy::SecretString,
}

impl ShipHero {
    /// Registers `url` for each type that is acted on. One that is registered already is left alone, for its secret cannot be
    /// read again; with `anew` it is taken back first, and gets a new one.
    pub async fn register(&self, url: &str, anew: bool, log: &Log) -> Result<Vec<Registered>, Fault> {
        let mut registered = Vec::new();
        for name in TYPES {
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
                Some(secret) => registered.push(Registered { name, secret: secret.to_owned().into() }),
                None if told.errors.iter().any(|error| error.message.contains("already exists")) => {}
                None => return Err(Fault::Refused(refusal(&told.errors, "the registration", name))),
            }
        }
        Ok(registered)
    }

    fn of_shop(&self, data: &mut serde_json::Value) {
        if let Some(shop) = &self.settings.shop_name {
            data["shop_name"] = shop.as_str().into();
        }
        write::own(data, &self.settings);
    }
}

fn call<'r>(operation: &'static str, document: &'r str, data: &serde_json::Value) -> Request<'r> {
    let variables = json!({ "data": data });
    Request { operation, document, variables, effect: Effect::Write, urgent: false, may_cost: 12 }
}
