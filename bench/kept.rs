//! What the server keeps, asked of its API, to hold against what it acknowledged. It compares nothing itself.

use std::collections::HashSet;

use super::server::Server;

/// The webhook's id of every delivery.
pub(crate) fn kept(server: &Server) -> HashSet<String> {
    let (mut kept, mut before) = (HashSet::new(), i64::MAX);
    loop {
        let page = server.ask(&format!("/api/v1/deliveries?limit=1000&before={before}"));
        let rows = page.as_array().unwrap();
        let Some(last) = rows.last() else { return kept };
        before = last["id"].as_i64().unwrap();
        kept.extend(rows.iter().map(|row| row["webhook_id"].as_str().unwrap().to_owned()));
    }
}
