//! Shares of a flow's branches with two handles on one SQLite file.

use std::sync::Arc;
use std::time::Duration;

use callcore_store_sqlite::SqliteStore;
use callcore_testkit::shares::{Server, split};

/// The calls of both wait for one another, on whatever disk there is.
const PATIENCE: Duration = Duration::from_secs(60);

/// The file alone knows whose turn it is. What a handle tells of changes is its own memory, so the
/// second server learns of plans from the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_branch_is_a_whole_call_off_whichever_handle_answers() {
    let directory = tempfile::tempdir().expect("the system has a place for temporary files");
    let path = directory.path().join("callcore.db");
    let store = SqliteStore::open_patiently(&path, PATIENCE).await;
    let store = Arc::new(store.expect("a new file opens"));
    let other = SqliteStore::open_patiently(&path, PATIENCE).await;
    let other = Arc::new(other.expect("the file opens again"));
    let server = |handle: &Arc<SqliteStore>| Server {
        directory: store.clone(),
        system: store.clone(),
        calls: handle.clone(),
        capacity: handle.clone(),
    };
    let servers = [server(&store), server(&other)];
    split(&*store, &*store, &servers).await;
}
