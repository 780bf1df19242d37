//! Three servers on one Postgres under load, and one after the other is killed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::sync::oneshot;

use crate::api::Api;
use crate::carrier::Carrier;
use crate::chance::Chance;
use crate::database::Database;
use crate::fleet::Fleet;
use crate::verdict::Run;
use crate::{STOPS_WITHIN, soaks, world};

const SERVERS: usize = 3;
const KILL_EVERY: Duration = Duration::from_secs(10);

pub(crate) async fn run(seed: u64) {
    let load = if soaks() {
        world::Load { per_second: 100, seconds: 180 }
    } else {
        world::Load { per_second: 12, seconds: 30 }
    };
    let (begun_at, buyers) = (Utc::now(), load.buyers());
    let database = Database::create().await;
    let mut fleet = Fleet::install(SERVERS, database.url());
    fleet.start().await;
    let api = Api::set_up(fleet.urls().swap_remove(0)).await;
    world::configure(&api, &buyers).await;

    let carrier = Arc::new(Carrier::new(fleet.urls(), seed, true));
    let (over, calls_over) = oneshot::channel();
    let (begun, calling) = (Instant::now(), Arc::clone(&carrier));
    let calling = tokio::spawn(async move {
        let played = calling.calls(0, load).await;
        // Nobody listens any more only where the killer failed, and then that is told.
        let _ = over.send(());
        played
    });
    let kills = fleet.kill_some(KILL_EVERY, Chance::of(seed, u64::MAX), calls_over).await;
    let played = calling.await.expect("no caller panics");
    println!("{load:?} on {SERVERS} servers took {:.1?}, with {kills} kills", begun.elapsed());

    let seen = carrier.ledger.close();
    let run = Run { begun_at, buyers: &buyers, played: &played, seen: &seen };
    let verdict = run.judge(&api, &database).await;
    verdict.proves_something_about_caps(&buyers);
    assert!(kills >= 2, "there were only {kills} kills");
    assert!(seen.unreached >= 3, "only {} requests found a dead server", seen.unreached);
    // On a machine that is much too slow callers hear the fallback, which is as it should be. Where
    // most of them do, the run says little about the rest.
    let (complete, all) = (verdict.found.complete, played.len());
    assert!(complete * 2 >= all, "of {all} calls only {complete} were handled in full");
    fleet.stop(STOPS_WITHIN).await;
}
