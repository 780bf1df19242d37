//! What was acknowledged stays.

use std::time::Duration;

use callcore::auction::Verdict;
use callcore::call::StepKey;
use callcore::model::{Campaign, CampaignStatus, Kind};
use callcore::port::{
    Accounts as _, Ask, Auctions, Calls as _, Capacity as _, Directory as _, EarlierBids,
    Flows as _, Outbox, Preferences, Registry, Reserved, Save, SystemStore as _,
};
use callcore::schedule::CapWindow;
use callcore::vocabulary::PageRequest;
use callcore_testkit::fixtures::{
    api_key, assignment, attempt, auction, bid, buyer, buyer_cap, buyer_id, call, call_id, caller,
    campaign_id, campaign_on, candidate_id, considered, contact, decision, delivery, draft,
    flow_id, flow_naming, lease_id, noon, number, number_id, owner, phone, requests, router,
    router_id, save, session, tally, target, target_assignment, target_id, tenant, token, user_id,
};

use sqlx::Row as _;

use super::{Opened, path_in, reserve, save_new};
use crate::SqliteStore;

async fn fill(store: &SqliteStore) {
    let (tenant, now) = (tenant(1), noon());
    let (campaign, buyer_1) = (campaign_id(1), buyer_id(1));
    store.create(tenant, number_id(1).uuid(), number(1).into(), now).await.unwrap();
    store.create(tenant, buyer_1.uuid(), buyer(1).into(), now).await.unwrap();
    let (target_1, router_1) = (target_id(1), router_id(1));
    store.create(tenant, target_1.uuid(), target(1).into(), now).await.unwrap();
    store.create(tenant, router_1.uuid(), router(1, [1]).into(), now).await.unwrap();
    let document = draft(flow_naming(1, &[1], &[1]));
    store.create(tenant, flow_id(1).uuid(), document, now).await.unwrap();
    store.publish(tenant, flow_id(1), 1, now).await.unwrap();
    let object = Campaign {
        rtb_router_id: Some(router_1),
        flow_id: Some(flow_id(1)),
        ..campaign_on(number_id(1), 1, CampaignStatus::Active)
    };
    store.create(tenant, campaign.uuid(), object.into(), now).await.unwrap();
    store.assign(tenant, campaign, buyer_1, assignment(3), now).await.unwrap();
    store.assign_target(tenant, campaign, target_1, target_assignment(4), now).await.unwrap();
    let later = now + Duration::from_secs(60);
    store.begin(tenant, call_id(2), &StepKey::voice(), later, now).await.unwrap();

    let Reserved::Held(held) = reserve(store, 1, 5).await else { panic!("there is room") };
    let mut first = call(tenant, 1);
    first.attempts.push(attempt(1, &held));
    let held =
        considered(auction(&first, 1, now), &first, 1, Verdict::Won, Some(bid(5, Some(later))));
    let mut written =
        Save { decision: Some(decision(&first)), ..save(first, None, &StepKey::voice()) };
    written.auction = Some(held);
    written.outbox = vec![delivery(1), delivery(2)];
    written.growth.caller = Some(phone(7));
    written.growth.tallies.push(tally(campaign, buyer_1));
    written.growth.contacts.push(contact(campaign, buyer_1, now));
    store.save(tenant, written).await.unwrap();
    assert_eq!(store.draw(tenant, call_id(1), "r", now).await.unwrap(), 0);
    assert_eq!(store.claim(&requests(1), later, now).await.unwrap().len(), 1);

    store.set_up(owner(tenant), now).await.unwrap();
    store.open_session(tenant, session(1, now), token(1)).await.unwrap();
    store.add_api_key(tenant, api_key(1, now), token(2)).await.unwrap();
    let preferences = Preferences([("theme".to_owned(), "dark".to_owned())].into());
    store.set_preferences(tenant, user_id(1), preferences).await.unwrap();
}

