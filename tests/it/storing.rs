//! The store's promises, method by method: what any engine behind the seam has to keep.

use std::sync::Arc;
use std::time::Duration;

use crossdock::crypto::digest;
use crossdock::domain::mirror::{Mirror, MirrorState};
use crossdock::domain::reason::{Duties, Duty, Reason, ReasonCode};
use crossdock::domain::{OrderRef, RemoteId};
use crossdock::store::{
    Accepted, Changes, Committed, DeliveryQuery, DeliveryRef, DeliveryState, Entry, ExceptionAt,
    ExceptionQuery, ExceptionRow, Gate, Lease, NewDelivery, OpenException, Release, ReplayQuery, Sorted,
    SortedInto, Store, Wanted, pack,
};
use jiff::Timestamp;

use crate::support::engine::{nth, store_url};
use crate::support::{document, order_ref, record, second, store};

fn delivery(webhook_id: &str, topic: &str, body: &str) -> NewDelivery {
    NewDelivery {
        connection: Arc::from("cellar"),
        topic: topic.into(),
        webhook_id: webhook_id.into(),
        headers: r#"{"x-shopify-shop-domain":"cellar-nine.myshopify.com"}"#.into(),
        size: i64::try_from(body.len()).unwrap(),
        received_at: second(0),
        body: pack(body.as_bytes()),
        content: digest(&[topic.as_bytes(), body.as_bytes()]),
    }
}

fn into_order(id: i64) -> Sorted {
    let into = SortedInto::Order { order: order_ref(), urgent: false };
    Sorted { id, connection: "cellar".into(), duplicate_of: None, into }
}

fn which(number: i64) -> DeliveryRef {
    DeliveryRef { connection: Arc::from("cellar"), id: nth(number) }
}

async fn lease(store: &Store, now: i64) -> Option<Lease> {
    let until = second(now).saturating_add(Duration::from_mins(1)).unwrap();
    store.claim("here", second(now), until, 10, true).await.unwrap().into_iter().next()
}

/// A store with one sorted delivery, and the lease on its order.
async fn leased() -> (tempfile::TempDir, Store, Lease) {
    let (folder, store) = store().await;
    store.accept(vec![delivery("a", "orders/create", "{}")]).await.unwrap();
    store.sort(vec![into_order(nth(1))], second(0)).await.unwrap();
    let lease = lease(&store, 0).await.unwrap();
    (folder, store, lease)
}

async fn commit(store: &Store, lease: &Lease, changes: Changes, gate: Gate) -> Committed {
    store.commit(lease, changes, gate, second(1)).await.unwrap()
}

fn released(release: Release) -> Changes {
    Changes { release: Some(release), ..Changes::default() }
}

#[tokio::test]
async fn a_delivery_is_new_once_by_its_id_and_once_by_its_content() {
    use Accepted::{Duplicate, Stored};
    let (_folder, store) = store().await;
    let first = store
        .accept(vec![
            delivery("a", "orders/create", "one"),
            delivery("a", "orders/create", "one"),
            delivery("b", "orders/create", "one"),
            delivery("b2", "orders/updated", "one"),
            delivery("c", "orders/create", "two"),
        ])
        .await
        .unwrap();
    assert_eq!(first, [Stored(nth(1)), Duplicate(nth(1)), Duplicate(nth(1)), Stored(nth(4)), Stored(nth(5))]);
    // Again in another transaction; and an id that comes back with another body.
    let again = store
        .accept(vec![
            delivery("c", "orders/create", "two"),
            delivery("c", "orders/create", "three"),
            delivery("d", "orders/create", "three"),
        ])
        .await
        .unwrap();
    assert_eq!(again, [Duplicate(nth(5)), Duplicate(nth(5)), Stored(nth(8))]);
    let body = |id| {
        let store = store.clone();
        async move { String::from_utf8(store.delivery(id).await.unwrap().unwrap().1).unwrap() }
    };
    assert_eq!(body(nth(2)).await, "one");
    assert_eq!(body(nth(7)).await, "three", "an id that was only borrowed does not hide what came with it");
    let unsorted: Vec<i64> = store.unsorted(100).await.unwrap().iter().map(|stored| stored.id).collect();
    assert_eq!(unsorted, [1, 3, 4, 5, 8].map(nth), "a repeated content may be news; a repeated id is not");
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.deliveries, counts.duplicates, counts.unsorted), (8, 4, 5));
}

#[tokio::test]
async fn identical_deliveries_at_the_same_instant_are_one() {
    let (_folder, store) = store().await;
    let tries = (0..50).map(|_| {
        let store = store.clone();
        tokio::spawn(
            async move { store.accept(vec![delivery("a", "orders/create", "{}")]).await.unwrap()[0] },
        )
    });
    let mut new = 0;
    for outcome in futures_util::future::join_all(tries).await {
        new += usize::from(matches!(outcome.unwrap(), Accepted::Stored(_)));
    }
    assert_eq!(new, 1);
}

