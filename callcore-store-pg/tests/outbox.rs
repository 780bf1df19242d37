//! Several servers on one database share one outbox.

#[path = "harness/database.rs"]
mod database;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use callcore::call::{Delivery, StepKey};
use callcore::model::FlowDefinition;
use callcore::port::{
    Calls, DeliveryStatus, Due, Flows as _, Lane, Outbox as _, Registry as _, Save, Settlement,
    Tried, Wanted,
};
use callcore::vocabulary::TenantId;
use callcore_store_pg::{PgStore, StoreClock};
use callcore_testkit::fixtures::{
    call, call_id, delivery, delivery_id, draft, flow, flow_id, invitation, noon, requests, save,
    settlement, tenant,
};
use chrono::{DateTime, TimeDelta, Utc};
use database::{Opened, execute};
use tokio::sync::Barrier;

const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// The first save of the call `n`, with deliveries.
fn sending(tenant: TenantId, n: u32, deliveries: impl IntoIterator<Item = u32>) -> Save {
    let outbox = deliveries.into_iter().map(delivery).collect();
    Save { outbox, ..save(call(tenant, n), None, &StepKey::voice()) }
}

async fn claim(store: &PgStore, limit: usize, now: DateTime<Utc>) -> Vec<Due> {
    store.claim(&requests(limit), now + MINUTE, now).await.expect("the store answers")
}

/// Two servers with many workers each take everything, and nothing twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_delivery_goes_to_one_of_many_workers_on_two_servers() {
    let opened = Opened::new().await;
    let other = Arc::new(PgStore::open(&opened.database.options()).await.unwrap());
    let (calls, each) = (40, 5);
    for n in 0..calls {
        let deliveries = n * each..(n + 1) * each;
        opened
            .store
            .save(tenant(1 + n % 3), sending(tenant(1 + n % 3), n, deliveries))
            .await
            .unwrap();
    }
    let workers = 16;
    let barrier = Arc::new(Barrier::new(workers));
    let work = |worker: usize| {
        let store = [&opened.store, &other][worker % 2].clone();
        let barrier = barrier.clone();
        tokio::spawn(async move {
            barrier.wait().await;
            let mut taken = Vec::new();
            loop {
                let claimed = claim(&store, 3, noon()).await;
                if claimed.is_empty() {
                    return taken;
                }
                assert!(claimed.len() <= 3);
                let settled = |due: &Due| Settlement { due: due.clone(), tried: Tried::Delivered };
                let settled: Vec<_> = claimed.iter().map(settled).collect();
                store.settle(&settled, noon()).await.expect("the store answers");
                taken.extend(claimed);
            }
        })
    };
    let working: Vec<_> = (0..workers).map(work).collect();
    let (mut taken, mut lazy) = (Vec::new(), 0);
    for worker in working {
        let its_own = worker.await.unwrap();
        lazy += usize::from(its_own.is_empty());
        taken.extend(its_own);
    }
    assert!(lazy < workers - 2, "{lazy} of {workers} workers got nothing");
    let ids: BTreeSet<_> = taken.iter().map(|due| due.delivery.id).collect();
    let all: BTreeSet<_> = (0..calls * each).map(delivery_id).collect();
    assert_eq!(taken.len(), all.len(), "every delivery is claimed once");
    assert_eq!(ids, all);
    for due in taken {
        let n = (0..calls).find(|n| call_id(*n) == due.call).unwrap();
        assert_eq!((due.tenant, due.attempt), (tenant(1 + n % 3), 1));
    }
}

/// Who claims waits for nobody who is claiming or settling at the same moment.
#[tokio::test]
async fn a_claim_passes_over_what_somebody_else_holds() {
    let opened = Opened::new().await;
    opened.store.save(tenant(1), sending(tenant(1), 1, 1..=3)).await.unwrap();
    let mut holder = opened.database.superuser().await;
    let held = delivery_id(1);
    execute(&mut holder, &format!("BEGIN; SELECT FROM outbox WHERE id = '{held}' FOR UPDATE"))
        .await;
    let claiming = claim(&opened.store, 2, noon());
    let claimed = tokio::time::timeout(Duration::from_secs(5), claiming).await;
    let ids: Vec<_> =
        claimed.expect("it does not wait").iter().map(|due| due.delivery.id).collect();
    assert_eq!(ids, [delivery_id(2), delivery_id(3)]);
    execute(&mut holder, "ROLLBACK").await;
    assert_eq!(claim(&opened.store, 2, noon()).await[0].delivery, delivery(1));
}

