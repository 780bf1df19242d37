//! A dropped future leaves no transaction open and costs nobody a write.

#[path = "harness/database.rs"]
mod database;

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use callcore::call::{Call, StepKey};
use callcore::model::{Campaign, CampaignStatus, Kind};
use callcore::port::{
    Accounts as _, Ask, AuctionRecord, Auctions, Calls, Capacity as _, Credentials, Directory as _,
    Flows as _, Outbox, PassageFilter, Registry, Release, Save, SystemStore as _, Tried, User,
};
use callcore::schedule::CapWindow;
use callcore::vocabulary::PageRequest;
use callcore_store_pg::PgStore;
use callcore_testkit::fixtures::{
    api_key, api_key_id, assignment, auction, buyer, buyer_cap, buyer_id, call, call_id, campaign,
    campaign_id, campaign_on, claim, delivery, draft, flow, flow_id, flow_naming, in_flow, noon,
    number, number_id, over, owner, phone, requests, reservation, save, session, session_id,
    settlement, target, target_assignment, target_id, tenant, token, user_id,
};
use database::{Opened, execute};

/// How many acts are tried: every method, and the saves that end a call, have an auction or are in a
/// flow besides.
const METHODS: u32 = 58;
/// The first call that acts 46 and 47 save.
const FIRST_SENT: u32 = 1_000 + 46 * 100;
/// No act takes more polls than this; how many it takes is the network's and the scheduler's doing.
const MOST_POLLS: u32 = 60;