/// Everything that the ports show, as text.
async fn everything(store: &SqliteStore) -> String {
    let (tenant, now) = (tenant(1), noon());
    let mut seen = format!("{} {}", store.revision(tenant), store.numbers_revision());
    for kind in Kind::ALL {
        let page = Registry::list(store, tenant, kind, PageRequest::LARGEST).await.unwrap();
        seen += &format!("{page:?}\n");
    }
    let ask = Ask {
        step: Some(StepKey::voice()),
        caps: vec![buyer_cap(1, CapWindow::Concurrent, 5), buyer_cap(1, CapWindow::Daily, 5)],
        caller: Some(phone(7)),
        activity: Some((campaign_id(1), vec![candidate_id(1)])),
        bids: Some(EarlierBids {
            campaign: campaign_id(1),
            caller: caller(1).number.unwrap(),
            targets: vec![target_id(1)],
        }),
    };
    let parts = (
        store.source(tenant, campaign_id(1), None).await.unwrap(),
        store.number(&phone(1)).await.unwrap(),
        store.look(tenant, call_id(9), &ask, now).await.unwrap(),
        store.look(tenant, call_id(1), &ask, now).await.unwrap(),
        callcore::port::Calls::read(store, tenant, call_id(1)).await.unwrap(),
        store.held(tenant, now).await.unwrap(),
        reserve(store, 1, 5).await,
        (
            store.target_assignments(tenant, campaign_id(1)).await.unwrap(),
            Auctions::of_call(store, tenant, call_id(1)).await.unwrap(),
            Outbox::of_call(store, tenant, call_id(1)).await.unwrap(),
            store.newest(tenant, flow_id(1)).await.unwrap(),
            store.begin(tenant, call_id(2), &StepKey::voice(), now, now).await.unwrap(),
        ),
        (
            store.draw(tenant, call_id(1), "r", now).await.unwrap(),
            store.credentials("OWNER@example.com").await.unwrap(),
            store.sessions(tenant, user_id(1), now).await.unwrap(),
            store.api_keys(tenant).await.unwrap(),
            store.preferences(tenant, user_id(1)).await.unwrap(),
        ),
    );
    seen + &format!("{parts:?}")
}

#[tokio::test]
async fn reopening_keeps_everything() {
    let opened = Opened::new().await;
    fill(&opened.store).await;
    let before = everything(&opened.store).await;
    for kept in [
        &lease_id(call_id(1), 1).to_string(),
        "bids: {TargetId",
        "Busy {",
        "FlowSource {",
        "FlowVersion {",
        "attempts: 1",
    ] {
        assert!(before.contains(kept), "{kept}");
    }
    opened.store.close().await;
    let again = SqliteStore::open(&path_in(&opened.directory)).await.unwrap();
    assert_eq!(everything(&again).await, before);
    // The next turn and the next revision go on from there.
    assert_eq!(again.draw(tenant(1), call_id(2), "r", noon()).await.unwrap(), 1);
    let before = again.revision(tenant(1));
    again.create(tenant(1), buyer_id(2).uuid(), buyer(2).into(), noon()).await.unwrap();
    assert_eq!(again.revision(tenant(1)), before + 1);
}

/// A copy of the files taken behind the store's back is what a machine that lost its power finds.
#[tokio::test]
async fn what_was_acknowledged_is_in_the_files_at_once() {
    let opened = Opened::new().await;
    for n in 1..20 {
        save_new(&opened.store, n).await.unwrap();
        let copy = tempfile::tempdir().unwrap();
        for file in ["callcore.db", "callcore.db-wal"] {
            std::fs::copy(opened.directory.path().join(file), copy.path().join(file)).unwrap();
        }
        let found = SqliteStore::open(&path_in(&copy)).await.unwrap();
        assert_eq!(found.call(call_id(n)).await.unwrap(), Some(tenant(1)));
    }
}

/// The test above cannot see whether a commit waited for the disk; this setting says that it does.
#[tokio::test]
async fn commits_wait_for_the_disk() {
    let opened = Opened::new().await;
    let store = SqliteStore::open(&path_in(&opened.directory)).await.unwrap();
    let mut db = store.writer.acquire().await.unwrap();
    let settings = [
        ("PRAGMA journal_mode", "wal"),
        ("PRAGMA synchronous", "2"),
        ("PRAGMA foreign_keys", "1"),
        ("PRAGMA busy_timeout", "2000"),
    ];
    for (pragma, expected) in settings {
        let row = sqlx::query(pragma).fetch_one(&mut *db).await.unwrap();
        let setting =
            row.try_get::<String, _>(0).unwrap_or_else(|_| row.get::<i64, _>(0).to_string());
        assert_eq!(setting, expected, "{pragma}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let opened = Opened::new().await;
    save_new(&opened.store, 1).await.unwrap();
    for entry in std::fs::read_dir(opened.directory.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", entry.path());
    }
}