/// What a newer server wrote is left to it, and everything else is sent.
#[tokio::test]
async fn a_delivery_that_cannot_be_read_holds_up_no_other() {
    let opened = Opened::new().await;
    opened.store.save(tenant(1), sending(tenant(1), 1, 1..=3)).await.unwrap();
    let mut db = opened.database.superuser().await;
    let strange = delivery_id(2);
    execute(&mut db, &format!("UPDATE outbox SET document = '{{}}' WHERE id = '{strange}'")).await;
    let claimed = claim(&opened.store, 10, noon()).await;
    let ids: Vec<_> = claimed.iter().map(|due| due.delivery.id).collect();
    assert_eq!(ids, [delivery_id(1), delivery_id(3)]);
    let (status, attempts): (String, i64) =
        sqlx::query_as("SELECT status, attempts FROM outbox WHERE id = $1")
            .bind(strange)
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert_eq!((status.as_str(), attempts), ("waiting", 1), "it is due again");
    let records = opened.store.of_call(tenant(1), call_id(1)).await.unwrap();
    assert_eq!(records.len(), 2);
}

/// What no version reads is not claimed for ever.
#[tokio::test]
async fn a_delivery_that_nobody_reads_is_given_up() {
    let opened = Opened::new().await;
    opened.store.save(tenant(1), sending(tenant(1), 1, 1..=2)).await.unwrap();
    let mut db = opened.database.superuser().await;
    let strange = delivery_id(1);
    execute(&mut db, &format!("UPDATE outbox SET document = '{{}}' WHERE id = '{strange}'")).await;
    for attempt in 1..=12 {
        let claimed = claim(&opened.store, 10, noon() + MINUTE * attempt).await;
        let ids: Vec<_> = claimed.iter().map(|due| due.delivery.id).collect();
        assert_eq!(ids, [delivery_id(2)]);
    }
    let (status, attempts, reason): (String, i64, String) =
        sqlx::query_as("SELECT status, attempts, reason FROM outbox WHERE id = $1")
            .bind(strange)
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert_eq!((status.as_str(), attempts, &*reason), ("given_up", 10, "it cannot be read"));
}

/// Servers of the release before write and settle deliveries, and newer ones send them in their lanes.
#[tokio::test]
async fn what_servers_of_the_release_before_write_is_sent_in_its_lane() {
    let opened = Opened::new().await;
    let mut old = opened.database.superuser().await;
    opened.store.save(tenant(1), sending(tenant(1), 1, [])).await.unwrap();
    execute(&mut old, "SET ROLE callcore_app").await;
    let (request, act) = (delivery(1), invitation(2));
    sqlx::query("SELECT callcore_post($1, $2, NULL, $3, $4, $5)")
        .bind(tenant(1).uuid())
        .bind(call_id(1).uuid())
        .bind(vec![request.id, act.id])
        .bind([&request, &act].map(|one| serde_json::to_string(one).unwrap()).to_vec())
        .bind(noon())
        .execute(&mut old)
        .await
        .unwrap();
    let acts = Wanted { lane: Lane::Carrier, ..requests(9) };
    let claimed = opened.store.claim(&acts, noon() + MINUTE, noon()).await.unwrap();
    assert_eq!(claimed.iter().map(|due| &due.delivery).collect::<Vec<_>>(), [&act]);
    assert_eq!(claim(&opened.store, 9, noon()).await[0].delivery, request);
    let settle = format!(
        "SELECT callcore_settle('{}', '{}', 'delivered', NULL, now(), NULL)",
        tenant(1).uuid(),
        act.id
    );
    execute(&mut old, &settle).await;
    let records = opened.store.of_call(tenant(1), call_id(1)).await.unwrap();
    assert_eq!(records[1].status, DeliveryStatus::Delivered);
}