/// Two shops may send the same words under the same id in one moment: each is told to its own.
#[tokio::test]
async fn what_one_connection_sent_is_no_repeat_of_anothers() {
    let (_folder, store) = store().await;
    let of = |connection: &str| NewDelivery {
        connection: Arc::from(connection),
        content: digest(&[connection.as_bytes(), b"{}"]),
        ..delivery("a", "orders/create", "{}")
    };
    let first = store.accept(vec![of("cellar"), of("vault"), of("cellar")]).await.unwrap();
    let [cellar, vault] = [nth(1), nth(2)];
    assert_eq!(first, [Accepted::Stored(cellar), Accepted::Stored(vault), Accepted::Duplicate(cellar)]);
    let again = store.accept(vec![of("vault"), of("cellar")]).await.unwrap();
    assert_eq!(again, [Accepted::Duplicate(vault), Accepted::Duplicate(cellar)]);
    let waiting = store.unsorted(10).await.unwrap();
    let waiting: Vec<_> = waiting.iter().map(|one| (one.id, one.connection.as_str())).collect();
    assert_eq!(waiting, [(cellar, "cellar"), (vault, "vault")]);
    // What names another's delivery touches nothing.
    let into = SortedInto::Nothing(DeliveryState::NoChange, "not acted on".into());
    store
        .sort(vec![Sorted { id: vault, connection: "cellar".into(), duplicate_of: None, into }], second(1))
        .await
        .unwrap();
    assert_eq!(store.unsorted(10).await.unwrap().len(), 2);
    let into = SortedInto::Nothing(DeliveryState::NoChange, "not acted on".into());
    store
        .sort(vec![Sorted { id: vault, connection: "vault".into(), duplicate_of: None, into }], second(1))
        .await
        .unwrap();
    assert_eq!(store.unsorted(10).await.unwrap().len(), 1);
    assert_eq!(store.replay_deliveries(vec![vault], second(2)).await.unwrap(), 1);
    assert_eq!(store.unsorted(10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_was_accepted_is_there_after_a_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let url = store_url(folder.path());
    let first = Store::open(&url).await.unwrap();
    first.accept(vec![delivery("a", "orders/create", "{}")]).await.unwrap();
    first.close().await;
    drop(first);
    let second = Store::open(&url).await.unwrap();
    assert_eq!(second.counts().await.unwrap().deliveries, 1);
    let accepted = second.accept(vec![delivery("b", "orders/create", "x")]).await.unwrap();
    assert_eq!(accepted, [Accepted::Stored(nth(2))], "ids go on where they stopped");
}

#[tokio::test]
async fn a_database_in_use_a_missing_folder_and_a_strange_url_are_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("one.db").display());
    let _open = Store::open(&url).await.unwrap();
    let why = |opened: Result<Store, crossdock::store::StoreError>| opened.err().unwrap().to_string();
    assert!(why(Store::open(&url).await).contains("in use by another crossdock process"));
    assert!(why(Store::open("sqlite:/nowhere/at/all.db").await).contains("does not exist"));
    assert!(why(Store::open("mysql://x").await).contains("sqlite:PATH or postgres://"));
    assert!(why(Store::open("sqlite::memory:").await).contains("needs a file"));
}

#[tokio::test]
async fn sorting_makes_orders_due_and_keeps_what_cannot_be_understood() {
    let (_folder, store) = store().await;
    for (id, body) in [("a", "1"), ("b", "2"), ("c", "3")] {
        store.accept(vec![delivery(id, "orders/create", body)]).await.unwrap();
    }
    let reason = Reason::new(ReasonCode::UnreadableDelivery, "not JSON", "look at it");
    let sorted = vec![
        into_order(nth(1)),
        Sorted {
            id: nth(2),
            connection: "cellar".into(),
            duplicate_of: None,
            into: SortedInto::Exception(reason),
        },
        Sorted {
            id: nth(3),
            connection: "cellar".into(),
            duplicate_of: None,
            into: SortedInto::Nothing(DeliveryState::NoChange, "not acted on".into()),
        },
    ];
    store.sort(sorted, second(5)).await.unwrap();
    let states = store.deliveries(&DeliveryQuery::default()).await.unwrap();
    let states: Vec<_> = states.iter().map(|row| (row.id, row.state, row.order_id.as_deref())).collect();
    assert_eq!(
        states,
        [
            (nth(3), DeliveryState::NoChange, None),
            (nth(2), DeliveryState::Exception, None),
            (nth(1), DeliveryState::Sorted, Some("5001"))
        ]
    );
    assert!(store.unsorted(10).await.unwrap().is_empty());
    assert_eq!(store.next_due().await.unwrap(), Some(second(5)));
    let open = store.exceptions(ExceptionQuery::default()).await.unwrap();
    assert_eq!(
        (open.len(), open[0].delivery_id, open[0].code.as_str()),
        (1, Some(nth(2)), "unreadable_delivery")
    );
    let loaded = store.load(&order_ref()).await.unwrap();
    assert_eq!(loaded.deliveries.iter().map(|d| d.id).collect::<Vec<_>>(), [nth(1)]);
    assert_eq!(loaded.deliveries[0].body, b"1");
}

