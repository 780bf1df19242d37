//! What only this store promises. What every store promises is in `tests/suite.rs`.

mod cancellation;
mod durability;
mod faults;
mod migrations;
mod outbox;
mod torture;

use std::path::PathBuf;
use std::time::Duration;

use callcore::call::StepKey;
use callcore::port::{Calls as _, Capacity as _, Reserved, SaveError, StoreError};
use callcore::schedule::CapWindow;
use callcore_testkit::fixtures::{self, buyer_cap, call_id, claim, noon, reservation, tenant};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};
use tempfile::TempDir;

use crate::SqliteStore;

/// How long an act waits for its turn: dozens of writers wait for one another here, on whatever disk
/// there is.
const PATIENCE: Duration = Duration::from_secs(10);

/// A store with the directory that its file lies in.
struct Opened {
    store: SqliteStore,
    directory: TempDir,
}

impl Opened {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open_patiently(&path_in(&directory), PATIENCE).await.unwrap();
        Self { store, directory }
    }

    /// The file as another process sees it: without any setting of the store's.
    async fn stranger(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(path_in(&self.directory)).connect().await.unwrap()
    }

    /// Asserts that the file is whole and that no counter differs from the places it counts.
    async fn assert_sound(&self) {
        let mut db = self.stranger().await;
        let report: String =
            sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut db).await.unwrap();
        assert_eq!(report, "ok");
        let orphans = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut db).await.unwrap();
        assert!(orphans.is_empty());
        let drifted: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT scope, window_key, used FROM cap_counters AS c WHERE used <> \
             (SELECT COUNT(*) FROM reservation_items AS i WHERE i.tenant_id = c.tenant_id \
             AND i.scope = c.scope AND i.window_kind = c.window_kind \
             AND i.window_key = c.window_key)",
        )
        .fetch_all(&mut db)
        .await
        .unwrap();
        assert_eq!(drifted, []);
    }

    /// Asserts that nobody is left inside a write transaction.
    async fn assert_writable(&self) {
        all_tasks_done().await;
        let mut db = self.stranger().await;
        sqlx::query("PRAGMA busy_timeout = 0").execute(&mut db).await.unwrap();
        sqlx::query("BEGIN IMMEDIATE").execute(&mut db).await.unwrap();
        sqlx::query("ROLLBACK").execute(&mut db).await.unwrap();
    }
}

/// Waits for what dropped futures left behind.
async fn all_tasks_done() {
    let runtime = tokio::runtime::Handle::current().metrics();
    let done = async {
        while runtime.num_alive_tasks() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), done).await.expect("every task ends");
}

fn path_in(directory: &TempDir) -> PathBuf {
    directory.path().join("callcore.db")
}

/// Saves the call `n` as new.
async fn save_new(store: &SqliteStore, n: u32) -> Result<(), SaveError> {
    let save = fixtures::save(fixtures::call(tenant(1), n), None, &StepKey::voice());
    store.save(tenant(1), save).await
}

/// Saves the end of the call `n`, which holds places that it does not know of.
async fn save_ended(store: &SqliteStore, n: u32) -> Result<(), SaveError> {
    let call = fixtures::over(fixtures::call(tenant(1), n), noon());
    store.save(tenant(1), fixtures::save(call, None, &StepKey::voice())).await
}

/// Reserves for the first attempt of call `n` a place with buyer 1, who takes `limit` at once.
async fn try_reserve(store: &SqliteStore, n: u32, limit: u32) -> Result<Reserved, StoreError> {
    let caps =
        [buyer_cap(1, CapWindow::Concurrent, limit), buyer_cap(1, CapWindow::Daily, u32::MAX)];
    let wanted = reservation(call_id(n), 1, [claim(1, caps)]);
    store.reserve(tenant(1), wanted, noon()).await
}

async fn reserve(store: &SqliteStore, n: u32, limit: u32) -> Reserved {
    try_reserve(store, n, limit).await.unwrap()
}
