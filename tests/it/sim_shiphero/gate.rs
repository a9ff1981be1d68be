//! Tokens, scopes, credits, and answers that lie.

use crossdock::simulator::fault::{Fault, Script, Stop};
use crossdock::simulator::shiphero::Options;
use serde_json::{Value, json};

use super::{Served, new_order};

const ME: &str = "{ me { request_id data { email } } }";
const DEAR: &str = "{ orders { complexity data(first: 30) {
    edges { node { id line_items { edges { node { sku } } } } } } } }";

#[tokio::test]
async fn a_token_is_good_for_28_days_and_a_refresh_gives_another() {
    let served = Served::start(Options::default()).await;
    let body = json!({ "refresh_token": "shiphero-refresh-simulated" });
    let (status, granted) = served.post("/auth/refresh", "", &body).await;
    assert_eq!(status, 200);
    assert_eq!((granted["expires_in"].as_i64(), &granted["token_type"]), (Some(2_419_200), &json!("Bearer")));
    assert!(granted.get("refresh_token").is_none());
    let token = granted["access_token"].as_str().unwrap().to_owned();
    let ask = async |token: &str| served.post("/graphql", token, &json!({ "query": ME })).await.0;
    served.advance(2_419_199);
    assert_eq!(ask(&token).await, 200);
    served.advance(1);
    assert_eq!(ask(&token).await, 401);
    assert_eq!(ask("").await, 401);
    let (status, _) = served.post("/auth/refresh", "", &json!({ "refresh_token": "stolen" })).await;
    assert_eq!(status, 403);
    served.account.revoke_tokens();
    assert_eq!(ask("shiphero-access-simulated").await, 401);
}

#[tokio::test]
async fn people_sign_in_with_name_and_password() {
    let served = Served::start(Options { rotates_refresh_tokens: true, ..Options::default() }).await;
    let wrong = json!({ "username": "crossdock@winery.example", "password": "guess" });
    assert_eq!(served.post("/auth/token", "", &wrong).await.0, 403);
    let right = json!({ "username": "crossdock@winery.example", "password": "Corkscrew1" });
    let (_, granted) = served.post("/auth/token", "", &right).await;
    let token = granted["access_token"].as_str().unwrap();
    assert_eq!(served.post("/graphql", token, &json!({ "query": ME })).await.0, 200);
    let refresh = json!({ "refresh_token": granted["refresh_token"] });
    let (_, again) = served.post("/auth/refresh", "", &refresh).await;
    assert_ne!(again["refresh_token"], granted["refresh_token"]);
    assert_eq!(served.post("/auth/refresh", "", &refresh).await.0, 403, "the old one went with the new");
}

#[tokio::test]
async fn a_token_without_the_scope_is_refused_and_one_without_pii_sees_no_people() {
    let scopes = vec!["view:orders".to_owned()];
    let served = Served::start(Options { scopes, ..Options::default() }).await;
    let id = served.account.place(&new_order("#1001")).unwrap();
    let refused = served.mutate("order_create", "CreateOrderInput", new_order("#1002")).await.unwrap_err();
    assert_eq!(refused["message"], "Missing required scope(s): change:orders");
    assert_eq!(refused["code"], 7);
    let seen = served.read(&served.account.order(id).unwrap()["id"]).await;
    assert_eq!((&seen["shipping_address"], &seen["email"]), (&Value::Null, &Value::Null));
    assert_eq!(seen["order_number"], "#1001");
}

#[tokio::test]
async fn credits_are_spent_and_come_back_and_an_empty_bucket_says_when() {
    let served = Served::start(Options { credits: 4004, credits_a_second: 60, ..Options::default() }).await;
    served.create(new_order("#1001")).await;
    served.advance(60);
    let first = served.ask(DEAR, json!({})).await;
    assert_eq!(first["data"]["orders"]["complexity"], 3031, "thirty orders, a hundred lines each");
    assert_eq!(first["extensions"]["throttling"]["cost"], 4, "what was there is what is charged");

    let one =
        |n: usize| format!("a{n}: orders(order_number: \"none\") {{ data {{ edges {{ node {{ id }} }} }} }}");
    let many: Vec<String> = (0..39).map(one).collect();
    let drained = json!({ "query": format!("{{ {} }}", many.join(" ")) });
    let (_, drained) = served.post("/graphql", "shiphero-access-simulated", &drained).await;
    assert_eq!(drained["extensions"]["throttling"]["cost"], 39);

    let small = Served::start(Options { credits: 3100, credits_a_second: 60, ..Options::default() }).await;
    for number in 0..20 {
        small.create(new_order(&format!("#{number}"))).await;
    }
    let refused = small.ask(DEAR, json!({})).await;
    let error = &refused["errors"][0];
    assert_eq!(error["code"], 30);
    let remaining = error["remaining_credits"].as_i64().unwrap();
    assert_eq!(
        (error["required_credits"].as_i64(), error["operation"].as_str()),
        (Some(3031), Some("orders"))
    );
    let seconds = (3031 - remaining + 59) / 60;
    assert_eq!(error["time_remaining"], format!("{seconds} seconds"));
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with("There are not enough credits to perform the requested operation")
    );
    assert_eq!(refused["data"]["orders"], Value::Null);
    small.advance(u64::try_from(seconds).unwrap());
    assert!(small.ask(DEAR, json!({})).await.get("errors").is_none());
}

