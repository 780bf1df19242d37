//! Files of other versions, and files that are no store.

use callcore::call::StepKey;
use callcore::model::{Campaign, Kind, Object};
use callcore::port::{
    CallFilter, Calls, Directory as _, FlowFilter, Flows as _, Outbox as _, Registry,
    RegistryError, Save,
};
use callcore::vocabulary::PageRequest;
use callcore_testkit::fixtures::{
    buyer, buyer_id, call, call_id, campaign, campaign_id, delivery, draft, flow, flow_id, in_flow,
    noon, save, tenant,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::{Opened, PATIENCE, path_in, save_new};
use crate::migration::{migrate, migrations};
use crate::{OpenError, SqliteStore};

#[tokio::test]
async fn a_file_of_an_older_version_is_brought_up_to_date() {
    let directory = tempfile::tempdir().unwrap();
    let path = path_in(&directory);
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut db = options.connect().await.unwrap();
    migrate(&mut db, &migrations()[..1]).await.unwrap();
    sqlx::query("INSERT INTO buyers VALUES (?1, ?2, 7, 0, 0, ?3)")
        .bind(tenant(1).uuid())
        .bind(buyer_id(1).uuid())
        .bind(callcore::model::Object::from(buyer(1)).to_json().unwrap())
        .execute(&mut db)
        .await
        .unwrap();
    sqlx::query("INSERT INTO configuration_revisions VALUES (?1, 41)")
        .bind(tenant(1).uuid())
        .execute(&mut db)
        .await
        .unwrap();
    db.close().await.unwrap();

    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(store.revision(tenant(1)), 41);
    let buyers =
        Registry::list(&store, tenant(1), Kind::Buyer, PageRequest::default()).await.unwrap();
    assert_eq!(buyers.items[0].version, 7);
    save_new(&store, 1).await.unwrap();
}

/// Objects and calls from before there were flows are read as they were, and what is new works on
/// them.
#[tokio::test]
async fn a_file_from_before_there_were_flows_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = path_in(&directory);
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut db = options.connect().await.unwrap();
    let older: Vec<_> = migrations().into_iter().filter(|one| one.version < 7).collect();
    migrate(&mut db, &older).await.unwrap();
    // Flows could be named before they could be made.
    let naming = Campaign { flow_id: Some(flow_id(1)), ..campaign(1) };
    sqlx::query(
        "INSERT INTO campaigns (tenant_id, id, version, created_at, updated_at, name, status, \
         document) VALUES (?1, ?2, 3, 0, 0, 'Campaign 1', 'draft', ?3)",
    )
    .bind(tenant(1).uuid())
    .bind(campaign_id(1).uuid())
    .bind(Object::from(naming.clone()).to_json().unwrap())
    .execute(&mut db)
    .await
    .unwrap();
    sqlx::query("INSERT INTO calls VALUES (?1, ?2, 1, ?3, NULL, 'ringing', 0, 0, '', '[]', ?4)")
        .bind(tenant(1).uuid())
        .bind(call_id(1).uuid())
        .bind(campaign_id(1).uuid())
        .bind(crate::row::json("call", &call(tenant(1), 1)).unwrap())
        .execute(&mut db)
        .await
        .unwrap();
    db.close().await.unwrap();

    let store = SqliteStore::open(&path).await.unwrap();
    let source = store.source(tenant(1), campaign_id(1), None).await.unwrap().unwrap();
    assert_eq!((source.campaign.value, source.campaign.version), (naming.clone(), 3));
    assert_eq!(source.flow, None);
    let in_flows = CallFilter { flow: Some(FlowFilter::Any), ..CallFilter::default() };
    let listed = Calls::list(&store, tenant(1), &in_flows, PageRequest::default()).await.unwrap();
    assert_eq!(listed.items, []);

    store.create(tenant(1), flow_id(1).uuid(), draft(flow(1)), noon()).await.unwrap();
    store.publish(tenant(1), flow_id(1), 1, noon()).await.unwrap();
    let source = store.source(tenant(1), campaign_id(1), None).await.unwrap().unwrap();
    assert_eq!(source.flow.unwrap().definition, flow(1));
    let mut later = call(tenant(1), 1);
    later.flow = Some(in_flow(1, 1));
    let step = save(later.clone(), Some(1), &StepKey::flow(1));
    store.save(tenant(1), Save { outbox: vec![delivery(1)], ..step }).await.unwrap();
    let listed = Calls::list(&store, tenant(1), &in_flows, PageRequest::default()).await.unwrap();
    assert_eq!(listed.items, [later]);
    assert_eq!(store.of_call(tenant(1), call_id(1)).await.unwrap()[0].delivery, delivery(1));
    // A campaign that is written again holds its flow.
    let id = campaign_id(1).uuid();
    store.replace(tenant(1), id, 3, naming.into(), noon()).await.unwrap();
    let refused = store.delete(tenant(1), Kind::Flow, flow_id(1).uuid()).await;
    assert!(matches!(refused, Err(RegistryError::InUse(_))), "{refused:?}");
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_told_as_such_and_left_alone() {
    let opened = Opened::new().await;
    opened.store.close().await;
    let mut db = opened.stranger().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (99, 'from the future', TRUE, x'00', 0)",
    )
    .execute(&mut db)
    .await
    .unwrap();
    let error = SqliteStore::open(&path_in(&opened.directory)).await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { migration: 99 }), "{error:?}");
    opened.assert_sound().await;
    opened.assert_writable().await;
}

#[tokio::test]
async fn a_migration_that_was_changed_is_refused() {
    let opened = Opened::new().await;
    opened.store.close().await;
    let mut db = opened.stranger().await;
    sqlx::query("UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 2")
        .execute(&mut db)
        .await
        .unwrap();
    let error = SqliteStore::open(&path_in(&opened.directory)).await.unwrap_err();
    assert!(matches!(error, OpenError::Altered { migration: 2 }), "{error:?}");
}

#[tokio::test]
async fn what_is_no_store_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("text.db");
    std::fs::write(&text, "This is no database at all. ".repeat(100)).unwrap();
    let error = SqliteStore::open(&text).await.unwrap_err();
    assert!(matches!(error, OpenError::Sqlite(_)), "{error:?}");
    let error = SqliteStore::open(&text.join("callcore.db")).await.unwrap_err();
    assert!(matches!(error, OpenError::Create { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_open_a_new_file_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("deep/down/callcore.db");
    let opening: Vec<_> = (0..8)
        .map(|n| {
            let path = path.clone();
            tokio::spawn(async move {
                let store = SqliteStore::open_patiently(&path, PATIENCE).await.unwrap();
                let object = buyer(n).into();
                store.create(tenant(1), buyer_id(n).uuid(), object, noon()).await.unwrap();
            })
        })
        .collect();
    for task in opening {
        task.await.unwrap();
    }
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(store.revision(tenant(1)), 8);
}

/// A table that the export forgets would be lost on the way to another store.
#[tokio::test]
async fn the_export_knows_every_table() {
    let opened = Opened::new().await;
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
                  AND name <> '_sqlx_migrations' ORDER BY name";
    let mut db = opened.stranger().await;
    let found: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut db).await.unwrap();
    let mut exported: Vec<_> = crate::export::tables().collect();
    exported.sort_unstable();
    assert_eq!(exported, found);
}
