//! A dropped future leaves no transaction open and costs nobody a write.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use callcore::call::StepKey;
use callcore::port::{
    Accounts as _, Calls as _, Capacity as _, Directory as _, Flows as _, Outbox as _,
    Registry as _, Release, Save, StoreError, SystemStore as _, Tried,
};
use callcore_testkit::fixtures::{
    self, api_key, assignment, auction, buyer, buyer_id, call, call_id, campaign, campaign_id,
    delivery, draft, flow_id, noon, owner, requests, save, session, settlement, target_assignment,
    target_id, tenant, token, user_id,
};

use super::{Opened, all_tasks_done, reserve, save_ended, save_new};
use crate::SqliteStore;
use crate::transaction::{Act, transact};

/// Polls a future so many times, a little apart, and drops it.
async fn poll_and_drop<T>(polls: u32, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    for _ in 0..polls {
        let polled = std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context)));
        if let Poll::Ready(output) = polled.await {
            return Some(output);
        }
        tokio::time::sleep(Duration::from_micros(u64::from(polls) * 40)).await;
    }
    None
}

/// One call of every method that writes, the `n`-th of its kind.
async fn write(store: &SqliteStore, method: u32, n: u32) {
    let (tenant, now) = (tenant(1), noon());
    let releases = [Release { attempt: 1, refund: true }];
    let (target, own) = (target_assignment(n), call(tenant, n));
    let auction = Some(auction(&own, n, now));
    let auctioned = Save { auction, ..save(own, None, &StepKey::voice()) };
    // The settlements are of what the saves before sent.
    let outbox = vec![delivery(n), delivery(n + 200)];
    let sending = Save { outbox, ..save(call(tenant, n), None, &StepKey::voice()) };
    match method {
        0 => drop(store.create(tenant, buyer_id(n).uuid(), buyer(n).into(), now).await),
        1 => drop(store.replace(tenant, buyer_id(1).uuid(), 1, buyer(n).into(), now).await),
        2 => drop(store.delete(tenant, callcore::model::Kind::Buyer, buyer_id(n).uuid()).await),
        3 => drop(store.assign(tenant, campaign_id(1), buyer_id(1), assignment(n), now).await),
        4 => drop(store.unassign(tenant, campaign_id(1), buyer_id(1)).await),
        5 => drop(save_new(store, n).await),
        6 => drop(store.draw(tenant, call_id(n), "r", now).await),
        7 => drop(reserve(store, n, 1_000).await),
        8 => drop(store.release(tenant, call_id(n), &releases, now).await),
        9 => drop(save_ended(store, n).await),
        10 => drop(store.sweep(now + Duration::from_secs(61)).await),
        11 => drop(store.set_up(owner(tenant), now).await),
        12 => drop(store.open_session(tenant, session(n, now), token(n)).await),
        13 => drop(store.session(&token(1), 60, now).await),
        14 => drop(store.close_session(tenant, user_id(1), fixtures::session_id(n)).await),
        15 => drop(store.close_other_sessions(tenant, user_id(1), None).await),
        16 => drop(store.add_api_key(tenant, api_key(n, now), token(n)).await),
        17 => drop(store.api_key(&token(1), now).await),
        18 => drop(store.revoke_api_key(tenant, fixtures::api_key_id(n)).await),
        19 => drop(store.set_preferences(tenant, user_id(n), Default::default()).await),
        20 => drop(store.assign_target(tenant, campaign_id(1), target_id(1), target, now).await),
        21 => drop(store.unassign_target(tenant, campaign_id(1), target_id(1)).await),
        22 => drop(store.begin(tenant, call_id(n), &StepKey::voice(), now, now).await),
        23 => drop(store.save(tenant, auctioned).await),
        24 => drop(store.publish(tenant, flow_id(n), 1, now).await),
        25 => drop(store.save(tenant, sending).await),
        26 => drop(store.claim(&requests(1), now, now).await),
        27 => drop(store.settle(&[settlement(tenant, n, 0, Tried::Delivered)], now).await),
        _ => unreachable!("there are 28 acts that write"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_write_leaves_nothing_open_and_loses_nobody_s_write() {
    let opened = Opened::new().await;
    let store = &opened.store;
    store.create(tenant(1), campaign_id(1).uuid(), campaign(1).into(), noon()).await.unwrap();
    store.create(tenant(1), target_id(1).uuid(), fixtures::target(1).into(), noon()).await.unwrap();
    let mut acknowledged = 10_000;
    for n in 2_400..2_412 {
        let document = draft(fixtures::flow(n));
        store.create(tenant(1), flow_id(n).uuid(), document, noon()).await.unwrap();
    }
    for method in 0..28 {
        for polls in 0..12 {
            let n = method * 100 + polls;
            let _ = poll_and_drop(polls, write(store, method, n)).await;
            acknowledged += 1;
            save_new(store, acknowledged).await.unwrap();
            opened.assert_writable().await;
        }
    }
    for n in 10_001..=acknowledged {
        assert_eq!(store.call(call_id(n)).await.unwrap(), Some(tenant(1)), "call {n}");
    }
    opened.assert_sound().await;
}

/// A change whose caller went away is known to the next reader of plans all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_change_still_raises_the_revision_in_memory() {
    let opened = Opened::new().await;
    for n in 0..20 {
        let create = opened.store.create(tenant(1), buyer_id(n).uuid(), buyer(n).into(), noon());
        let _ = poll_and_drop(n % 4, create).await;
    }
    all_tasks_done().await;
    let mut db = opened.stranger().await;
    let stored: i64 = sqlx::query_scalar("SELECT revision FROM configuration_revisions")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert!(stored > 0);
    assert_eq!(opened.store.revision(tenant(1)), u64::try_from(stored).unwrap());
    assert_eq!(opened.store.numbers_revision(), 0);
}

/// The second line of defence: even a transaction that is cut in half, as a panic does, ends before
/// the next one begins.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_cut_in_half_is_rolled_back() {
    fn save(db: &mut sqlx::SqliteConnection) -> Act<'_, (), StoreError> {
        Box::pin(async move {
            for n in 0..50 {
                sqlx::query("INSERT INTO rotations VALUES (x'00', ?1, 0)")
                    .bind(n.to_string())
                    .execute(&mut *db)
                    .await
                    .map_err(crate::error::failed)?;
            }
            Err(StoreError::unavailable("not to be kept"))
        })
    }
    let opened = Opened::new().await;
    for polls in 0..60 {
        let cut = transact(&opened.store.writer, "BEGIN IMMEDIATE", save);
        let _ = poll_and_drop(polls, cut).await;
        save_new(&opened.store, polls).await.unwrap();
        opened.assert_writable().await;
        assert_eq!(opened.store.call(call_id(polls)).await.unwrap(), Some(tenant(1)));
    }
    let mut db = opened.stranger().await;
    let kept: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM rotations").fetch_one(&mut db).await.unwrap();
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn a_panic_reaches_the_caller_and_nobody_else() {
    fn panics(_: &mut sqlx::SqliteConnection) -> Act<'_, (), StoreError> {
        Box::pin(async { panic!("on purpose") })
    }
    let opened = Opened::new().await;
    let store = opened.store.clone();
    let outcome = tokio::spawn(async move { store.transaction(panics).await }).await;
    assert!(outcome.unwrap_err().is_panic());
    let saved = fixtures::save(call(tenant(1), 1), None, &StepKey::voice());
    opened.store.save(tenant(1), saved).await.unwrap();
    opened.assert_writable().await;
}
