//! Gives a call to the best bid of a settled auction that has room, holds and is confirmed. Whoever
//! falls out on the way gives way to the next valid bid, and nobody is asked again.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::auction_record::{Trade, record};
use super::fan_out::Stopwatch;
use super::handle::{HandleError, Outcome, Switchboard};
use crate::auction::{Fall, Settled, Sign};
use crate::call::{Attempt, AttemptTarget, Call, Directive, NoRouteReason};
use crate::plan::{AuctionPlan, Bidder, Plan};
use crate::port::{Held, Release, Reservation, Reserved, StoreError};
use crate::routing::{CapKey, Claim};
use crate::vocabulary::{CandidateId, LeaseId, Seed, TargetId, limits};

/// What came of the attempt to sell a call.
pub(super) enum Sale {
    /// It is somebody's: dial.
    Sold(Box<Outcome>),
    /// Nobody takes it.
    Unsold(Box<(Call, Trade)>),
    /// The call is over.
    Ended(Box<(Call, Trade)>),
}

impl Switchboard {
    /// Gives the call to the best bid that has room, holds and is confirmed. Whether bids hold is told
    /// by the auction's watch, so that a clock that is set meanwhile neither ends nor revives them.
    pub(super) async fn sell(
        &self,
        call: Call,
        plan: &Plan,
        terms: &AuctionPlan,
        mut trade: Trade,
        watch: &Stopwatch,
    ) -> Result<Sale, HandleError> {
        let tenant = call.tenant;
        let mut signs = std::mem::take(&mut trade.signs);
        let sale = self.sell_to_best(call, plan, terms, trade, watch, &mut signs).await;
        // A bid and its confirmation are one sign: who bids well and never confirms does not do well.
        self.health.learn(tenant, &signs, watch.now());
        sale
    }

    async fn sell_to_best(
        &self,
        mut call: Call,
        plan: &Plan,
        terms: &AuctionPlan,
        mut trade: Trade,
        watch: &Stopwatch,
        signs: &mut BTreeMap<TargetId, Sign>,
    ) -> Result<Sale, HandleError> {
        loop {
            let now = watch.now();
            let settled = &mut trade.settled;
            withdraw(settled, terms, now);
            if !may_dial(&call, plan) {
                give_up(settled, &Fall::AttemptLimit, now);
            }
            let valid = valid(settled, now);
            if valid.is_empty() {
                return Ok(Sale::Unsold(Box::new((call, trade))));
            }
            let attempt = call.next_attempt();
            call.reserved = attempt;
            let hold = || self.hold(&call, plan, terms, &valid, attempt);
            let held = match self.after_auction(hold).await? {
                Reserved::Held(held) => held,
                Reserved::CallEnded => {
                    give_up(settled, &Fall::CallEnded, now);
                    return Ok(Sale::Ended(Box::new((call, trade))));
                }
                Reserved::Full { passed_over } => {
                    fill(settled, &passed_over, now);
                    // Whoever was not named was full as well.
                    give_up(settled, &Fall::Capped { cap: "a cap".to_owned() }, now);
                    continue;
                }
            };
            fill(settled, &held.passed_over, now);
            // An earlier try of the same step, which broke off, may hold a place with somebody else.
            let winner = settled.offer(now).map(|winner| winner.target_id);
            let Some(winner) = winner.filter(|winner| held.candidate == (*winner).into()) else {
                continue;
            };
            if !self.confirmed(&call, terms, winner, &mut trade, watch, signs).await {
                continue;
            }
            // To confirm takes a while, and the bid may have run out in the meantime.
            let still = trade.settled.offer(watch.now());
            if still.is_some_and(|still| still.target_id == winner) {
                return Ok(Sale::Sold(Box::new(self.dial_target(call, plan, &held, trade))));
            }
        }
    }

    /// Reserves a place with the first of these targets that has room. Leases and windows of caps go by
    /// the time of day.
    async fn hold(
        &self,
        call: &Call,
        plan: &Plan,
        terms: &AuctionPlan,
        targets: &[TargetId],
        attempt: u32,
    ) -> Result<Reserved, StoreError> {
        let now = self.ports.clock.now();
        let bidders = targets.iter().filter_map(|target| terms.bidder(*target));
        let claims: Vec<Claim> = bidders.map(Bidder::claim).collect();
        let reservation = self.reservation(call, plan, claims, attempt);
        self.ports.capacity.reserve(call.tenant, reservation, now).await
    }

