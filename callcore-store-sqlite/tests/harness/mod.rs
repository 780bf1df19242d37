//! Opens a store for the suites of the testkit.

use std::sync::Arc;
use std::time::Duration;

use callcore::port::{
    Accounts, Auctions, Calls, Capacity, Directory, Flows, Outbox, Registry, SystemStore,
};
use callcore_store_sqlite::SqliteStore;
use callcore_testkit::Harness;
use tempfile::TempDir;

/// The suites let dozens of writers wait for one another, on whatever disk there is.
const PATIENCE: Duration = Duration::from_secs(60);

/// A store on a file in a folder that goes with it.
pub(crate) struct Sqlite {
    store: Arc<SqliteStore>,
    _directory: TempDir,
}

impl Harness for Sqlite {
    async fn open() -> Self {
        let directory = tempfile::tempdir().expect("the system has a place for temporary files");
        let path = directory.path().join("callcore.db");
        let store = SqliteStore::open_patiently(&path, PATIENCE).await;
        Self { store: Arc::new(store.expect("a new file opens")), _directory: directory }
    }

    fn directory(&self) -> Arc<dyn Directory> {
        self.store.clone()
    }

    fn system(&self) -> Arc<dyn SystemStore> {
        self.store.clone()
    }

    fn calls(&self) -> Arc<dyn Calls> {
        self.store.clone()
    }

    fn capacity(&self) -> Arc<dyn Capacity> {
        self.store.clone()
    }

    fn registry(&self) -> Arc<dyn Registry> {
        self.store.clone()
    }

    fn accounts(&self) -> Arc<dyn Accounts> {
        self.store.clone()
    }

    fn auctions(&self) -> Arc<dyn Auctions> {
        self.store.clone()
    }

    fn flows(&self) -> Arc<dyn Flows> {
        self.store.clone()
    }

    fn outbox(&self) -> Arc<dyn Outbox> {
        self.store.clone()
    }
}
