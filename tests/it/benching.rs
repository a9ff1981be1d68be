//! The benchmark of the loop in short, so that it cannot rot: it looks at no figure but those of what was done.

#[path = "../../bench/converging.rs"]
mod converging;
#[path = "../../bench/load.rs"]
mod load;
#[path = "../../bench/server.rs"]
mod server;
#[path = "../../bench/webhook.rs"]
mod webhook;

use converging::{Far, Options, measure};

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_is_drained_by_one_write_an_order_and_each_change_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        store_url: None,
        first: 0,
        orders: 300,
        each: 2,
        changes: 60,
        per_second: 100,
        instances: 1,
        workers: None,
    };
    let figures = measure(&server::binary(), folder.path(), &Far::play().await, &options).await.unwrap();
    assert!(figures.wrong.is_empty(), "{:#?}", figures.wrong);
    assert_eq!(figures.remote_writes, 300);
    assert!((30..=60).contains(&figures.changes_writes), "{}", figures.changes_writes);
}
