//! Servers that share a database hear of each other's changes, and outlive an outage.

#[path = "harness/database.rs"]
mod database;

use std::time::{Duration, Instant};

use callcore::model::Kind;
use callcore::port::{Directory as _, Registry as _, StoreError, SystemStore as _};
use callcore_store_pg::PgStore;
use callcore_testkit::fixtures::{buyer, buyer_id, noon, number, number_id, tenant};
use database::{Database, Opened, execute};

/// How long it takes until something is so.
async fn until(mut is_so: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "it never came to be so");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    start.elapsed()
}

/// A database that lets nobody in, as one that is being restarted.
async fn shut(database: &Database) {
    let name = &database.name;
    let other = Database::empty(None).await;
    let mut db = other.superuser().await;
    execute(
        &mut db,
        &format!(
            "ALTER DATABASE {name} ALLOW_CONNECTIONS false; \
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        ),
    )
    .await;
}

async fn reopen(database: &Database) {
    let other = Database::empty(None).await;
    let name = &database.name;
    let open = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true");
    execute(&mut other.superuser().await, &open).await;
}

async fn create(store: &PgStore, n: u32) {
    let created = store.create(tenant(1), number_id(n).uuid(), number(n).into(), noon()).await;
    created.expect("the store takes a number");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_shows_on_another_server() {
    let opened = Opened::new().await;
    let other = PgStore::open(&opened.database.options()).await.unwrap();
    let mut quickest = Duration::MAX;
    for n in 1..=10 {
        create(&opened.store, n).await;
        let raised = u64::from(n);
        let seen = || other.revision(tenant(1)) == raised && other.numbers_revision() == raised;
        quickest = quickest.min(until(seen).await);
    }
    println!("the quickest of 10 changes showed after {quickest:?}");
    // Each wait begins after a look, and looks come once a second: they alone would take all of it.
    assert!(quickest < Duration::from_millis(500), "{quickest:?}");
    assert_eq!(other.revision(tenant(2)), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_whose_notification_was_lost_shows_all_the_same() {
    let opened = Opened::new().await;
    create(&opened.store, 1).await;
    let mut db = opened.database.superuser().await;
    execute(
        &mut db,
        "UPDATE configuration_revisions SET revision = 7; UPDATE numbers_revision SET revision = 8",
    )
    .await;
    let store = &opened.store;
    until(|| store.revision(tenant(1)) == 7 && store.numbers_revision() == 8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revision_never_goes_back() {
    let opened = Opened::new().await;
    for n in 1..=3 {
        create(&opened.store, n).await;
    }
    let mut db = opened.database.superuser().await;
    execute(&mut db, "UPDATE configuration_revisions SET revision = 1").await;
    let old = format!("NOTIFY callcore_configuration, '{} 2'", tenant(1).uuid());
    execute(&mut db, &old).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(opened.store.revision(tenant(1)), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_noticed_and_outlived() {
    let opened = Opened::new().await;
    let options = opened.database.options().patience(1);
    let (store, other) =
        (PgStore::open(&options).await.unwrap(), PgStore::open(&options).await.unwrap());
    opened.store.close().await;
    create(&store, 1).await;
    assert_eq!(store.ready(), Ok(()));
    let well = async { while store.health().await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(20), well).await.expect("the store is well");

    shut(&opened.database).await;
    until(|| store.ready().is_err() && other.ready().is_err()).await;
    assert!(store.health().await.is_err());
    let start = Instant::now();
    let asked = store.read(tenant(1), Kind::Number, number_id(1).uuid()).await.unwrap_err();
    assert!(matches!(asked, StoreError::Unavailable(_)), "{asked:?}");
    assert!(start.elapsed() < Duration::from_secs(10));

    reopen(&opened.database).await;
    until(|| store.ready().is_ok() && other.ready().is_ok()).await;
    create(&store, 2).await;
    until(|| other.revision(tenant(1)) == 2).await;
    store.close().await;
    assert!(store.ready().is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_waits_for_its_database_without_making_anybody_wait() {
    let database = Database::empty(None).await;
    shut(&database).await;
    let store = PgStore::lazy(&database.options());
    until(|| store.ready().is_err_and(|why| why.contains("not currently accepting"))).await;
    for _ in 0..20 {
        // Asked once and not waited for: the answer must be there already.
        let asked = tokio::time::timeout(Duration::ZERO, store.is_set_up()).await;
        let asked = asked.expect("an answer at once").unwrap_err();
        assert!(asked.to_string().contains("not currently accepting"), "{asked}");
    }

    reopen(&database).await;
    until(|| store.ready().is_ok()).await;
    assert!(!store.is_set_up().await.unwrap());
    store.create(tenant(1), buyer_id(1).uuid(), buyer(1).into(), noon()).await.unwrap();
    assert_eq!(store.revision(tenant(1)), 1);
}
