//! What people and houses do at ShipCompliant's own screen, and what is left where a step was refused or lost: it is seen, no goods
//! leave on what is not there any more, and nothing is asked of a person for ever.

use std::time::Duration;

use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shipcompliant::Options;
use crossdock::simulator::shopify::order::RestockType;
use crossdock::simulator::shopify::{
    CancelOrder, EditOrder, NewFulfillment, NewHold, NewOrder, NewRefund, RefundUnits, SetQuantity,
};
use serde_json::{Value, json};

use crate::support::contract::contract_or_skip;
use crate::support::winery::{House, ROUTE, Setup, Winery};

impl Winery {
    /// A winery whose warehouse waits for compliance.
    async fn waiting() -> Self {
        Self::with_house(House { route: "cleared_by = [\"compliance\"]", ..House::default() }).await
    }

    /// Lets so much time pass that the account is looked at by the clock.
    async fn watch(&self) {
        self.clock.advance(Duration::from_secs(330));
        self.sync().await;
        self.sync().await;
    }

    /// A person commits an order at the account whatever is thought of it.
    async fn force(&self, key: &str) {
        let at = self.config.split("kind = \"shipcompliant\"\nendpoint = \"").nth(1).unwrap();
        let url = format!("{}/api/v1/salesOrders/commit", at.split('"').next().unwrap());
        let Options { username, password, .. } = Options::default();
        let body = json!({ "commitOption": "AllShipments", "salesOrderKey": key }).to_string();
        let request = self.server.http.post(url).basic_auth(username, Some(password));
        let answer = request.header("Content-Type", "application/json").body(body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(self.account.order(key).unwrap()["committed"], true);
    }

    fn forbid_all(&self) {
        self.account.forbid("NY");
        self.account.forbid("CA");
    }

    fn allow_all(&self) {
        self.account.allow("NY");
        self.account.allow("CA");
    }

    fn is_held_there(&self, order: i64) -> Value {
        self.packed(order)["holds"]["operator_hold"].clone()
    }
}

#[tokio::test]
async fn an_order_that_a_person_voids_at_the_account_is_not_packed() {
    let winery = Winery::waiting().await;
    let id = winery.place(NewOrder::default()).await;
    assert_eq!(winery.is_held_there(id), false);
    winery.account.void("1001").unwrap();
    winery.watch().await;
    let told = winery.only_exception("voided_at_destination").await;
    assert_eq!(winery.is_held_there(id), true);
    winery.retry(&told).await;
    winery.sync().await;
    assert_eq!(winery.is_held_there(id), false);
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn what_leaves_after_a_step_was_refused_is_seen_and_the_step_is_not_tried_for_ever() {
    for (method, code) in [("PUT", "fulfillment_blocked"), ("DELETE", "shipped_at_destination")] {
        let winery = Winery::open().await;
        let id = winery.place(NewOrder::default()).await;
        let method = Some(method.to_owned());
        winery.account.faults().script(Script { fault: Fault::Error(400), method, path: None, times: 1 });
        if code == "shipped_at_destination" {
            winery.shop.cancel_order(id, &CancelOrder::default()).unwrap();
        } else {
            winery.shop.hold(id, &NewHold::default()).unwrap();
        }
        winery.sync().await;
        winery.only_exception("refused").await;
        let written = winery.written();
        for _ in 0..3 {
            winery.watch().await;
        }
        assert_eq!(winery.written(), written);
        winery.account.set_status("1001", "1", "Shipped").unwrap();
        winery.watch().await;
        winery.only_exception(code).await;
    }
}

#[tokio::test]
async fn a_negative_order_that_a_person_voids_or_corrects_as_they_were_told_is_settled() {
    let route = format!("{ROUTE}refunds = \"negative_order\"\n");
    for voids in [true, false] {
        let winery = Winery::with(Setup { route: Some(&route), ..Setup::default() }).await;
        let id = winery.place(NewOrder::default()).await;
        winery.shop.fulfill(id, &NewFulfillment::default()).unwrap();
        winery.sync().await;
        let line_id = winery.shop.order(id).unwrap().lines[0].id;
        let units = RefundUnits { line_id, quantity: 1, restock: RestockType::Return, location_id: None };
        let new = NewRefund { lines: vec![units], ..NewRefund::default() };
        let refund = winery.shop.refund(id, &new).unwrap();
        winery.sync().await;
        let made = winery.shop.order(id).unwrap().fulfillments[0].id;
        winery.shop.cancel_fulfillment(id, made).unwrap();
        winery.sync().await;
        let told = winery.only_exception("refund_withdrawn").await;
        if voids {
            winery.account.void(&format!("1001-R{refund}")).unwrap();
            winery.retry(&told).await;
        } else {
            let accept = format!("exceptions/{}/accept", told["id"]);
            assert_eq!(winery.server.tell(&accept, &Value::Null).await.0, 200);
            winery.sync().await;
        }
        assert_eq!(winery.exceptions().await, []);
        // It leaves after all: of what was taken back a person decides.
        winery.shop.fulfill(id, &NewFulfillment::default()).unwrap();
        winery.sync().await;
        let codes: Vec<String> = winery.exceptions().await.into_iter().map(|(code, _)| code).collect();
        assert_eq!(codes, if voids { vec!["voided_at_destination".to_owned()] } else { Vec::new() });
    }
}

#[tokio::test]
async fn an_order_that_is_entered_again_under_another_key_is_looked_for_there() {
    for lost in [Fault::ResetBefore, Fault::ResetAfter] {
        let mut winery = Winery::open().await;
        winery.forbid_all();
        let id = winery.place(NewOrder::default()).await;
        winery.only_exception("not_compliant").await;
        winery.allow_all();
        let to = "to = \"compliance\"\n";
        winery.config = winery.config.replace(to, &format!("{to}key_prefix = \"CD-\"\n"));
        let path = Some("check-commit".into());
        winery.account.faults().script(Script { fault: lost, method: None, path, times: 1 });
        let winery = winery.restart().await;
        let line_id = winery.shop.order(id).unwrap().lines[0].id;
        let set_quantity = vec![SetQuantity { line_id, quantity: 4 }];
        winery.shop.edit_order(id, &EditOrder { set_quantity, ..EditOrder::default() }).unwrap();
        for _ in 0..3 {
            winery.sync().await;
        }
        assert_eq!(winery.account.order("CD-1001").unwrap()["committed"], true, "{lost:?}");
        assert_eq!(winery.account.summary()["double_commits"], 0, "{lost:?}");
        assert_eq!(winery.exceptions().await, [], "{lost:?}");
    }
}

/// It is committed and not compliant, so nothing leaves; once it left all the same, the books say so.
#[tokio::test]
async fn an_order_that_a_person_commits_in_spite_of_its_judgement_is_held_until_it_left() {
    let winery = Winery::waiting().await;
    winery.forbid_all();
    let id = winery.place(NewOrder::default()).await;
    let told = winery.only_exception("not_compliant").await;
    winery.force("1001").await;
    winery.retry(&told).await;
    let written = winery.written();
    winery.watch().await;
    winery.only_exception("not_compliant").await;
    assert_eq!(winery.is_held_there(id), true);
    assert_eq!(winery.account.summary()["double_commits"], 0);
    assert_eq!(winery.written(), written, "it is only looked at");
    if let Some(contract) = contract_or_skip("the state of a commit") {
        let asked =
            winery.account.requests().into_iter().rfind(|write| write.path.ends_with("/commit")).unwrap();
        let wrong = contract.request("POST", "/api/v1/salesOrders/commit", asked.body.as_ref().unwrap());
        assert_eq!(wrong, Vec::<String>::new());
    }

    winery.shop.fulfill(id, &NewFulfillment::default()).unwrap();
    winery.sync().await;
    assert_eq!(winery.account.order("1001").unwrap()["shipments"][0]["shipmentStatus"], "Shipped");
}
