//! `copy`: what a file held is afterwards in Postgres, all of it or nothing.

#![expect(clippy::unwrap_used, reason = "a panic is how these tests fail")]
// Shared with the tests of several servers, which need more of it.
#![allow(dead_code)]

#[path = "../servers/database.rs"]
mod database;

use std::path::Path;

use callcore::auction::{Purpose, Verdict};
use callcore::call::StepKey;
use callcore::model::{Campaign, CampaignStatus, Kind};
use callcore::port::{
    Accounts, Ask, AuctionRecord, Auctions, CallFilter, Calls, Capacity, Directory, EarlierBids,
    FlowFilter, Flows, Outbox, Registry, Reserved, Save, SystemStore, Tried,
};
use callcore::schedule::CapWindow;
use callcore::vocabulary::PageRequest;
use callcore_server::database::Database as Which;
use callcore_server::operate::copy;
use callcore_store_pg::{PgOptions, PgStore};
use callcore_store_sqlite::SqliteStore;
use callcore_testkit::fixtures::{
    self, api_key, assignment, attempt, buyer, buyer_cap, buyer_id, call, call_id, campaign_id,
    campaign_on, claim, contact, decision, delivery, flow_id, number, number_id, over, owner,
    phone, reservation, router_id, session, settlement, tally, target_id, tenant, token, user_id,
};
use chrono::{DateTime, TimeDelta, Utc};
use database::Database;

/// Everything that a store can hold, for two tenants.
async fn fill(store: &SqliteStore, now: DateTime<Utc>) {
    for n in [1, 2] {
        let tenant = tenant(n);
        let mut owner = owner(tenant);
        owner.user.id = user_id(n);
        owner.user.username = format!("Owner {n}");
        match n {
            1 => store.set_up(owner, now).await.unwrap(),
            _ => store.add_tenant(owner, now).await.unwrap(),
        }
        let mut signed_in = session(n, now);
        signed_in.user = user_id(n);
        store.open_session(tenant, signed_in, token(n)).await.unwrap();
        let mut key = api_key(n, now);
        key.user = user_id(n);
        store.add_api_key(tenant, key, token(10 + n)).await.unwrap();
        let mut preferences = callcore::port::Preferences::default();
        preferences.0.insert("theme".into(), "dark “<&>” \u{1F4DE}".into());
        store.set_preferences(tenant, user_id(n), preferences).await.unwrap();
        let document = fixtures::flow_naming(n, &[10 + n], &[n]);
        let (flow, template) = (fixtures::draft(document.clone()), fixtures::template(document));
        store.create(tenant, flow_id(n).uuid(), flow, now).await.unwrap();
        store.create(tenant, flow_id(10 + n).uuid(), template, now).await.unwrap();
        store.publish(tenant, flow_id(n), 1, now).await.unwrap();
        let campaign = Campaign {
            flow_id: Some(flow_id(n)),
            ..campaign_on(number_id(n), n, CampaignStatus::Active)
        };
        store.create(tenant, number_id(n).uuid(), number(n).into(), now).await.unwrap();
        store.create(tenant, campaign_id(n).uuid(), campaign.into(), now).await.unwrap();
        for other in [10 + n, 20 + n] {
            let id = buyer_id(other);
            store.create(tenant, id.uuid(), buyer(other).into(), now).await.unwrap();
            store.assign(tenant, campaign_id(n), id, assignment(other), now).await.unwrap();
        }
        let target = target_id(30 + n);
        store.create(tenant, target.uuid(), fixtures::target(30 + n).into(), now).await.unwrap();
        let router = fixtures::router(n, [30 + n]);
        store.create(tenant, router_id(n).uuid(), router.into(), now).await.unwrap();
        let bidding = fixtures::target_assignment(n);
        store.assign_target(tenant, campaign_id(n), target, bidding, now).await.unwrap();
        for one in [100 + n, 200 + n, 300 + n] {
            calls(store, n, one, now).await;
        }
    }
}

