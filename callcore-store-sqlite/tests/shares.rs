//! Shares of a flow's branches on a SQLite file.

mod harness;

use callcore_testkit::Harness;
use callcore_testkit::shares::{Server, split};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_branch_is_a_whole_call_off() {
    let store = harness::Sqlite::open().await;
    let servers = [Server::on(&store), Server::on(&store)];
    split(&*store.registry(), &*store.flows(), &servers).await;
}