/// Servers whose clocks are years apart hand out the same deliveries at the same time.
#[tokio::test]
async fn the_databases_clock_counts() {
    let opened = Opened::new().await;
    let options = opened.database.options().clock(StoreClock::Database);
    let store = PgStore::open(&options).await.unwrap();
    let (early, late) = (noon() - TimeDelta::days(3_650), noon() + TimeDelta::days(3_650));
    let mut saved = sending(tenant(1), 1, [1]);
    saved.fact.at = late;
    store.save(tenant(1), saved).await.unwrap();
    assert_eq!(claim(&store, 1, early).await.len(), 1);
    assert_eq!(claim(&store, 1, late).await.len(), 0, "it is somebody's for a minute");
    let settle = async |after: TimeDelta| {
        let again = Tried::Again { at: early + after, reason: "busy \u{0}".into() };
        store.settle(&[settlement(tenant(1), 1, 1, again)], early).await.unwrap();
    };
    settle(MINUTE).await;
    assert_eq!(claim(&store, 1, late).await.len(), 0, "it waits for a minute");
    settle(TimeDelta::zero()).await;
    assert_eq!(claim(&store, 1, early).await[0].attempt, 2);
    let records = store.of_call(tenant(1), call_id(1)).await.unwrap();
    assert_eq!(records[0].reason.as_deref(), Some("busy \u{fffd}"));
    assert_eq!(records[0].status, DeliveryStatus::Waiting);
    assert!(records[0].created_at > early && records[0].updated_at < late);
    assert!(records[0].created_at < records[0].updated_at);
}

/// Nothing comes later than Postgres can tell.
#[tokio::test]
async fn a_claim_or_a_try_may_last_for_ever() {
    let opened = Opened::new().await;
    let (store, for_ever) = (&opened.store, DateTime::<Utc>::MAX_UTC);
    store.save(tenant(1), sending(tenant(1), 1, [1])).await.unwrap();
    assert_eq!(store.claim(&requests(1), for_ever, noon()).await.unwrap().len(), 1);
    assert_eq!(claim(store, 1, noon() + TimeDelta::days(3_650)).await.len(), 0);
    for (at, due) in [(for_ever, 0), (DateTime::<Utc>::MIN_UTC, 1)] {
        let again = Tried::Again { at, reason: String::new() };
        store.settle(&[settlement(tenant(1), 1, 1, again)], noon()).await.unwrap();
        assert_eq!(claim(store, 1, noon()).await.len(), due, "{at}");
    }
}

/// A save that comes too late sends nothing, and one that is not committed is claimed by nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_saves_at_once_one_sends() {
    let opened = Opened::new().await;
    let other = PgStore::open(&opened.database.options()).await.unwrap();
    for n in 1..=20 {
        let step = StepKey::voice();
        let of = |which: u32| {
            let outbox = vec![delivery(n * 2 + which)];
            Save { outbox, ..save(call(tenant(1), n), None, &step) }
        };
        let (one, two) =
            tokio::join!(opened.store.save(tenant(1), of(0)), other.save(tenant(1), of(1)));
        assert!(one.is_ok() != two.is_ok(), "one of two saves wins");
        let claimed = claim(&opened.store, 10, noon()).await;
        let ids: Vec<_> = claimed.iter().map(|due| due.delivery.id).collect();
        assert_eq!(ids, [delivery_id(n * 2 + u32::from(two.is_ok()))]);
    }
}

/// Callers can say the character 0, which no text of Postgres takes, and flows may hold it too.
#[tokio::test]
async fn the_character_0_is_kept() {
    let opened = Opened::new().await;
    let store = &opened.store;
    let named = FlowDefinition { name: "a \u{0}".into(), ..flow(1) };
    store.create(tenant(1), flow_id(1).uuid(), draft(named.clone()), noon()).await.unwrap();
    let version = store.publish(tenant(1), flow_id(1), 1, noon()).await.unwrap();
    assert_eq!(version.definition, named);
    assert_eq!(store.publish(tenant(1), flow_id(1), 1, noon()).await.unwrap(), version);
    let strange = Delivery { name: "b \u{0}".into(), ..delivery(1) };
    let saved = Save { outbox: vec![strange.clone()], ..sending(tenant(1), 1, []) };
    Calls::save(&**store, tenant(1), saved).await.unwrap();
    assert_eq!(claim(store, 1, noon()).await[0].delivery, strange);
}
