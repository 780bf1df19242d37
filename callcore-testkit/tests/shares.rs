//! Shares of a flow's branches on the in-memory store.

use callcore_testkit::shares::{Server, split};
use callcore_testkit::{Harness, Memory};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_branch_is_a_whole_call_off() {
    let store = Memory::open().await;
    let servers = [Server::on(&store), Server::on(&store)];
    split(&*store.registry(), &*store.flows(), &servers).await;
}