    /// A reservation of a call, with a lease that outlasts the dial.
    pub(super) fn reservation(
        &self,
        call: &Call,
        plan: &Plan,
        claims: Vec<Claim>,
        attempt: u32,
    ) -> Reservation {
        let lease = Seed::derive(call.tenant, call.id, &attempt.to_string(), "lease");
        let campaign = &plan.campaign;
        Reservation {
            call: call.id,
            attempt,
            lease: LeaseId::from_uuid(lease.uuid()),
            claims,
            releases: super::settle::releases(call)
                .into_iter()
                .filter(|release: &Release| release.attempt != attempt)
                .collect(),
            lease_secs: campaign.dial_timeout_secs
                + campaign.max_call_length_secs
                + limits::LEASE_MARGIN_SECS,
        }
    }

    fn dial_target(&self, mut call: Call, plan: &Plan, held: &Held, trade: Trade) -> Outcome {
        let now = self.ports.clock.now();
        let won = trade.settled.winner().and_then(|winner| {
            let target = AttemptTarget::Target {
                target: winner.target_id,
                price: winner.price,
                paid_after_secs: winner.bid.min_duration_secs,
            };
            Some((target, winner.destination.clone()?))
        });
        let auction = Some(record(&call, trade));
        let Some((target, destination)) = won else {
            // The machine gives nobody a win without a destination once it is confirmed.
            let reason = NoRouteReason::NoValidBid;
            return Outcome { auction, ..Outcome::unrouted(call, reason) };
        };
        let attempt = call.reserved;
        call.attempts.push(Attempt {
            lease: Some(held.lease),
            lease_expires_at: Some(held.expires_at),
            ..Attempt::dialled(attempt, target, destination.clone(), now)
        });
        let directive: Directive = super::dial::directive(&call, plan, attempt, destination);
        Outcome { auction, ..Outcome::told(call, vec![directive]) }
    }
}

/// Whether the limits of the campaign and of any call allow one more attempt.
pub(super) fn may_dial(call: &Call, plan: &Plan) -> bool {
    let made = dialled(call).saturating_sub(call.attempts_before);
    made.saturating_sub(call.reroutes) < plan.campaign.max_attempts && is_dialable(call)
}

/// Whether the limits of any call allow one more attempt. What was reserved and never dialled is no
/// attempt, though even of those there is an end.
pub(super) fn is_dialable(call: &Call) -> bool {
    dialled(call) < limits::ATTEMPTS && call.next_attempt() <= limits::RESERVATIONS
}

fn dialled(call: &Call) -> u32 {
    u32::try_from(call.attempts.len()).unwrap_or(u32::MAX)
}

/// The targets whose bids may be dialled now, the best first.
fn valid(settled: &Settled, now: DateTime<Utc>) -> Vec<TargetId> {
    settled.all_valid(now).map(|ranked| ranked.target_id).collect()
}

/// Who has run out, was paused or taken out of the campaign since it bid, or closed, falls out.
fn withdraw(settled: &mut Settled, terms: &AuctionPlan, now: DateTime<Utc>) {
    settled.offer(now);
    for target in valid(settled, now) {
        let why = match terms.bidder(target) {
            None => Fall::Removed,
            Some(bidder) if bidder.paused => Fall::Paused,
            Some(bidder) if !bidder.is_open(now) => Fall::Closed,
            Some(_) => continue,
        };
        settled.fall(target, why, now);
    }
}

/// Who has no room falls out.
fn fill(settled: &mut Settled, full: &[(CandidateId, CapKey)], now: DateTime<Utc>) {
    for target in valid(settled, now) {
        let cap = full.iter().find(|(candidate, _)| *candidate == target.into());
        if let Some((_, key)) = cap {
            let cap = format!("{} cap", key.window.name());
            settled.fall(target, Fall::Capped { cap }, now);
        }
    }
}

/// All that are left fall out, so that nobody has won a call that it does not get.
pub(super) fn give_up(settled: &mut Settled, why: &Fall, now: DateTime<Utc>) {
    for target in valid(settled, now) {
        settled.fall(target, why.clone(), now);
    }
}
