//! The list of sessions: one that ran out while nobody looked is not listed as running, whatever the
//! store has written of it.

use callcore::call::StepKey;
use callcore_testkit::fixtures;

use crate::api::Owner;
use crate::flow::menu;
use crate::office::{Office, configure, journey, settings};
use crate::world::TENANT;

/// Lets the session of a call that waits be one that nobody answered in time.
async fn run_out(office: &Office, call: &str) {
    let mut waiting = journey(&office.app.stores, call).await.call;
    let session = waiting.flow.as_mut().unwrap();
    session.expires_at = chrono::Utc::now() - chrono::TimeDelta::minutes(1);
    let step = StepKey::flow(9);
    let save = fixtures::save(waiting, Some(1), &step);
    office.app.stores.calls.save(TENANT, save).await.unwrap();
}

/// Every session that stands so, newest first, read in pages of so many.
async fn listed(owner: &Owner, status: &str, limit: usize) -> Vec<String> {
    let first = format!("/api/flow-sessions?status={status}&limit={limit}");
    let (mut path, mut found) = (first.clone(), Vec::new());
    loop {
        let page = owner.get(200, &path).await;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit, "{page}");
        for item in items {
            assert_eq!(item["status"], status, "{page}");
            found.push(item["id"].as_str().unwrap().to_owned());
        }
        let Some(cursor) = page["nextCursor"].as_str() else { return found };
        path = format!("{first}&cursor={cursor}");
    }
}

#[tokio::test]
async fn each_session_is_listed_once_as_it_stands_now() {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(settings(&folder)).await;
    configure(&office.app.stores, menu("Goodbye.")).await;
    let calls = ["CA1", "CA2", "CA3", "CA4", "CA5", "CA6"];
    let mut ids = Vec::new();
    for call in calls {
        office.line.voice(call).await;
        ids.insert(0, journey(&office.app.stores, call).await.call.id.uuid().to_string());
    }
    for call in ["CA1", "CA2", "CA5"] {
        run_out(&office, call).await;
    }
    let owner = Owner::of(&office).await;
    for limit in [1, 2, 3, 50] {
        let (gone, here) = ([&ids[1], &ids[4], &ids[5]], [&ids[0], &ids[2], &ids[3]]);
        assert_eq!(listed(&owner, "expired", limit).await.iter().collect::<Vec<_>>(), gone);
        assert_eq!(listed(&owner, "running", limit).await.iter().collect::<Vec<_>>(), here);
        assert!(listed(&owner, "completed", limit).await.is_empty());
    }
    office.close().await;
}
