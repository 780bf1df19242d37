//! Shares of a flow's branches with two servers on one Postgres.

mod harness;

use std::sync::Arc;

use callcore_store_pg::PgStore;
use callcore_testkit::shares::{Server, split};
use harness::database::Opened;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_branch_is_a_whole_call_off_whichever_server_answers() {
    let opened = Opened::new().await;
    let other = PgStore::open(&opened.database.options()).await;
    let other = Arc::new(other.expect("the database is there"));
    let server = |store: &Arc<PgStore>| Server {
        directory: store.clone(),
        system: store.clone(),
        calls: store.clone(),
        capacity: store.clone(),
    };
    let servers = [server(&opened.store), server(&other)];
    split(&*opened.store, &*opened.store, &servers).await;
}
