//! Postgres crashes in the middle of calls, and comes back 20 s later.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::task::block_in_place;

use crate::api::Api;
use crate::carrier::{Carrier, Played};
use crate::cluster::Cluster;
use crate::database::{Database, programs};
use crate::fleet::Fleet;
use crate::verdict::Run;
use crate::{ANSWERS_WITHIN, STOPS_WITHIN, soaks, world};

const SERVERS: usize = 2;
const BEFORE: Duration = Duration::from_secs(8);
const OUTAGE: Duration = Duration::from_secs(20);
/// How long calls come in after the recovery.
const AFTER_SECS: u32 = 6;

pub(crate) async fn run(seed: u64) {
    let per_second = if soaks() { 30 } else { 6 };
    let load = world::Load { per_second, seconds: 36 };
    let (begun_at, buyers) = (Utc::now(), load.buyers());
    let cluster = Cluster::create(&programs()).expect("a cluster can be made");
    cluster.start().expect("the cluster starts");
    let database = Database::at(&cluster.url("postgres"));
    let mut fleet = Fleet::install(SERVERS, database.url());
    fleet.start().await;
    let api = Api::set_up(fleet.urls().swap_remove(0)).await;
    world::configure(&api, &buyers).await;

    // A carrier does not tell news again that were refused.
    let carrier = Arc::new(Carrier::new(fleet.urls(), seed, false));
    let (begun, calling) = (Instant::now(), Arc::clone(&carrier));
    let calling = tokio::spawn(async move { calling.calls(0, load).await });
    tokio::time::sleep(BEFORE).await;
    block_in_place(|| cluster.stop()).expect("the cluster runs");
    let stopped = begun.elapsed();
    tokio::time::sleep(OUTAGE).await;
    block_in_place(|| cluster.start()).expect("the cluster starts again");
    let started = begun.elapsed();
    for server in &fleet.servers {
        server.ready().await;
    }
    let recovered = begun.elapsed();
    let mut played = calling.await.expect("no caller panics");
    let after = world::Load { per_second, seconds: AFTER_SECS };
    let mut late = carrier.calls(load.calls(), after).await;
    println!(
        "{load:?} on {SERVERS} servers, Postgres stopped from {stopped:.1?} to {started:.1?}, \
         servers ready again at {recovered:.1?}"
    );

    let early = played.len();
    played.append(&mut late);
    let seen = carrier.ledger.close();
    let run = Run { begun_at, buyers: &buyers, played: &played, seen: &seen };
    let verdict = run.judge(&api, &database).await;
    let slowest = seen.slowest;
    assert!(slowest <= ANSWERS_WITHIN, "a webhook was answered after {slowest:?}");
    assert_eq!(seen.lost, 0, "webhooks that were never answered");
    let excused = seen.excused_calls();
    let unanswered = |played: &&Played| excused.contains(&played.call);
    let during =
        played[..early].iter().filter(|played| played.at >= stopped && played.at < started);
    let (hit, least) = (during.filter(unanswered).count(), per_second as usize * 15);
    assert!(hit >= least, "only {hit} calls came in while there was no database");
    let (ill, all) = (played[early..].iter().filter(unanswered).count(), played.len() - early);
    assert!(ill * 2 <= all, "{ill} of {all} calls after the recovery were not handled in full");
    assert!(verdict.peaks.iter().any(|peak| peak.daily > 0), "nobody was ever dialled");
    // They are the same processes as in the beginning: one that died would not stop.
    fleet.stop(STOPS_WITHIN).await;
}
