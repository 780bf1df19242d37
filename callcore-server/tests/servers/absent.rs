//! There is no Postgres when the server starts.

use std::sync::Arc;

use crate::api::Api;
use crate::carrier::{Carrier, Played};
use crate::cluster::Cluster;
use crate::database::programs;
use crate::fleet::Fleet;
use crate::{ANSWERS_WITHIN, STOPS_WITHIN, world};

/// How many calls come in before there is a Postgres, and how many afterwards.
const BEFORE: world::Load = world::Load { per_second: 10, seconds: 2 };
const AFTER: world::Load = world::Load { per_second: 2, seconds: 12 };

pub(crate) async fn run(seed: u64) {
    let cluster = Cluster::create(&programs()).expect("a cluster can be made");
    let mut fleet = Fleet::install(1, &cluster.url("postgres"));
    // Answers on /healthz.
    fleet.servers[0].start().await;
    let server = &fleet.servers[0];
    let (status, body) = server.readiness().await;
    assert_eq!(status, 503, "{body}");
    let health: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    let reason = health["reason"].as_str().unwrap_or_default();
    assert!(reason.len() > 10, "the reason is missing: {body}");
    println!("without Postgres: {body}");

    let carrier = Arc::new(Carrier::new(fleet.urls(), seed, false));
    carrier.calls(0, BEFORE).await;
    let seen = carrier.ledger.close();
    assert!(seen.faults.is_empty(), "{:#?}", seen.faults);
    assert_eq!(seen.excused_calls().len(), BEFORE.calls() as usize, "callers who were excused");
    assert!(seen.acknowledged.is_empty(), "{:?} has nowhere to be", seen.acknowledged.keys());
    assert_eq!((seen.lost, seen.unreached), (0, 0));
    let slowest = seen.slowest;
    assert!(slowest <= ANSWERS_WITHIN, "a webhook was answered after {slowest:?}");

    cluster.start().expect("the cluster starts");
    server.ready().await;
    let api = Api::set_up(server.url()).await;
    world::configure(&api, &BEFORE.buyers()).await;
    let played = carrier.calls(BEFORE.calls(), AFTER).await;
    let seen = carrier.ledger.close();
    assert!(seen.faults.is_empty(), "{:#?}", seen.faults);
    let excused = seen.excused_calls();
    let rung = |played: &&Played| seen.holds.contains_key(&(played.call, 1));
    let routed = played.iter().filter(rung).filter(|played| !excused.contains(&played.call));
    let (routed, all) = (routed.count(), played.len());
    assert!(routed * 2 >= all, "of {all} calls after the recovery only {routed} are routed");
    fleet.stop(STOPS_WITHIN).await;
}