/// Drops a future after so many polls, each when it asks for it. `None` where it was not done.
async fn poll_and_drop<T>(polls: u32, future: impl Future<Output = T>) -> Option<T> {
    let (mut future, mut polled) = (pin!(future), 0);
    std::future::poll_fn(|context| {
        if polled == polls {
            return Poll::Ready(None);
        }
        polled += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            // Whoever has used up the polls goes away at once, in the middle of the wait.
            Poll::Pending if polled == polls => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// One call of every method of the ports that configure.
async fn configure(store: &PgStore, method: u32, n: u32) {
    let (tenant, now) = (tenant(1), noon());
    let (campaign_1, buyer_1) = (campaign_id(1), buyer_id(1));
    let (page, target) = (PageRequest::default(), target_assignment(n));
    match method {
        0 => drop(store.create(tenant, buyer_id(n).uuid(), buyer(n).into(), now).await),
        1 => drop(Registry::read(store, tenant, Kind::Buyer, buyer_1.uuid()).await),
        2 => drop(store.replace(tenant, buyer_1.uuid(), 1, buyer(n).into(), now).await),
        3 => drop(store.delete(tenant, Kind::Buyer, buyer_id(n - 1).uuid()).await),
        4 => drop(Registry::list(store, tenant, Kind::Buyer, page).await),
        5 => drop(store.assign(tenant, campaign_1, buyer_1, assignment(n), now).await),
        6 => drop(store.unassign(tenant, campaign_1, buyer_1).await),
        7 => drop(store.assignments(tenant, campaign_1).await),
        8 => drop(store.source(tenant, campaign_1, None).await),
        9 => drop(store.open_session(tenant, session(n, now), token(n)).await),
        10 => drop(store.sessions(tenant, user_id(1), now).await),
        11 => drop(store.close_session(tenant, user_id(1), session_id(n)).await),
        12 => drop(store.close_other_sessions(tenant, user_id(1), None).await),
        13 => drop(store.add_api_key(tenant, api_key(n, now), token(n)).await),
        14 => drop(store.api_keys(tenant).await),
        15 => drop(store.revoke_api_key(tenant, api_key_id(n)).await),
        16 => drop(store.preferences(tenant, user_id(1)).await),
        17 => drop(store.set_preferences(tenant, user_id(n), Default::default()).await),
        18 => drop(store.assign_target(tenant, campaign_1, target_id(1), target, now).await),
        19 => drop(store.unassign_target(tenant, campaign_1, target_id(1)).await),
        20 => drop(store.target_assignments(tenant, campaign_1).await),
        _ => serve(store, method, n).await,
    }
}

/// One call of every method of the other ports.
async fn serve(store: &PgStore, method: u32, n: u32) {
    let (tenant, now, step) = (tenant(1), noon(), StepKey::voice());
    let releases = [Release { attempt: 1, refund: true }];
    let claim = claim(1, [buyer_cap(1, CapWindow::Concurrent, 1_000)]);
    let (ask, filter, page) = (Ask::default(), Default::default(), PageRequest::default());
    let until = now + Duration::from_secs(1);
    match method {
        21 => drop(store.number(&phone(1)).await),
        22 => drop(store.call(call_id(1)).await),
        23 => drop(store.sweep(now + Duration::from_secs(61)).await),
        24 => drop(store.set_up(owner(tenant), now).await),
        25 => drop(store.add_tenant(second_owner(n), now).await),
        26 => drop(store.is_set_up().await),
        27 => drop(store.credentials("owner@example.com").await),
        28 => drop(store.session(&token(1), 60, now).await),
        29 => drop(store.api_key(&token(1), now).await),
        30 => drop(store.look(tenant, call_id(n), &ask, now).await),
        31 => drop(store.begin(tenant, call_id(n), &step, until, now).await),
        32 => drop(store.draw(tenant, call_id(n), "rotation", now).await),
        33 => drop(store.save(tenant, save(call(tenant, n), None, &step)).await),
        34 => drop(store.save(tenant, save(over(call(tenant, n), now), None, &step)).await),
        35 => drop(store.save(tenant, auctioned(n)).await),
        36 => drop(Calls::read(store, tenant, call_id(n)).await),
        37 => drop(Calls::list(store, tenant, &filter, page).await),
        38 => drop(store.requests(tenant, &Default::default(), page).await),
        39 => drop(Auctions::of_call(store, tenant, call_id(n)).await),
        40 => drop(store.reserve(tenant, reservation(call_id(n), 1, [claim]), now).await),
        41 => drop(store.release(tenant, call_id(n), &releases, now).await),
        42 => drop(store.held(tenant, now).await),
        _ => flow_and_send(store, method, n).await,
    }
}

/// One call of every method of the ports of flows.
async fn flow_and_send(store: &PgStore, method: u32, n: u32) {
    let (tenant, now) = (tenant(1), noon());
    let until = now + Duration::from_secs(1);
    match method {
        43 => drop(store.publish(tenant, flow_id(n), 1, now).await),
        44 => drop(store.versions(tenant, flow_id(1), None, 5).await),
        45 => drop(store.version(tenant, flow_id(1), 1).await),
        46 => drop(store.save(tenant, sent(n, None)).await),
        47 => drop(store.save(tenant, sent(n, auctioned(n).auction)).await),
        48 => drop(store.claim(&requests(1), until, now).await),
        49 => drop(store.settle(&[settlement(tenant, n - 300, 0, Tried::Delivered)], now).await),
        50 => drop(Outbox::of_call(store, tenant, call_id(n - 300)).await),
        51 => drop(store.newest(tenant, flow_id(1)).await),
        52 => drop(store.record(tenant, flow_id(1)).await),
        53 => drop(store.records(tenant, None, PageRequest::default()).await),
        54 => drop(store.archive(tenant, flow_id(n), now).await),
        55 => drop(store.restore(tenant, flow_id(n)).await),
        56 => drop(store.known(tenant, flow_naming(1, &[1], &[1]).references()).await),
        57 => {
            let filter = PassageFilter { flow: flow_id(1), from: None, to: None };
            drop(store.passages(tenant, &filter, PageRequest::default()).await);
        }
        _ => unreachable!("there are {METHODS} acts"),
    }
}

/// The first save of a call in a flow, with a delivery.
fn sent(n: u32, auction: Option<AuctionRecord>) -> Save {
    let (flow, outbox) = (Some(in_flow(1, 1)), vec![delivery(n)]);
    let call = Call { flow, ..call(tenant(1), n) };
    Save { auction, outbox, ..save(call, None, &StepKey::voice()) }
}

fn auctioned(n: u32) -> Save {
    let call = call(tenant(1), n);
    let auction = Some(auction(&call, n, noon()));
    Save { auction, ..save(call, None, &StepKey::voice()) }
}

fn second_owner(n: u32) -> Credentials {
    let of_n = owner(tenant(n));
    Credentials { user: User { username: format!("owner {n}"), ..of_n.user }, ..of_n }
}

/// A store in which each kind of work has one connection, so that the next act gets the one that the
/// dropped future had.
async fn open() -> Opened {
    let opened = Opened::new().await;
    let options = opened.database.options();
    let options = options.call_connections(1).api_connections(1).background_connections(1);
    let store = PgStore::open(&options).await.expect("a migrated database opens");
    opened.store.close().await;
    let set_up = async {
        store.set_up(owner(tenant(1)), noon()).await?;
        let active = campaign_on(number_id(1), 1, CampaignStatus::Active);
        let active = Campaign { flow_id: Some(flow_id(1)), ..active };
        for (id, object) in [
            (number_id(1).uuid(), number(1).into()),
            (flow_id(1).uuid(), draft(flow_naming(1, &[1], &[1]))),
            (campaign_id(1).uuid(), active.into()),
            (buyer_id(1).uuid(), buyer(1).into()),
            (target_id(1).uuid(), target(1).into()),
        ] {
            store.create(tenant(1), id, object, noon()).await?;
        }
        store.publish(tenant(1), flow_id(1), 1, noon()).await?;
        for n in 0..MOST_POLLS {
            let id = flow_id(1_000 + 43 * 100 + n).uuid();
            store.create(tenant(1), id, draft(flow(n)), noon()).await?;
        }
        Ok::<_, Box<dyn std::error::Error>>(())
    };
    set_up.await.expect("the store takes it");
    Opened { store: store.into(), database: opened.database }
}

/// Waits until nobody is inside a transaction.
async fn no_transaction_is_open(opened: &Opened) {
    let mut db = opened.database.superuser().await;
    let quiet = async {
        loop {
            let open: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                 AND pid <> pg_backend_pid() AND xact_start IS NOT NULL",
            )
            .fetch_one(&mut db)
            .await
            .expect("Postgres tells who is connected");
            if open == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    // Less than the time after which Postgres itself ends a transaction that stands still.
    let waited = tokio::time::timeout(Duration::from_millis(4_500), quiet).await;
    waited.expect("every transaction ends by itself");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_act_leaves_nothing_open_and_loses_nobodys_write() {
    let opened = open().await;
    let store = &opened.store;
    let (mut acknowledged, mut drops) = (100_000, 0);
    for method in 0..METHODS {
        let mut polls = 0;
        loop {
            let n = 1_000 + method * 100 + polls;
            let done = poll_and_drop(polls, configure(store, method, n)).await.is_some();
            acknowledged += 1;
            let step = StepKey::voice();
            store.save(tenant(1), save(call(tenant(1), acknowledged), None, &step)).await.unwrap();
            let id = buyer_id(acknowledged).uuid();
            store.create(tenant(1), id, buyer(acknowledged).into(), noon()).await.unwrap();
            store.is_set_up().await.unwrap();
            if done {
                break;
            }
            drops += 1;
            polls += 1;
            assert!(polls < MOST_POLLS, "act {method} does not come to an end");
        }
        no_transaction_is_open(&opened).await;
    }
    assert!(drops > 2 * METHODS, "{drops} drops");
    opened.store.close().await;
    let mut db = opened.database.superuser().await;
    let kept: (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM calls WHERE id = ANY ($1)), \
         (SELECT count(*) FROM buyers WHERE id = ANY ($2))",
    )
    .bind((100_001..=acknowledged).map(|n| call_id(n).uuid()).collect::<Vec<_>>())
    .bind((100_001..=acknowledged).map(|n| buyer_id(n).uuid()).collect::<Vec<_>>())
    .fetch_one(&mut db)
    .await
    .unwrap();
    let all = i64::from(acknowledged - 100_000);
    assert_eq!(kept, (all, all));
    let (sent, halves): (i64, i64) = sqlx::query_as(
        "SELECT count(*), count(*) FILTER (WHERE c.flow_id IS NULL OR o.id IS NULL) FROM calls AS c \
         LEFT JOIN outbox AS o ON (o.tenant_id, o.call_id) = (c.tenant_id, c.id) \
         WHERE c.id = ANY ($1)",
    )
    .bind((FIRST_SENT..FIRST_SENT + 200).map(|n| call_id(n).uuid()).collect::<Vec<_>>())
    .fetch_one(&mut db)
    .await
    .unwrap();
    assert!(sent >= 2 && halves == 0, "{sent} calls sent something, {halves} did half of it");
    println!("{drops} futures dropped");
}

/// A change whose caller went away is known to the next reader of plans all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_change_still_raises_the_revision_in_memory() {
    let opened = open().await;
    for n in 10..30 {
        let create =
            opened.store.create(tenant(1), campaign_id(n).uuid(), campaign(n).into(), noon());
        let _ = poll_and_drop(n % 3, create).await;
    }
    opened.store.create(tenant(1), buyer_id(9).uuid(), buyer(9).into(), noon()).await.unwrap();
    no_transaction_is_open(&opened).await;
    let mut db = opened.database.superuser().await;
    let (tenants, numbers): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT revision FROM configuration_revisions), \
         (SELECT revision FROM numbers_revision)",
    )
    .fetch_one(&mut db)
    .await
    .unwrap();
    assert!(tenants > 10 && numbers > 10);
    assert_eq!(opened.store.revision(tenant(1)), u64::try_from(tenants).unwrap());
    assert_eq!(opened.store.numbers_revision(), u64::try_from(numbers).unwrap());
}

/// The second line of defence: a transaction that is cut in half, as the end of its runtime does,
/// goes with its connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runtime_that_ends_midway_leaves_no_transaction() {
    let opened = Opened::new().await;
    let mut lock = opened.database.superuser().await;
    execute(&mut lock, "BEGIN; LOCK TABLE buyers IN SHARE MODE").await;
    let options = opened.database.options();
    let cut = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async move {
            let store = PgStore::open(&options).await.unwrap();
            let create = store.create(tenant(1), buyer_id(1).uuid(), buyer(1).into(), noon());
            let waited = tokio::time::timeout(Duration::from_millis(500), create).await;
            assert!(waited.is_err(), "the table is locked");
        });
        runtime.shutdown_background();
    });
    tokio::task::spawn_blocking(|| cut.join()).await.unwrap().unwrap();
    execute(&mut lock, "COMMIT").await;
    no_transaction_is_open(&opened).await;
    let kept = Registry::read(&*opened.store, tenant(1), Kind::Buyer, buyer_id(1).uuid()).await;
    assert!(kept.unwrap().is_none());
}