#[tokio::test]
async fn what_names_only_a_part_waits_under_it_until_its_order_is_known_and_then_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let url = store_url(folder.path());
    let about_part = |id| {
        let into = SortedInto::Part { part: "7".into(), urgent: true };
        Sorted { id, connection: "cellar".into(), duplicate_of: None, into }
    };
    let store = Store::open(&url).await.unwrap();
    for id in ["a", "b", "c"] {
        store.accept(vec![delivery(id, "fulfillment_orders/split", id)]).await.unwrap();
    }
    store.sort(vec![about_part(nth(1))], second(0)).await.unwrap();
    let waiting = lease(&store, 0).await.unwrap();
    assert_eq!(waiting.order.part(), Some("7".into()));
    assert_eq!(store.load(&waiting.order).await.unwrap().deliveries.len(), 1);
    // One more comes in while the answer is on its way.
    store.sort(vec![about_part(nth(2))], second(0)).await.unwrap();
    let answer = Changes { belongs_to: Some(("5001".into(), true)), ..released(Release::Finished) };
    assert_eq!(commit(&store, &waiting, answer, Gate::None).await, Committed::Yes { again: true });
    let due = store.claim("here", second(5), second(70), 10, true).await.unwrap();
    assert_eq!(due[0].order, order_ref(), "urgent, so it is the first");
    assert_eq!(due[0].oldest, Some(0), "what is handed over may be older than all that it had");
    assert_eq!(store.load(&order_ref()).await.unwrap().deliveries.len(), 2);
    assert_eq!(store.load(&waiting.order).await.unwrap().deliveries.len(), 0);
    store.close().await;
    drop(store);

    let store = Store::open(&url).await.unwrap();
    store.sort(vec![about_part(nth(3))], second(9)).await.unwrap();
    assert_eq!(store.load(&order_ref()).await.unwrap().deliveries.len(), 3, "it is not asked for again");
}

