//! Several servers share one Postgres and nothing else. Servers are killed, Postgres crashes, or is
//! not there in the first place; and the carrier, which is the simulated phone over real
//! connections, always gets its answer. Afterwards no cap was exceeded at any instant, no slot is
//! held, and nothing that was acknowledged is missing.
//!
//! What each caller does follows from a seed, which a failure prints; `CALLCORE_SEED` gives it
//! again. When a kill hits is the machine's doing, so a seed repeats the calls and not the
//! interleaving. `CALLCORE_SOAK=1` makes the runs long ones, as `cargo xtask soak` does.

mod absent;
mod api;
mod books;
mod carrier;
#[path = "../support/chance.rs"]
mod chance;
mod chaos;
#[path = "../../../xtask/src/setup/cluster.rs"]
mod cluster;
mod database;
mod fleet;
mod holds;
mod ledger;
mod outage;
#[path = "../support/people.rs"]
mod people;
mod records;
#[path = "../support/server.rs"]
mod server;
mod verdict;
#[path = "../support/webhook.rs"]
mod webhook;
mod world;

use std::time::Duration;

use tokio::sync::Mutex;

/// A caller who hears nothing for longer is gone.
const ANSWERS_WITHIN: Duration = Duration::from_secs(15);

/// How long a server may take to stop when it is asked to.
const STOPS_WITHIN: Duration = Duration::from_secs(12);

/// One run after the other: two at once would be a load that neither is meant for.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_servers_that_are_killed_in_turn_exceed_no_cap_and_lose_no_call() {
    let _turn = ONE_AT_A_TIME.lock().await;
    chaos::run(seed()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_postgres_is_down_every_caller_hears_something_and_afterwards_all_is_well() {
    let _turn = ONE_AT_A_TIME.lock().await;
    outage::run(seed()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_starts_before_postgres_says_so_and_recovers() {
    let _turn = ONE_AT_A_TIME.lock().await;
    absent::run(seed()).await;
}

fn seed() -> u64 {
    let seed = chance::seed();
    println!("the seed of this run: CALLCORE_SEED={seed}");
    seed
}

/// Whether this is a long run.
fn soaks() -> bool {
    std::env::var("CALLCORE_SOAK").is_ok_and(|soak| soak == "1")
}