/// A call that dialled: the first of a tenant goes on, the others are over.
async fn calls(store: &SqliteStore, n: u32, one: u32, now: DateTime<Utc>) {
    let tenant = tenant(n);
    let caps = [CapWindow::Concurrent, CapWindow::Daily, CapWindow::Total];
    let caps = caps.map(|window| buyer_cap(10 + n, window, 50));
    let wanted = reservation(call_id(one), 1, [claim(10 + n, caps)]);
    let Reserved::Held(held) = store.reserve(tenant, wanted, now).await.unwrap() else {
        panic!("there is room");
    };
    store.draw(tenant, call_id(one), "rotation", now).await.unwrap();
    let mut dialled = call(tenant, one);
    dialled.attempts.push(attempt(1, &held));
    dialled.tags.set("source", "newsletter").unwrap();
    let offer = fixtures::bid(5, Some(now + TimeDelta::hours(1)));
    let auction = fixtures::auction(&dialled, one, now);
    let auction = fixtures::considered(auction, &dialled, 30 + n, Verdict::Won, Some(offer));
    dialled.flow = Some(fixtures::in_flow(n, 1));
    let said = [(Purpose::Bid, Some("{}")), (Purpose::Confirm, None)];
    let said = said.map(|(purpose, answer)| fixtures::exchange(30 + n, purpose, answer));
    let auction = AuctionRecord { exchanges: said.to_vec(), ..auction };
    let mut save = Save {
        outbox: vec![delivery(2 * one), delivery(2 * one + 1)],
        decision: Some(decision(&dialled)),
        auction: Some(auction),
        ..fixtures::save(dialled.clone(), None, &StepKey::voice())
    };
    save.fact.at = now;
    save.growth.tallies = vec![tally(campaign_id(n), buyer_id(10 + n))];
    save.growth.caller = Some(phone(one));
    save.growth.contacts = vec![contact(campaign_id(n), buyer_id(10 + n), now)];
    store.save(tenant, save).await.unwrap();
    let busy = Tried::Again { at: now + TimeDelta::hours(1), reason: "“busy”".into() };
    store.settle(&[settlement(tenant, 2 * one, 0, busy)], now).await.unwrap();
    if one >= 200 {
        let ended = fixtures::save(over(dialled, now), Some(1), &StepKey::dial_result(1));
        store.save(tenant, ended).await.unwrap();
    }
}

/// Everything that the ports tell of a store, as text.
async fn told<S>(store: &S, now: DateTime<Utc>) -> Vec<String>
where
    S: Accounts + Auctions + Calls + Capacity + Directory + Flows,
    S: Outbox + Registry + SystemStore,
{
    let mut told = Vec::new();
    for n in [1, 2] {
        let tenant = tenant(n);
        let user = store.credentials(&format!("owner {n}")).await.unwrap().unwrap();
        told.push(format!("{user:?} {}", user.password_hash));
        told.push(format!("{:?}", store.sessions(tenant, user_id(n), now).await.unwrap()));
        told.push(format!("{:?}", store.api_keys(tenant).await.unwrap()));
        told.push(format!("{:?}", store.preferences(tenant, user_id(n)).await.unwrap()));
        for kind in Kind::ALL {
            let page = Registry::list(store, tenant, kind, PageRequest::default()).await.unwrap();
            told.push(format!("{:?}", page.items));
        }
        told.push(format!("{:?}", store.source(tenant, campaign_id(n), None).await.unwrap()));
        let bidding = store.target_assignments(tenant, campaign_id(n)).await.unwrap();
        told.push(format!("{bidding:?}"));
        told.push(format!("{}", store.revision(tenant)));
        let newest = store.newest(tenant, flow_id(n)).await.unwrap();
        assert!(newest.is_some(), "each flow was published");
        let record = store.record(tenant, flow_id(n)).await.unwrap();
        told.push(format!("{newest:?} {record:?}"));
        let filter = CallFilter::default();
        let page = Calls::list(store, tenant, &filter, PageRequest::default()).await.unwrap();
        told.push(format!("{:?}", page.items));
        let in_flow = FlowFilter::Flow(flow_id(n));
        let filter = CallFilter { flow: Some(in_flow), ..CallFilter::default() };
        let ran = Calls::list(store, tenant, &filter, PageRequest::default()).await.unwrap();
        assert_eq!(ran.items, page.items, "each call ran the flow");
        for one in [100 + n, 200 + n, 300 + n] {
            told.push(format!("{:?}", Calls::read(store, tenant, call_id(one)).await.unwrap()));
            let deliveries = Outbox::of_call(store, tenant, call_id(one)).await.unwrap();
            assert_eq!(deliveries.len(), 2, "each call has two");
            told.push(format!("{deliveries:?}"));
            let auctions = Auctions::of_call(store, tenant, call_id(one)).await.unwrap();
            assert_eq!(auctions.len(), 1, "each call was sold");
            told.push(format!("{auctions:?}"));
            let ask = Ask {
                step: Some(StepKey::voice()),
                caps: [CapWindow::Concurrent, CapWindow::Daily, CapWindow::Total]
                    .map(|window| buyer_cap(10 + n, window, 50))
                    .into(),
                caller: Some(phone(one)),
                activity: Some((campaign_id(n), vec![buyer_id(10 + n).into()])),
                bids: Some(EarlierBids {
                    campaign: call(tenant, one).campaign,
                    caller: phone(one),
                    targets: vec![target_id(30 + n)],
                }),
            };
            let look = store.look(tenant, call_id(9), &ask, now).await.unwrap();
            told.push(format!("{look:?}"));
            told.push(format!("{:?}", store.draw(tenant, call_id(one), "rotation", now).await));
            told.push(format!("{:?}", SystemStore::call(store, call_id(one)).await.unwrap()));
        }
        told.push(format!("{}", store.held(tenant, now).await.unwrap()));
        told.push(format!("{:?}", SystemStore::number(store, &phone(n)).await.unwrap()));
    }
    told.push(format!("{}", store.numbers_revision()));
    told
}

async fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_there_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("callcore.db");
    let source = open(&path).await;
    // Leases of now: the database's clock tells which of them last.
    let now = Utc::now() - TimeDelta::minutes(1);
    fill(&source, now).await;
    let before = told(&source, now).await;
    source.close().await;

    let database = Database::create().await;
    let (from, to) = (
        Which::parse(&format!("sqlite:{}", path.display())).unwrap(),
        Which::parse(database.url()).unwrap(),
    );
    let (mut steps, mut last) = (0, (0, 0));
    let rows = copy::run(&from, &to, |done, all| {
        assert!(done > last.0 && done <= all, "{done} of {all} after {last:?}");
        (steps, last) = (steps + 1, (done, all));
    })
    .await
    .unwrap();
    assert!(steps > 10 && last == (rows, rows), "{steps} steps to {last:?} of {rows}");

    let options = PgOptions::parse(database.url()).unwrap().patience(40);
    let store = PgStore::open(&options).await.unwrap();
    let after = told(&store, now).await;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(after, before);
    }
    // It goes on from there: a token signs in, and the next turn is the next one.
    assert!(store.session(&token(1), 60, now).await.unwrap().is_some());
    assert_eq!(store.draw(tenant(1), call_id(999), "rotation", now).await.unwrap(), 3);
    store.close().await;

    let again = copy::run(&from, &to, |_, _| {}).await.unwrap_err().to_string();
    assert_eq!(again, "--to: the database is in use already: an empty one is expected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("callcore.db");
    let source = open(&path).await;
    fill(&source, Utc::now()).await;
    source.close().await;
    let database = Database::create().await;
    let options = PgOptions::parse(database.url()).unwrap().patience(40);
    callcore_store_pg::migrate(&options).await.unwrap();
    database.query("ALTER TABLE reservation_items ADD CHECK (window_kind <> 'daily')").await;
    let from = Which::parse(&format!("sqlite:{}", path.display())).unwrap();
    let to = Which::parse(database.url()).unwrap();
    let refused = copy::run(&from, &to, |_, _| {}).await.unwrap_err().to_string();
    assert!(refused.starts_with("--to: the table reservation_items"), "{refused}");
    assert_eq!(database.query("SELECT count(*) FROM users").await, ["0"]);
    assert_eq!(database.query("SELECT count(*) FROM calls").await, ["0"]);
}

#[tokio::test]
async fn only_a_file_goes_to_postgres() {
    let (file, server) = ("sqlite:/nowhere/callcore.db", "postgres://nobody@127.0.0.1:1/none");
    for (from, to, expected) in [
        (server, file, "--from sqlite:PATH --to postgres://… is expected"),
        (file, file, "--from sqlite:PATH --to postgres://… is expected"),
        (file, server, "--from: there is no file /nowhere/callcore.db"),
    ] {
        let (from, to) = (Which::parse(from).unwrap(), Which::parse(to).unwrap());
        assert_eq!(copy::run(&from, &to, |_, _| {}).await.unwrap_err().to_string(), expected);
    }
}