#[tokio::test]
async fn a_query_that_no_bucket_can_pay_is_never_answered() {
    let served = Served::start(Options::default()).await;
    let query = "{ orders { data { edges { node { line_items { edges { node { sku } } } } } } } }";
    for _ in 0..2 {
        assert_eq!(served.ask(query, json!({})).await["errors"][0]["required_credits"], 10_101);
        served.advance(3600);
    }
}

#[tokio::test]
async fn an_analysis_tells_the_price_and_costs_nothing() {
    let served = Served::start(Options::default()).await;
    served.create(new_order("#1001")).await;
    let query =
        "{ orders(analyze: true) { request_id complexity data(first: 10) { edges { node { id } } } } }";
    let answer = served.ask(query, json!({})).await;
    assert_eq!(
        (&answer["data"]["orders"]["complexity"], &answer["data"]["orders"]["data"]),
        (&json!(11), &Value::Null)
    );
    assert_eq!(answer["extensions"]["throttling"]["cost"], 0);
}

#[tokio::test]
async fn too_many_requests_in_five_minutes_are_turned_away() {
    let served = Served::start(Options { requests_in_five_minutes: 2, ..Options::default() }).await;
    let ask = async || served.post("/graphql", "shiphero-access-simulated", &json!({ "query": ME })).await.0;
    assert_eq!((ask().await, ask().await, ask().await), (200, 200, 429));
    served.advance(300);
    assert_eq!(ask().await, 200);
}

#[tokio::test]
async fn a_mutation_can_be_done_and_yet_answered_with_an_error() {
    let served = Served::start(Options::default()).await;
    let order = served.create(new_order("#1001")).await;
    served.account.answer_done_with_errors(1);
    let query = "mutation M($data: UpdateOrderHoldsInput!) {
        order_update_holds(data: $data) { request_id complexity order { id } } }";
    let data = json!({ "order_id": order["id"], "operator_hold": true });
    let answer = served.ask(query, json!({ "data": data })).await;
    assert_eq!(answer["errors"].as_array().unwrap().len(), 1);
    assert!(answer["data"]["order_update_holds"]["request_id"].is_string());
    assert_eq!(answer["data"]["order_update_holds"]["order"], Value::Null);
    assert_eq!(served.read(&order["id"]).await["holds"]["operator_hold"], true);
}

#[tokio::test]
async fn faults_strike_the_vendors_paths_and_never_the_remote_control() {
    let served = Served::start(Options::default()).await;
    let body = json!({ "query": "mutation M($data: CreateOrderInput!) { order_create(data: $data) { order { id } } }",
        "variables": { "data": new_order("#1001") } });
    let fault =
        |fault, path: Option<&str>| Script { fault, method: None, path: path.map(str::to_owned), times: 1 };
    served.account.faults().script(fault(Fault::ErrorAfter(502), None));
    assert_eq!(served.post("/sim/stock", "", &json!({ "sku": "X", "on_hand": 1 })).await.0, 204);
    assert_eq!(
        served.post("/auth/refresh", "", &json!({ "refresh_token": "shiphero-refresh-simulated" })).await.0,
        200
    );
    assert_eq!(served.post("/graphql", "shiphero-access-simulated", &body).await.0, 502);
    assert_eq!(served.account.orders().len(), 1, "it was done before the answer was spoiled");
    served.account.faults().script(fault(Fault::Error(503), Some("/auth/refresh")));
    assert_eq!(served.post("/auth/refresh", "", &json!({})).await.0, 503);
    assert_eq!(served.account.faults().struck(), 2);
    served.account.faults().script_after(1, fault(Fault::Error(503), None));
    let asks = async || served.post("/graphql", "shiphero-access-simulated", &body).await.0;
    assert_eq!((asks().await, asks().await, asks().await), (200, 503, 200));
}

#[tokio::test]
async fn a_stopped_request_waits_before_it_is_acted_on_or_with_its_answer_ready() {
    let served = Served::start(Options::default()).await;
    let body = json!({ "query": "mutation M($data: CreateOrderInput!) { order_create(data: $data) { order { id } } }",
        "variables": { "data": new_order("#1001") } });
    for (answered, done) in [(false, 0), (true, 2)] {
        let stop = Stop::new(0, answered);
        served.account.faults().stop_at(stop.clone());
        let asking = served.post("/graphql", "shiphero-access-simulated", &body);
        let watching = async {
            stop.reached().await;
            let there = served.account.orders().len();
            stop.let_go();
            there
        };
        let (asked, there) = tokio::join!(asking, watching);
        assert_eq!((asked.0, there), (200, done));
        assert!(!served.account.faults().has_stop());
    }
}