#[tokio::test]
async fn urgent_orders_are_leased_first_and_nothing_is_leased_twice() {
    let (_folder, store) = store().await;
    let order = |id: &str| OrderRef { connection: "cellar".into(), id: RemoteId::from(id) };
    for (at, id) in ["1", "2", "3"].iter().enumerate() {
        let body = id.to_string();
        store.accept(vec![delivery(id, "orders/updated", &body)]).await.unwrap();
        let urgent = *id == "3";
        let into = SortedInto::Order { order: order(id), urgent };
        let sorted = Sorted {
            id: i64::try_from(at).unwrap() + 1,
            connection: "cellar".into(),
            duplicate_of: None,
            into,
        };
        store.sort(vec![sorted], second(i64::try_from(at).unwrap())).await.unwrap();
    }
    let claim = |limit| store.claim("here", second(10), second(70), limit, true);
    let ids = |leases: Vec<Lease>| leases.into_iter().map(|lease| lease.order.id.0).collect::<Vec<_>>();
    assert_eq!(ids(claim(1).await.unwrap()), ["3"]);
    assert_eq!(ids(claim(10).await.unwrap()), ["1", "2"]);
    assert!(claim(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_worker_whose_lease_was_taken_over_writes_nothing() {
    let (_folder, store, old) = leased().await;
    assert!(lease(&store, 59).await.is_none(), "the lease holds");
    let new = lease(&store, 61).await.unwrap();
    let changes = || Changes { record: Some((1, record(document()))), ..released(Release::Finished) };
    assert_eq!(commit(&store, &old, changes(), Gate::None).await, Committed::Fenced);
    assert!(store.load(&order_ref()).await.unwrap().record.is_none());
    assert!(!store.renew(&old, second(200)).await.unwrap());
    assert!(store.renew(&new, second(200)).await.unwrap());
    assert!(lease(&store, 150).await.is_none(), "a renewed lease holds longer");
    assert_eq!(commit(&store, &new, changes(), Gate::None).await, Committed::Yes { again: false });
    assert!(store.next_due().await.unwrap().is_none());
}

#[tokio::test]
async fn what_comes_in_during_a_pass_makes_the_order_due_again_and_shuts_the_gate() {
    let (_folder, store, first) = leased().await;
    store.accept(vec![delivery("b", "orders/cancelled", "x")]).await.unwrap();
    store.sort(vec![into_order(nth(2))], second(2)).await.unwrap();
    assert!(lease(&store, 3).await.is_none(), "one pass at a time");
    let entry = |text: &str| Entry {
        at: second(1),
        kind: "step",
        source: "compliance".into(),
        delivery: None,
        text: text.into(),
        changes: Vec::new(),
    };
    let gated = Changes { timeline: vec![entry("released")], ..Changes::default() };
    assert_eq!(commit(&store, &first, gated, Gate::Untouched).await, Committed::Touched);
    assert!(store.story(&order_ref()).await.unwrap().0.is_empty(), "a refused commit keeps nothing");
    let open = Changes { timeline: vec![entry("noted")], ..Changes::default() };
    assert_eq!(commit(&store, &first, open, Gate::None).await, Committed::Yes { again: false });
    let end = commit(&store, &first, released(Release::Finished), Gate::None).await;
    assert_eq!(end, Committed::Yes { again: true });
    assert_eq!(lease(&store, 3).await.unwrap().touched, 2);
}

#[tokio::test]
async fn what_a_process_held_when_it_died_is_due_at_once() {
    let (_folder, store, dead) = leased().await;
    assert_eq!(store.release_left_behind("here", second(3)).await.unwrap(), 1);
    let again = lease(&store, 3).await.expect("due again long before the lease would have run out");
    assert_eq!(again.order, dead.order);
    assert_eq!(commit(&store, &dead, Changes::default(), Gate::None).await, Committed::Fenced);
}

/// What waits is looked for from the oldest on: a day that holds none of it need not be looked into.
#[tokio::test]
async fn a_lease_says_from_which_delivery_on_something_waits() {
    let (_folder, store, first) = leased().await;
    assert_eq!(first.oldest, Some(nth(1)));
    let sort = async |body: &str, number: i64| {
        store.accept(vec![delivery(body, "orders/updated", body)]).await.unwrap();
        store.sort(vec![into_order(nth(number))], second(1)).await.unwrap();
    };
    let waiting = async |lease: &Lease| {
        let wanted = Wanted { order: lease.order.clone(), others: Vec::new(), oldest: lease.oldest };
        let loaded = store.load_all(vec![wanted]).await.pop().unwrap().unwrap();
        loaded.deliveries.iter().map(|delivery| delivery.id).collect::<Vec<_>>()
    };
    // It came after the lease, and the pass did not hear it: both are looked for again.
    sort("2", 2).await;
    let heard = |release| Changes { heard: true, ..released(release) };
    let watch = || Release::Watch(second(2));
    assert_eq!(commit(&store, &first, heard(watch()), Gate::None).await, Committed::Yes { again: true });
    let both = lease(&store, 2).await.unwrap();
    assert_eq!((both.oldest, waiting(&both).await), (Some(nth(1)), vec![nth(1), nth(2)]));
    // One that asks whose they are has not heard them.
    commit(&store, &both, released(watch()), Gate::None).await;
    let asked = lease(&store, 2).await.unwrap();
    assert_eq!(asked.oldest, Some(nth(1)));
    let settled = [1, 2].map(|number| (which(number), DeliveryState::Applied, None)).to_vec();
    commit(&store, &asked, Changes { settled, ..heard(watch()) }, Gate::None).await;
    // A look by the clock finds nothing older, and nothing new.
    let look = lease(&store, 2).await.unwrap();
    assert_eq!((look.oldest, waiting(&look).await), (Some(i64::MAX), vec![]));
    commit(&store, &look, heard(watch()), Gate::None).await;
    store.touch(order_ref(), second(2)).await.unwrap();
    sort("3", 3).await;
    let third = lease(&store, 2).await.unwrap();
    assert_eq!((third.oldest, waiting(&third).await), (Some(nth(3)), vec![nth(3)]));
    // What is due for another reason than a delivery knows of none, and looks for all.
    commit(&store, &third, heard(Release::Finished), Gate::None).await;
    store.touch(order_ref(), second(2)).await.unwrap();
    let touched = lease(&store, 2).await.unwrap();
    assert_eq!((touched.oldest, waiting(&touched).await), (None, vec![nth(3)]));
    sort("4", 4).await;
    commit(&store, &touched, released(watch()), Gate::None).await;
    assert_eq!(lease(&store, 2).await.unwrap().oldest, None);
}

/// A repeat that may be news has its body with its original, which is older than all that waits.
#[tokio::test]
async fn what_waits_is_read_with_its_body_though_that_lies_with_an_older_one() {
    let (_folder, store, first) = leased().await;
    let settled = vec![(which(1), DeliveryState::Applied, None)];
    let ended = Changes { settled, heard: true, ..released(Release::Watch(second(1))) };
    assert_eq!(commit(&store, &first, ended, Gate::None).await, Committed::Yes { again: false });
    store.accept(vec![delivery("again", "orders/create", "{}")]).await.unwrap();
    let [repeat] = &store.unsorted(10).await.unwrap()[..] else { panic!("it is sorted as news") };
    assert_eq!((repeat.id, repeat.duplicate_of), (nth(2), Some(nth(1))));
    let sorted = Sorted { duplicate_of: repeat.duplicate_of, ..into_order(nth(2)) };
    store.sort(vec![sorted], second(2)).await.unwrap();
    let due = lease(&store, 2).await.unwrap();
    let wanted = Wanted { order: due.order.clone(), others: Vec::new(), oldest: due.oldest };
    let loaded = store.load_all(vec![wanted]).await.pop().unwrap().unwrap();
    let waiting: Vec<_> = loaded.deliveries.iter().map(|one| (one.id, one.body.as_slice())).collect();
    assert_eq!(waiting, [(nth(2), b"{}".as_slice())]);
}

#[tokio::test]
async fn a_lease_that_ran_out_is_taken_over_only_where_the_clock_can_be_trusted() {
    let (_folder, store, first) = leased().await;
    let claim = |take_over| store.claim("there", second(61), second(120), 10, take_over);
    assert!(claim(false).await.unwrap().is_empty());
    assert_eq!(claim(true).await.unwrap().len(), 1);
    assert_eq!(commit(&store, &first, Changes::default(), Gate::None).await, Committed::Fenced);
}

#[tokio::test]
async fn what_waits_to_be_sorted_is_found_by_its_ids_and_by_its_age() {
    let (_folder, store) = store().await;
    for (id, body) in [("a", "1"), ("b", "2"), ("c", "3")] {
        store.accept(vec![delivery(id, "orders/create", body)]).await.unwrap();
    }
    store.sort(vec![into_order(nth(2))], second(0)).await.unwrap();
    let ids = |found: Vec<crossdock::store::StoredDelivery>| found.iter().map(|d| d.id).collect::<Vec<_>>();
    assert_eq!(ids(store.unsorted_of([3, 2, 99].map(which).to_vec()).await.unwrap()), [nth(3)]);
    let elsewhere = DeliveryRef { connection: Arc::from("other"), id: nth(3) };
    assert_eq!(ids(store.unsorted_of(vec![elsewhere]).await.unwrap()), [] as [i64; 0]);
    assert_eq!(ids(store.unsorted_before(second(0), 10).await.unwrap()), [] as [i64; 0]);
    assert_eq!(ids(store.unsorted_before(second(1), 1).await.unwrap()), [nth(1)]);
}

#[tokio::test]
async fn where_the_clock_was_set_back_what_it_had_put_off_is_looked_at() {
    let (_folder, store, first) = leased().await;
    assert_eq!(store.look_at_all(second(-9)).await.unwrap(), 0, "a lease stays as it is");
    commit(&store, &first, released(Release::Until(second(2_592_000))), Gate::None).await;
    assert_eq!(store.look_at_all(second(5)).await.unwrap(), 1);
    assert!(lease(&store, 5).await.is_some());
}

#[tokio::test]
async fn what_a_claim_leased_whose_answer_was_lost_is_let_go_of() {
    let (_folder, store, lease) = leased().await;
    assert_eq!(store.release_lost("another's", second(3)).await.unwrap(), 0);
    assert_eq!(store.release_lost(&lease.token, second(3)).await.unwrap(), 1);
    assert_eq!(commit(&store, &lease, Changes::default(), Gate::None).await, Committed::Fenced);
    assert!(self::lease(&store, 3).await.is_some());
}

/// On SQLite there is but one, so what another name holds is an earlier run's.
#[tokio::test]
async fn an_instance_lets_go_of_what_it_held_itself() {
    let (_folder, store, _) = leased().await;
    let held_by_others = u64::from(!store.is_shared());
    assert_eq!(store.release_left_behind("her", second(3)).await.unwrap(), held_by_others);
    assert_eq!(store.release_left_behind("here", second(3)).await.unwrap(), 1 - held_by_others);
}

#[tokio::test]
async fn instances_are_counted_while_they_say_that_they_are_there() {
    let (_folder, store) = store().await;
    let lately = jiff::SignedDuration::from_secs(60);
    let present = |name: &str, lately| {
        let (store, name) = (store.clone(), name.to_owned());
        async move { store.present(name, lately).await.unwrap() }
    };
    let first = present("a", lately).await;
    assert_eq!((first.instances, first.known), (1, false));
    let second = present("b", lately).await;
    assert_eq!((second.instances, second.known), (2, false));
    assert!(second.now >= first.now);
    assert!(present("a", lately).await.known);
    // Nobody was there in the last no time at all.
    let alone = present("a", jiff::SignedDuration::ZERO).await;
    assert_eq!((alone.instances, alone.known), (1, false));
    store.leave("b".into()).await.unwrap();
    assert_eq!(present("a", lately).await.instances, 1);
}

#[tokio::test]
async fn a_turn_stays_with_its_holder_until_it_is_not_renewed_or_given_up() {
    let (_folder, store) = store().await;
    let take = |holder: &str, until, now| {
        store.take_turn("poll house".into(), holder.to_owned(), second(until), second(now))
    };
    assert!(take("a", 90, 0).await.unwrap());
    assert!(!take("b", 120, 30).await.unwrap());
    assert!(take("a", 150, 60).await.unwrap(), "it goes on");
    assert!(!take("b", 240, 150).await.unwrap());
    assert!(take("b", 241, 151).await.unwrap(), "it was not renewed");
    store.leave("b".into()).await.unwrap();
    assert!(take("a", 300, 152).await.unwrap(), "it was given up");
}

#[tokio::test]
async fn an_order_put_off_comes_due_at_its_time() {
    let (_folder, store, first) = leased().await;
    commit(&store, &first, released(Release::Until(second(100))), Gate::None).await;
    assert!(lease(&store, 99).await.is_none());
    assert_eq!(store.next_due().await.unwrap(), Some(second(100)));
    store.touch(order_ref(), second(50)).await.unwrap();
    assert!(lease(&store, 50).await.is_some(), "something new does not wait for the old appointment");
}

#[tokio::test]
async fn a_commit_keeps_all_of_a_pass_and_reads_it_back() {
    let (_folder, store, first) = leased().await;
    let mut mirror = Mirror::new("compliance".into());
    mirror.state = MirrorState::InStep;
    let changes = Changes {
        record: Some((3, record(document()))),
        settled: vec![(which(1), DeliveryState::Applied, Some("why".into()))],
        mirrors: vec![mirror.clone()],
        attempts: vec![(
            "compliance".into(),
            "submit",
            crossdock::transport::Try {
                operation: "check_commit",
                request_line: "POST /x".into(),
                request: Some("{}".into()),
                status: Some(200),
                response: None,
                error: None,
                at: second(1),
                took: Duration::from_micros(1234),
            },
        )],
        ..released(Release::Finished)
    };
    commit(&store, &first, changes, Gate::None).await;
    let loaded = store.load(&order_ref()).await.unwrap();
    assert_eq!((loaded.revision, loaded.record), (3, Some(record(document()))));
    assert_eq!(loaded.mirrors, [mirror]);
    assert!(loaded.deliveries.is_empty());
    let (_, attempts) = store.story(&order_ref()).await.unwrap();
    assert_eq!((attempts[0].status, attempts[0].took_ms.to_string()), (Some(200), "1.234".into()));
    for name in ["1001", "#1001", "5001"] {
        let (row, _) = store.find_order(name).await.unwrap().unwrap();
        assert_eq!((row.name.as_str(), row.mirrors[0].state.as_str()), ("#1001", "in_step"), "{name}");
    }
    let in_state = |state: &str| store.orders(None, None, Some(state.to_owned()), None, None);
    assert_eq!(in_state("in_step").await.unwrap().len(), 1);
    assert!(in_state("exception").await.unwrap().is_empty());
}

/// PostgreSQL's text holds no U+0000, and JSON from outside may: what has one in it is kept like any other.
#[tokio::test]
async fn a_nul_in_what_comes_from_outside_keeps_nothing_from_being_kept() {
    let (_folder, store) = store().await;
    let nul = |text: &str| format!("{text}\0'\\u0000");
    let mut odd = delivery("a", "orders/create", "{\"name\": \"\\u0000\"}");
    odd.webhook_id = nul("a");
    odd.topic = nul("topic");
    store.accept(vec![odd, delivery("b", "x", "b"), delivery("c", "x", "c")]).await.unwrap();
    let order = OrderRef { connection: "cellar".into(), id: RemoteId(nul("5001")) };
    let sorted = |id, into| Sorted { id: nth(id), connection: "cellar".into(), duplicate_of: None, into };
    let reason = Reason {
        vendor: Some(nul("vendor")),
        ..Reason::new(ReasonCode::UnreadableDelivery, nul("why"), nul("mend"))
    };
    store
        .sort(
            vec![
                sorted(1, SortedInto::Order { order: order.clone(), urgent: false }),
                sorted(2, SortedInto::Exception(reason.clone())),
                sorted(3, SortedInto::Part { part: RemoteId(nul("7")), urgent: true }),
            ],
            second(0),
        )
        .await
        .unwrap();
    let mut leases = store.claim("one", second(0), second(60), 10, false).await.unwrap();
    leases.sort_by_key(|lease| lease.order.part().is_none());
    assert_eq!(
        (leases.len(), leases[0].order.part()),
        (2, Some(RemoteId(nul("7").replace('\0', "\u{fffd}"))))
    );
    let loaded = store.load(&leases[1].order).await.unwrap();
    assert_eq!(loaded.deliveries[0].body, b"{\"name\": \"\\u0000\"}", "a body is bytes");
    let mut document = document();
    document.name = nul("#1001");
    let mut mirror = Mirror::new(nul("compliance"));
    mirror.reason = Some(reason.clone());
    let entry = Entry {
        at: second(1),
        kind: "fact",
        source: nul("cellar"),
        delivery: None,
        text: nul("text"),
        changes: Vec::new(),
    };
    let tried = crossdock::transport::Try {
        operation: "check_commit",
        request_line: nul("POST /x"),
        request: Some(nul("{}").into()),
        status: None,
        response: None,
        error: Some(nul("error")),
        at: second(1),
        took: Duration::ZERO,
    };
    let changes = Changes {
        record: Some((1, record(document.clone()))),
        settled: vec![(which(1), DeliveryState::Applied, Some(nul("because")))],
        timeline: vec![entry],
        mirrors: vec![mirror.clone()],
        attempts: vec![(nul("compliance"), "submit", tried)],
        open: vec![OpenException { at: ExceptionAt::Destination(nul("compliance")), reason }],
        ..released(Release::Finished)
    };
    let committed = commit(&store, &leases[1], changes, Gate::None).await;
    assert_eq!(committed, Committed::Yes { again: false });
    let part = Changes { belongs_to: Some((order.id.clone(), true)), ..released(Release::Finished) };
    assert_eq!(commit(&store, &leases[0], part, Gate::None).await, Committed::Yes { again: false });

    // Columns show U+FFFD in its place, and both name the order; documents hold what came.
    let seen = |text: &str| format!("{text}\u{fffd}'\\u0000");
    let loaded = store.load(&order).await.unwrap();
    assert_eq!((loaded.record.unwrap().document.unwrap().name, &loaded.mirrors[0]), (document.name, &mirror));
    assert_eq!(loaded.deliveries.len(), 1, "what waited under its part");
    for name in [nul("#1001"), seen("#1001"), nul("5001")] {
        assert_eq!(store.find_order(&name).await.unwrap().unwrap().0.name, seen("#1001"));
    }
    let (entries, attempts) = store.story(&order).await.unwrap();
    assert_eq!((&entries[0].text, &entries[0].source), (&seen("text"), &seen("cellar")));
    assert_eq!(
        (&attempts[0].request_line, attempts[0].error.as_ref()),
        (&seen("POST /x"), Some(&seen("error")))
    );
    assert_eq!(attempts[0].request.as_ref(), Some(&nul("{}")), "a request is bytes");
    let deliveries = store.deliveries(&DeliveryQuery::default()).await.unwrap();
    assert_eq!(
        (&deliveries[2].webhook_id, deliveries[2].reason.as_ref()),
        (&seen("a"), Some(&seen("because")))
    );
    let exceptions =
        store.exceptions(ExceptionQuery { closed: true, ..ExceptionQuery::default() }).await.unwrap();
    let told: Vec<_> = exceptions.iter().map(|row| (row.message.clone(), row.vendor.clone())).collect();
    assert_eq!(told, vec![(seen("why"), Some(seen("vendor"))); 2]);
    assert!(store.assign(exceptions[0].id, Some(nul("Ada")), None).await.unwrap());
    store.keep("cellar", "token", nul("t"), second(0)).await.unwrap();
    assert_eq!(store.kept("cellar", "token").await.unwrap(), Some(seen("t")));
}

#[tokio::test]
async fn an_exception_has_its_owner_and_its_time_from_the_duties_and_keeps_what_it_was_given() {
    let (_folder, store, first) = leased().await;
    let duty = |owner: &str, within| Duty {
        owner: Some(owner.to_owned()),
        within: Some(Duration::from_secs(within)),
    };
    let duties = |usual| Duties {
        usual: duty(usual, 60),
        by_code: [(ReasonCode::ReturnNeeded, duty("returns", 5))].into(),
    };
    store.set_duties(&duties("operations")).await.unwrap();
    let at = |name: &str| ExceptionAt::Destination(name.to_owned());
    let open = |name: &str, code, message: &str| Changes {
        record: Some((1, record(document()))),
        open: vec![OpenException { at: at(name), reason: Reason::new(code, message, "mend") }],
        ..Changes::default()
    };
    commit(&store, &first, open("compliance", ReasonCode::NotCompliant, "a"), Gate::None).await;
    commit(&store, &first, open("warehouse", ReasonCode::ReturnNeeded, "b"), Gate::None).await;
    let list = |query: ExceptionQuery| {
        let store = &store;
        async move {
            let rows = store.exceptions(query).await.unwrap();
            let duty = |row: &ExceptionRow| (row.owner.clone().unwrap(), row.due_at);
            rows.iter().map(duty).collect::<Vec<_>>()
        }
    };
    let opened = store.exceptions(ExceptionQuery::default()).await.unwrap()[0].opened_at;
    let after = |secs| opened.checked_add(jiff::SignedDuration::from_secs(secs)).ok();
    let all = list(ExceptionQuery::default()).await;
    assert_eq!(all, [("returns".to_owned(), after(5)), ("operations".to_owned(), after(60))]);
    let overdue = ExceptionQuery { due_by: after(5), ..ExceptionQuery::default() };
    assert_eq!(list(overdue).await, all[..1]);
    let of = |owner: &str| ExceptionQuery { owner: Some(owner.to_owned()), ..ExceptionQuery::default() };
    assert_eq!(list(of("operations")).await, all[1..]);
    let backlog = store.backlog(after(5).unwrap()).await.unwrap();
    assert_eq!((backlog.exceptions, backlog.overdue), (2, 1));

    let id = store.exceptions(of("returns")).await.unwrap()[0].id;
    assert!(store.assign(id, Some("Ada".into()), None).await.unwrap());
    // The same cause in newer words stays hers, and other duties are for what opens from now on.
    store.set_duties(&duties("nights")).await.unwrap();
    commit(&store, &first, open("warehouse", ReasonCode::ReturnNeeded, "c"), Gate::None).await;
    assert_eq!(list(of("Ada")).await, [("Ada".to_owned(), None)]);
    commit(&store, &first, Changes { close: vec![at("warehouse")], ..Changes::default() }, Gate::None).await;
    assert!(!store.assign(id, Some("Ada".into()), None).await.unwrap(), "it is over");
    commit(&store, &first, open("compliance", ReasonCode::UnknownProduct, "d"), Gate::None).await;
    assert_eq!(list(of("nights")).await.len(), 1);
}

#[tokio::test]
async fn one_exception_stands_for_one_cause_until_it_is_over() {
    let (_folder, store, first) = leased().await;
    let at = ExceptionAt::Destination("compliance".into());
    let open = |code, message: &str| Changes {
        record: Some((1, record(document()))),
        open: vec![OpenException { at: at.clone(), reason: Reason::new(code, message, "mend") }],
        ..Changes::default()
    };
    commit(&store, &first, open(ReasonCode::NotCompliant, "a"), Gate::None).await;
    commit(&store, &first, open(ReasonCode::NotCompliant, "a"), Gate::None).await;
    commit(&store, &first, open(ReasonCode::NotCompliant, "b"), Gate::None).await;
    let all = |closed| store.exceptions(ExceptionQuery { closed, ..ExceptionQuery::default() });
    let now = all(true).await.unwrap();
    assert_eq!((now.len(), now[0].message.as_str(), now[0].order_name.as_deref()), (1, "b", Some("#1001")));
    commit(&store, &first, open(ReasonCode::UnknownProduct, "c"), Gate::None).await;
    assert_eq!((all(true).await.unwrap().len(), all(false).await.unwrap().len()), (2, 1));
    commit(&store, &first, Changes { close: vec![at], ..Changes::default() }, Gate::None).await;
    assert!(all(false).await.unwrap().is_empty());
    assert_eq!(store.counts().await.unwrap().exceptions, 0);
}

#[tokio::test]
async fn looking_again_marks_mirrors_and_fences_the_pass_at_work_but_not_by_the_clock() {
    let (_folder, store, first) = leased().await;
    let changes = Changes {
        record: Some((1, record(document()))),
        mirrors: vec![Mirror::new("compliance".into()), Mirror::new("warehouse".into())],
        ..Changes::default()
    };
    commit(&store, &first, changes, Gate::None).await;
    let unknown = OrderRef { connection: "cellar".into(), id: "404".into() };
    assert!(!store.look_again(unknown, None, true, second(2)).await.unwrap());
    // A call of that pass may be on its way.
    assert!(!store.look_if_idle(order_ref(), "compliance".into(), second(2)).await.unwrap());
    assert_eq!(commit(&store, &first, Changes::default(), Gate::None).await, Committed::Yes { again: false });
    assert!(store.look_again(order_ref(), Some("compliance".into()), true, second(2)).await.unwrap());
    assert_eq!(commit(&store, &first, released(Release::Finished), Gate::None).await, Committed::Fenced);
    let marks: Vec<_> =
        store.load(&order_ref()).await.unwrap().mirrors.iter().map(|m| (m.look, m.forced)).collect();
    assert_eq!(marks, [(true, true), (false, false)]);
    assert!(lease(&store, 3).await.is_some());
}

#[tokio::test]
async fn a_time_range_is_replayed_page_by_page_with_its_filter() {
    let (_folder, store) = store().await;
    for (at, topic) in ["orders/create", "orders/updated", "orders/updated"].iter().enumerate() {
        let at = i64::try_from(at).unwrap();
        let mut delivery = delivery(&format!("w{at}"), topic, &format!("{at}"));
        delivery.received_at = second(at * 10);
        store.accept(vec![delivery]).await.unwrap();
        let nothing = SortedInto::Nothing(DeliveryState::NoChange, String::new());
        store
            .sort(
                vec![Sorted {
                    id: nth(at + 1),
                    connection: "cellar".into(),
                    duplicate_of: None,
                    into: nothing,
                }],
                second(0),
            )
            .await
            .unwrap();
    }
    let matching = |query: ReplayQuery| {
        let store = store.clone();
        async move { store.replayable(&query, 0).await.unwrap().iter().map(|row| row.0).collect::<Vec<_>>() }
    };
    let range = |since: Option<Timestamp>, until: Option<Timestamp>, topic: Option<&str>| ReplayQuery {
        since,
        until,
        topic: topic.map(str::to_owned),
        ..ReplayQuery::default()
    };
    assert_eq!(matching(range(Some(second(10)), None, None)).await, [2, 3].map(nth));
    assert_eq!(matching(range(None, Some(second(20)), Some("orders/updated"))).await, [nth(2)]);
    assert_eq!(store.replay_deliveries(vec![nth(2), nth(3), nth(99)], second(30)).await.unwrap(), 2);
    assert_eq!(
        store.replay_deliveries(vec![nth(2)], second(30)).await.unwrap(),
        0,
        "it waits to be sorted already"
    );
    assert_eq!(store.unsorted(10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn concurrent_commits_join_and_a_failing_one_spoils_no_other() {
    let (_folder, store) = store().await;
    let many = (0..200).map(|at| {
        let store = store.clone();
        tokio::spawn(async move {
            let order = OrderRef { connection: "cellar".into(), id: RemoteId::from(at) };
            store.touch(order.clone(), second(0)).await.unwrap();
            // Not leased: refused, and nothing of it kept.
            let lease = Lease { order, token: "none".into(), touched: 1, oldest: None, until: second(60) };
            let changes = Changes { record: Some((1, record(document()))), ..Changes::default() };
            assert_eq!(commit(&store, &lease, changes, Gate::None).await, Committed::Fenced);
        })
    });
    for done in futures_util::future::join_all(many).await {
        done.unwrap();
    }
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.due, counts.orders), (200, 0));
}
