//! Databases of other versions, and roles that are not as they should be.

#[path = "harness/database.rs"]
mod database;

use callcore::call::{Call, StepKey};
use callcore::model::{Campaign, Kind};
use callcore::port::{
    CallFilter, Calls, Directory as _, FlowFilter, Registry, RegistryError, StoreError,
    SystemStore as _,
};
use callcore::vocabulary::PageRequest;
use callcore_store_pg::{OpenError, PgOptions, PgStore, migrate};
use callcore_testkit::fixtures::{
    buyer, buyer_id, call, call_id, campaign, campaign_id, draft, flow, flow_id, in_flow, noon,
    save, tenant,
};
use database::{Database, Opened, execute, hosted_login};

#[tokio::test]
async fn an_empty_database_is_migrated_once() {
    for login in [None, Some(hosted_login().await)] {
        let database = Database::empty(login).await;
        let first = migrate(&database.options()).await.unwrap();
        assert_eq!(first[0].version, 1);
        assert_eq!(first[0].description, "roles");
        assert!(first.len() >= 5);
        assert_eq!(migrate(&database.options()).await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_open_an_empty_database_at_once() {
    let database = Database::empty(None).await;
    let opening: Vec<_> = (0..6)
        .map(|n| {
            let options = database.options();
            tokio::spawn(async move {
                let store = PgStore::open(&options).await.unwrap();
                let object = buyer(n).into();
                store.create(tenant(1), buyer_id(n).uuid(), object, noon()).await.unwrap();
            })
        })
        .collect();
    for task in opening {
        task.await.unwrap();
    }
    let store = PgStore::open(&database.options()).await.unwrap();
    assert_eq!(store.revision(tenant(1)), 6);
    store.close().await;
}

/// Servers are replaced one by one: the old ones go on while a newer one has migrated already.
#[tokio::test]
async fn a_database_that_a_newer_version_migrated_is_opened() {
    let opened = Opened::new().await;
    opened.store.close().await;
    let mut db = opened.database.superuser().await;
    execute(
        &mut db,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (99, 'from the future', TRUE, '\\x00', 0); \
         ALTER TABLE buyers ADD COLUMN score bigint",
    )
    .await;
    let store = PgStore::open(&opened.database.options()).await.unwrap();
    store.create(tenant(1), buyer_id(1).uuid(), buyer(1).into(), noon()).await.unwrap();
}

/// What servers of the release before call is still there, by its old name and with its old result.
#[tokio::test]
async fn servers_of_the_release_before_still_look() {
    let opened = Opened::new().await;
    let saved = save(call(tenant(1), 1), None, &StepKey::voice());
    Calls::save(&*opened.store, tenant(1), saved).await.unwrap();
    let mut db = opened.database.superuser().await;
    execute(&mut db, "SET ROLE callcore_app").await;
    let version: i64 = sqlx::query_scalar(
        "SELECT o_version FROM callcore_look($1, $2, 'voice', now(), \
         '{}', '{}', '{}', '{}', '{}', NULL, NULL, '{}')",
    )
    .bind(tenant(1).uuid())
    .bind(call_id(1).uuid())
    .fetch_one(&mut db)
    .await
    .unwrap();
    assert_eq!(version, 1);
}

/// A server of the release before knows of no flow, and writes campaigns and calls as it always did.
#[tokio::test]
async fn servers_of_the_release_before_still_write() {
    let opened = Opened::new().await;
    let (store, voice) = (&opened.store, StepKey::voice());
    store.create(tenant(1), flow_id(1).uuid(), draft(flow(1)), noon()).await.unwrap();
    let named = Campaign { flow_id: Some(flow_id(1)), ..campaign(1) };
    store.create(tenant(1), campaign_id(1).uuid(), named.into(), noon()).await.unwrap();
    let begun = Call { flow: Some(in_flow(1, 1)), ..call(tenant(1), 1) };
    Calls::save(&**store, tenant(1), save(begun.clone(), None, &voice)).await.unwrap();
    let mut old = opened.database.superuser().await;
    execute(&mut old, "SET ROLE callcore_app").await;
    let (tenant_1, campaign_1, call_1) = (tenant(1).uuid(), campaign_id(1).uuid(), begun.id.uuid());
    execute(
        &mut old,
        &format!(
            "SELECT set_config('callcore.tenant', '{tenant_1}', false); \
             INSERT INTO campaigns (tenant_id, id, version, created_at, updated_at, document, name, \
             status, phone_number_id, rtb_router_id) \
             SELECT tenant_id, id, 2, created_at, now(), document, 'renamed', 'paused', NULL, NULL \
             FROM campaigns WHERE id = '{campaign_1}' \
             ON CONFLICT (tenant_id, id) DO UPDATE SET version = 2, name = 'renamed'"
        ),
    )
    .await;
    let saved: bool = sqlx::query_scalar(
        "SELECT callcore_save($1, $2, 1, $3, NULL, 'completed', true, $4, '', '{}', '{}', $5, \
         'status/completed', '{}', NULL, '{}', '{}', '{}', '{}', '{}', '{}', NULL, '{}', '{}', \
         '{}', '{}', '{}', '{}')",
    )
    .bind(tenant_1)
    .bind(call_1)
    .bind(campaign_1)
    .bind(noon())
    .bind(serde_json::to_string(&begun).unwrap())
    .fetch_one(&mut old)
    .await
    .unwrap();
    assert!(saved);
    let deleted = store.delete(tenant(1), Kind::Flow, flow_id(1).uuid()).await.unwrap_err();
    let RegistryError::InUse(holders) = deleted else { panic!("{deleted:?}") };
    assert_eq!(holders[0].name, "renamed");
    let filter = CallFilter { flow: Some(FlowFilter::Flow(flow_id(1))), ..CallFilter::default() };
    let found = Calls::list(&**store, tenant(1), &filter, PageRequest::default()).await.unwrap();
    assert_eq!(found.items.len(), 1);
}

#[tokio::test]
async fn a_migration_that_was_changed_is_refused() {
    let opened = Opened::new().await;
    let mut db = opened.database.superuser().await;
    execute(&mut db, "UPDATE _sqlx_migrations SET checksum = '\\x00' WHERE version = 2").await;
    let error = PgStore::open(&opened.database.options()).await.unwrap_err();
    assert!(matches!(error, OpenError::Altered { migration: 2 }), "{error:?}");
}

/// A dump and a restore bring the tables to a cluster that has never seen them.
#[tokio::test]
async fn tables_outlive_their_store() {
    let opened = Opened::hosted().await;
    opened.store.create(tenant(1), buyer_id(1).uuid(), buyer(1).into(), noon()).await.unwrap();
    opened.store.close().await;
    let store = PgStore::open(&opened.database.options()).await.unwrap();
    assert_eq!(store.revision(tenant(1)), 1);
    let buyers =
        Registry::list(&store, tenant(1), Kind::Buyer, PageRequest::default()).await.unwrap();
    assert_eq!(buyers.items.len(), 1);
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_is_told_with_a_remedy() {
    let database = Database::empty(Some(hosted_login().await)).await;
    let options = database.options().application_role("callcore_nobody");
    let error = PgStore::open(&options).await.unwrap_err();
    assert!(matches!(&error, OpenError::Role { role, .. } if role == "callcore_nobody"));
    assert!(error.to_string().contains("run as an administrator: GRANT"), "{error}");
}

#[tokio::test]
async fn who_may_make_no_role_is_told_what_to_run() {
    let login = format!("callcore_plain_{}", std::process::id());
    let database = Database::empty(None).await;
    let mut db = database.superuser().await;
    execute(&mut db, &format!("CREATE ROLE {login} LOGIN PASSWORD 'callcore-test'")).await;
    execute(&mut db, &format!("ALTER DATABASE {} OWNER TO {login}", database.name)).await;
    // Some other database of the cluster has made the role, and this login may not work as it.
    drop(Opened::new().await);
    let error = PgStore::open(&database.options_as(&login)).await.unwrap_err();
    let told = error.to_string();
    assert!(matches!(error, OpenError::Role { .. }), "{error:?}");
    assert!(told.contains(&format!("GRANT callcore_app TO \"{login}\"")), "{told}");
    drop(database);
    let other = Database::empty(None).await;
    execute(&mut other.superuser().await, &format!("DROP ROLE {login}")).await;
}

#[tokio::test]
async fn a_database_that_is_not_there_is_told_without_the_password() {
    let options = PgOptions::parse("postgres://a:hunter2@127.0.0.1:1/nowhere").unwrap();
    let error = PgStore::open(&options).await.unwrap_err();
    assert!(matches!(error, OpenError::Postgres(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));

    let store = PgStore::lazy(&options);
    let asked = store.is_set_up().await.unwrap_err();
    assert!(matches!(asked, StoreError::Unavailable(_)), "{asked:?}");
    assert!(store.ready().is_err() && store.health().await.is_err());
    assert_eq!(store.revision(tenant(1)), 0);
    store.close().await;
}

/// A schema of the login's own name comes first in Postgres's usual search path, and is not that of
/// the role which the connections work as.
#[tokio::test]
async fn the_tables_lie_in_the_logins_own_schema_where_it_has_one() {
    let login = hosted_login().await;
    let database = Database::empty(Some(login)).await;
    let mut db = database.superuser().await;
    execute(&mut db, &format!("CREATE SCHEMA AUTHORIZATION {login}")).await;
    for _ in 0..2 {
        let store = PgStore::open(&database.options()).await.unwrap();
        assert!(!store.is_set_up().await.unwrap());
        store.close().await;
    }
    let schema: String =
        sqlx::query_scalar("SELECT schemaname::text FROM pg_tables WHERE tablename = 'buyers'")
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert_eq!(schema, login);
}

/// Somebody's temporary table of the same name stands for no table of the store, also where it is
/// made by the role that the functions with the owner's rights are called by.
#[tokio::test]
async fn a_temporary_table_deceives_no_function() {
    let opened = Opened::hosted().await;
    let mut db = opened.database.superuser().await;
    execute(
        &mut db,
        "SET ROLE callcore_app; \
         CREATE TEMPORARY TABLE users (id uuid); INSERT INTO users VALUES (gen_random_uuid()); \
         GRANT ALL ON users TO PUBLIC",
    )
    .await;
    let deceived: bool =
        sqlx::query_scalar("SELECT callcore_is_set_up()").fetch_one(&mut db).await.unwrap();
    assert!(!deceived);
}
