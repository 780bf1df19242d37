//! The server is killed, and killed again, while calls go on; the carrier delivers the rest to
//! whatever comes up in its place. Afterwards every call has ended legally, nothing that was
//! acknowledged is missing, no cap was exceeded, and no slot outlives its lease.
//!
//! The carrier is the simulated phone over real connections. What each caller does follows from a
//! seed, which a failure prints; `CALLCORE_SEED` gives it again. When the kills hit is the machine's
//! doing, so a seed repeats the calls and not the interleaving.

mod carrier;
#[path = "../support/chance.rs"]
mod chance;
mod files;
mod graceful;
mod killer;
mod leases;
mod ledger;
#[path = "../support/people.rs"]
mod people;
mod records;
mod script;
#[path = "../support/server.rs"]
mod server;
#[path = "../support/webhook.rs"]
mod webhook;
mod world;

use std::sync::Arc;
use std::time::{Duration, Instant};

use callcore::schedule::CapWindow;
use callcore_store_sqlite::SqliteStore;
use chrono::Utc;
use tokio::sync::oneshot;

use carrier::{CALLS, Carrier};
use chance::Chance;
use killer::Killer;
use ledger::Seen;
use server::Server;

/// Fewer kills than this prove little.
const KILLS: u32 = 15;

/// How long the server may take to stop when it is asked to.
const STOPS_WITHIN: Duration = Duration::from_secs(12);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_kills_every_call_ends_legally_and_no_slot_is_held_over_its_lease() {
    let (seed, begun) = (chance::seed(), Instant::now());
    println!("the seed of this run: CALLCORE_SEED={seed}");
    let first_day = Utc::now().date_naive();
    let mut server = Server::install(&[]);
    world::configure(&server.database()).await;
    server.start().await;
    let carrier = Arc::new(Carrier::new(server.url(), seed));

    let (over, calls_over) = oneshot::channel();
    let calling = {
        let carrier = Arc::clone(&carrier);
        tokio::spawn(async move {
            let played = carrier.calls().await;
            // Nobody listens any more only where the killer failed, and then that is told.
            let _ = over.send(());
            played
        })
    };
    let killer = Killer { carrier: Arc::clone(&carrier), chance: Chance::of(seed, u64::MAX) };
    let kills = killer.run(&mut server, calls_over).await;
    let mut played = calling.await.expect("no caller panics");
    let called_for = begun.elapsed();
    played.extend(carrier.late_calls().await);
    let repeated = carrier.repeat_everything().await;
    let stopped_in = server.stop().await;
    assert!(stopped_in <= STOPS_WITHIN, "the server took {stopped_in:?} to stop");

    let days = (Utc::now().date_naive() - first_day).num_days() + 1;
    let seen = carrier.ledger.close();
    let (count, first) = (seen.faults.len(), seen.faults.iter().take(5).collect::<Vec<_>>());
    assert_eq!(count, 0, "what the carrier must not see, for example {first:#?}");
    no_daily_cap_was_exceeded(&seen, days);
    let copy = server.copy().await;
    let store = SqliteStore::open(&server.database()).await.expect("the file opens");
    let found = records::inspect(&store, &seen, &played, server.url()).await;
    leases::inspect(&store, copy, &seen, &found).await;
    if days == 1 {
        leases::counters_agree(&store, &seen, &found).await;
    }
    println!(
        "{CALLS} calls in {called_for:.1?} and {kills} kills, stopped in {stopped_in:.1?}: {} \
         dials, {} silent calls, {} results and {} answers lost, {} steps saved before their answer was lost, \
         {repeated} webhooks repeated; refused {:?}, most at once {:?}, connected {:?}; all in \
         {:.1?}",
        found.dials,
        found.silent,
        found.results_lost,
        seen.lost,
        found.saved_unanswered,
        found.refused,
        seen.most,
        seen.connected.each_ref().map(std::collections::BTreeSet::len),
        begun.elapsed(),
    );
    proves_something(kills, &seen, &found);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_asked_to_stop_finishes_the_requests_it_was_sent() {
    graceful::run().await;
}

fn no_daily_cap_was_exceeded(seen: &Seen, days: i64) {
    for (buyer, connected) in world::BUYERS.iter().zip(&seen.connected) {
        let most = i64::from(buyer.daily) * days;
        let connected = i64::try_from(connected.len()).expect("there are few calls");
        assert!(connected <= most, "{buyer:?} had {connected} conversations in {days} days");
    }
}

/// A run in which nothing was lost, full or silent would pass whatever the server does.
fn proves_something(kills: u32, seen: &Seen, found: &records::Found) {
    assert!(kills >= KILLS, "there were only {kills} kills");
    assert!(seen.lost >= 3, "only {} answers were lost", seen.lost);
    assert!(found.silent >= 5, "only {} calls went silent", found.silent);
    assert!(found.results_lost >= 2, "only {} results were lost", found.results_lost);
    assert!(found.dials >= 150, "there were only {} dials", found.dials);
    for window in [CapWindow::Concurrent, CapWindow::Daily] {
        assert!(found.refused.contains_key(&window), "no {window:?} cap was ever full");
    }
}
