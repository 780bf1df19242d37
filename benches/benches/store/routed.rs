//! A plain routed call: look, reserve, save, as the switchboard does it for a call that comes in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use callcore::call::{Call, Growth, StepKey};
use callcore::port::{Ask, Calls as _, Capacity as _, Held, Reservation, Reserved, Save};
use callcore::routing::Cap;
use callcore::schedule::CapWindow;
use callcore_testkit::fixtures::{
    attempt, buyer_cap, buyer_id, call, call_id, caller, campaign_id, claim, decision, reservation,
    save,
};
use chrono::{DateTime, Utc};

use crate::bed::Bed;
use crate::next_call;

/// The acts whose time is told one by one.
pub(crate) const ACTS: [&str; 4] = ["look", "reserve", "save", "release"];
/// Buyers that the calls go to.
const BUYERS: u32 = 50;
/// Nothing ever gets full.
const ROOM: u32 = 1_000_000_000;

/// The store counts by the database's clock; this one only has to be near it.
fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}

/// The caps of a buyer.
pub(crate) fn caps(n: u32) -> [Cap; 2] {
    [CapWindow::Concurrent, CapWindow::Daily]
        .map(|window| buyer_cap(n % BUYERS + 1_000, window, ROOM))
}

/// What the first step of a call asks for.
pub(crate) fn ask(n: u32) -> Ask {
    Ask {
        step: Some(StepKey::voice()),
        caps: (0..5).flat_map(|other| caps(n + other)).collect(),
        caller: caller(n).number,
        activity: Some((campaign_id(1), (0..5).map(|other| buyer_id(n + other).into()).collect())),
        bids: None,
    }
}

/// The first attempt of a call, with the caps of one buyer.
pub(crate) fn reserving(n: u32) -> Reservation {
    reservation(call_id(n), 1, [claim(n % BUYERS, caps(n))])
}

/// The first attempt of a call, under one cap.
pub(crate) fn one_cap(n: u32, buyer: u32) -> Reservation {
    let cap = buyer_cap(2_000 + buyer, CapWindow::Concurrent, ROOM);
    reservation(call_id(n), 1, [claim(buyer, [cap])])
}

/// The save of the first step, with what the reservation gave.
pub(crate) fn saving(bed: &Bed, n: u32, held: &Held) -> Save {
    let mut after: Call = call(bed.tenant, n);
    after.attempts.push(attempt(1, held));
    let growth = Growth::between(None, &after);
    let decision = Some(decision(&after));
    Save { growth, decision, ..save(after, None, &StepKey::voice()) }
}

/// One call through the ports.
pub(crate) async fn by_port(bed: Arc<Bed>) {
    let n = next_call();
    look(&bed, n).await;
    let held = reserve(&bed, n).await;
    bed.store.save(bed.tenant, saving(&bed, n, &held)).await.expect("nobody else saves it");
}

async fn look(bed: &Bed, n: u32) {
    bed.store.look(bed.tenant, call_id(n), &ask(n), now()).await.expect("the store answers");
}

async fn reserve(bed: &Bed, n: u32) -> Held {
    match bed.store.reserve(bed.tenant, reserving(n), now()).await {
        Ok(Reserved::Held(held)) => held,
        other => panic!("there is room, but got {other:?}"),
    }
}

/// How long one act takes, without what must be before it.
pub(crate) async fn time(bed: &Bed, act: &str, n: u32) -> Duration {
    if act == "look" {
        let begun = Instant::now();
        look(bed, n).await;
        return begun.elapsed();
    }
    let begun = Instant::now();
    let held = reserve(bed, n).await;
    if act == "reserve" {
        return begun.elapsed();
    }
    let written = saving(bed, n, &held);
    let begun = Instant::now();
    if act == "save" {
        bed.store.save(bed.tenant, written).await.expect("nobody else saves it");
    } else {
        let releases = [callcore::port::Release { attempt: 1, refund: false }];
        bed.store.release(bed.tenant, call_id(n), &releases, now()).await.expect("it answers");
    }
    begun.elapsed()
}
