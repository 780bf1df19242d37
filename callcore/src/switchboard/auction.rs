//! Sells a call: opens an auction, asks, settles, holds a place with the winner and lets it confirm.
//! Whoever falls out on the way gives way to the next valid bid, and nobody is asked again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::auction_record::{Trade, record};
use super::dial::hangup;
use super::fan_out::{Asking, FannedOut, Stopwatch, fan_out};
use super::handle::{HandleError, Outcome, Reply, Stepped, Switchboard};
use crate::auction::{
    Auction, AuctionLog, CallFacts, Fall, Health, Invitation, Settled, TrackRecord, Unanswered,
    Variables, replay, request,
};
use crate::call::{Attempt, AttemptTarget, Call, DialResult, Directive, Event, NoRouteReason};
use crate::plan::{AuctionPlan, Bidder, Plan, call_facts};
use crate::port::{Begun, Held, Look, Release, Reservation, Reserved, StoreError};
use crate::routing::{Activity, Claim};
use crate::vocabulary::{LeaseId, Money, PhoneNumber, Seed, TargetId, TenantId, limits};

/// How long bidders may take in all, confirmations included: the caller hears nothing meanwhile, and
/// has to hear something within ten seconds.
pub(super) const PATIENCE: TimeDelta = TimeDelta::milliseconds(8_500);

/// How much longer a step counts as being worked on before somebody else may take it on.
const ABANDONED_AFTER: TimeDelta = TimeDelta::milliseconds(1_000);
/// How often a second delivery asks whether the first has its reply.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// How targets did of late, as far as this process saw.
#[derive(Debug, Default)]
pub(super) struct HealthBook(Mutex<HashMap<(TenantId, TargetId), Health>>);

impl HealthBook {
    fn of(&self, tenant: TenantId, target: TargetId) -> Health {
        let book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        book.get(&(tenant, target)).copied().unwrap_or_default()
    }

    /// Takes note of what an auction saw.
    fn learn(&self, tenant: TenantId, settled: &Settled, at: DateTime<Utc>) {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in &settled.entries {
            if let Some(sign) = entry.sign {
                let health = book.entry((tenant, entry.target_id)).or_default();
                *health = health.after(sign, at);
            }
        }
    }
}

/// What a call whose dial failed is offered next.
pub(super) enum Offered {
    /// The outcome of the step.
    Outcome(Box<Outcome>),
    /// Another delivery of the same result took the step on.
    Stepped(Stepped),
}

/// What came of the attempt to sell a call.
pub(super) enum Sale {
    /// It is somebody's: dial.
    Sold(Box<Outcome>),
    /// Nobody takes it.
    Unsold(Box<(Call, Trade)>),
    /// The call is over.
    Ended(Box<Call>),
}

impl Switchboard {
    /// Takes the step on, so that nobody is asked twice for it. Where another delivery works on it,
    /// waits for its reply; answers that, if it came.
    pub(super) async fn begin(
        &self,
        event: &Event,
        plan: &Plan,
    ) -> Result<Option<Vec<Directive>>, HandleError> {
        let (call, step) = (event.carrier_call.id(), event.step());
        loop {
            let now = self.ports.clock.now();
            let until = now + PATIENCE + ABANDONED_AFTER;
            match self.ports.calls.begin(plan.tenant, call, &step, until, now).await? {
                Begun::Fresh => return Ok(None),
                Begun::Stored(directives) => return Ok(Some(directives)),
                Begun::Busy { .. } => {
                    let then = self.ports.clock.monotonic() + ASK_AGAIN;
                    self.ports.clock.sleep_until(then).await;
                }
            }
        }
    }

    /// Sells a call that has just come in, and routes it plainly where nobody buys it.
    pub(super) async fn sell_or_route(
        &self,
        event: &Event,
        call: Call,
        plan: &Plan,
        terms: &AuctionPlan,
        look: &Look,
    ) -> Result<Outcome, HandleError> {
        match self.auction(event, call, plan, terms, look).await? {
            Sale::Sold(outcome) => Ok(*outcome),
            Sale::Ended(call) => Ok(hangup(*call)),
            Sale::Unsold(unsold) => {
                let (call, trade) = *unsold;
                let auction = Some(record(&call, trade));
                let now = self.ports.clock.now();
                let outcome = if plan.candidates.is_empty() {
                    Outcome::unrouted(call, NoRouteReason::NoValidBid)
                } else {
                    self.route(event, call, plan, look, now).await?
                };
                Ok(Outcome { auction, ..outcome })
            }
        }
    }

    /// Offers a call whose dial failed to the next valid bid, and after the last one to the
    /// campaign's buyers.
    pub(super) async fn offer_bids(
        &self,
        event: &Event,
        result: &DialResult,
        call: Call,
        plan: &Plan,
        log: &AuctionLog,
        otherwise: NoRouteReason,
    ) -> Result<Offered, HandleError> {
        let Some(terms) = &plan.auction else {
            let now = self.ports.clock.now();
            let outcome = self.offer(call, Some(plan), otherwise, now).await?;
            return Ok(Offered::Outcome(Box::new(outcome)));
        };
        if let Some(directives) = self.begin(event, plan).await? {
            let reply = Reply::stored(call.id, call.tenant, directives);
            return Ok(Offered::Stepped(Stepped::Done(reply)));
        }
        let now = self.ports.clock.now();
        let mut settled = replay(log);
        let failed = call.attempts.iter().find(|attempt| attempt.attempt == result.attempt);
        if let Some(target) = failed.and_then(|attempt| attempt.target.target()) {
            let text = result.outcome.to_string();
            settled.fall(target, Fall::DialFailed { text }, now);
        }
        let until = now + PATIENCE;
        let trade = Trade { settled, exchanges: Vec::new() };
        let sold = self.sell(call, plan, terms, trade, until).await;
        let outcome = match sold.map_err(HandleError::interrupted)? {
            Sale::Sold(outcome) => *outcome,
            Sale::Ended(call) => hangup(*call),
            Sale::Unsold(unsold) => {
                let (call, trade) = *unsold;
                let auction = Some(record(&call, trade));
                let outcome = self.offer_buyers(event, call, plan, otherwise).await?;
                Outcome { auction, ..outcome }
            }
        };
        Ok(Offered::Outcome(Box::new(outcome)))
    }

    /// The campaign's own buyers, once no bid is left: they are ranked now unless they were before.
    async fn offer_buyers(
        &self,
        event: &Event,
        call: Call,
        plan: &Plan,
        otherwise: NoRouteReason,
    ) -> Result<Outcome, HandleError> {
        let now = self.ports.clock.now();
        if !call.ranking.is_empty() || plan.candidates.is_empty() || !may_dial(&call, plan) {
            return self.offer(call, Some(plan), otherwise, now).await;
        }
        let ask = super::incoming::ask(event, plan, &call.caller);
        let look = self.ports.calls.look(call.tenant, call.id, &ask, now).await?;
        self.route(event, call, plan, &look, now).await
    }

    /// Holds the auction of a call and sells the call to its winner.
    pub(super) async fn auction(
        &self,
        event: &Event,
        call: Call,
        plan: &Plan,
        terms: &AuctionPlan,
        look: &Look,
    ) -> Result<Sale, HandleError> {
        let watch = Stopwatch::start(&self.ports.clock);
        let opened_at = watch.opened_at();
        let facts = call_facts(&call);
        let seed = Seed::derive(call.tenant, call.id, event.step().as_str(), "auction");
        let invitations = terms
            .bidders
            .iter()
            .map(|bidder| self.invitation(&call, terms, bidder, look, opened_at));
        let invitations: Vec<Invitation> = invitations.collect();
        let auction_terms = terms.terms(call.id, plan.id);
        let mut auction = Auction::open(auction_terms, invitations, seed, opened_at);
        let askings: Vec<Asking> = auction
            .asked()
            .filter_map(|asked| {
                let bidder = terms.bidder(asked.target_id)?;
                let left_ms = (asked.deadline - opened_at).num_milliseconds();
                Some((asked.target_id, asking(&facts, bidder, left_ms, seed, opened_at)))
            })
            .collect();
        let http = self.ports.egress.tenant(call.tenant);
        let FannedOut { decided_at, exchanges } = {
            let caller = call.caller.number.as_ref().map(PhoneNumber::as_str);
            fan_out(&mut auction, terms, askings, caller, &http, &watch).await
        };
        let settled = auction.settle(decided_at);
        self.health.learn(call.tenant, &settled, watch.now());
        let until = opened_at + PATIENCE;
        self.sell(call, plan, terms, Trade { settled, exchanges }, until).await
    }

    fn invitation(
        &self,
        call: &Call,
        terms: &AuctionPlan,
        bidder: &Bidder,
        look: &Look,
        now: DateTime<Utc>,
    ) -> Invitation {
        let used = |key: &_| look.usage.get(key).copied().unwrap_or(0);
        let activity = look.activity.get(&bidder.target.into());
        Invitation {
            barred: bidder.barred(now, used),
            adjustments: terms.adjustments(bidder, &call.tags),
            record: activity.map(track_record).unwrap_or_default(),
            health: self.health.of(call.tenant, bidder.target),
            earlier_bid: look.bids.get(&bidder.target).cloned(),
            ..bidder.invitation()
        }
    }

    /// Gives the call to the best bid that has room, holds and is confirmed.
    pub(super) async fn sell(
        &self,
        mut call: Call,
        plan: &Plan,
        terms: &AuctionPlan,
        mut trade: Trade,
        until: DateTime<Utc>,
    ) -> Result<Sale, HandleError> {
        loop {
            let now = self.ports.clock.now();
            let settled = &mut trade.settled;
            let valid: Vec<TargetId> =
                settled.all_valid(now).map(|ranked| ranked.target_id).collect();
            if valid.is_empty() || !may_dial(&call, plan) {
                return Ok(Sale::Unsold(Box::new((call, trade))));
            }
            let attempt = call.next_attempt();
            call.reserved = attempt;
            let held = match self.hold(&call, plan, terms, &valid, attempt, now).await? {
                Reserved::Held(held) => held,
                Reserved::CallEnded => return Ok(Sale::Ended(Box::new(call))),
                Reserved::Full { passed_over } => {
                    for target in valid {
                        let cap = passed_over.iter().find(|(full, _)| *full == target.into());
                        let window = cap.map_or("a", |(_, key)| key.window.name());
                        settled.fall(target, Fall::Capped { cap: format!("{window} cap") }, now);
                    }
                    continue;
                }
            };
            for (full, key) in &held.passed_over {
                let fallen = valid.iter().find(|target| *full == (**target).into());
                if let Some(target) = fallen {
                    let cap = format!("{} cap", key.window.name());
                    settled.fall(*target, Fall::Capped { cap }, now);
                }
            }
            // An earlier try of the same step, which broke off, may hold a place with somebody else.
            let winner = settled.offer(now).map(|winner| winner.target_id);
            let Some(winner) = winner.filter(|winner| held.candidate == (*winner).into()) else {
                continue;
            };
            if self.confirmed(&call, terms, winner, &mut trade, until).await {
                return Ok(Sale::Sold(Box::new(self.dial_target(call, plan, &held, trade, now))));
            }
        }
    }

    /// Reserves a place with the first of these targets that has room.
    async fn hold(
        &self,
        call: &Call,
        plan: &Plan,
        terms: &AuctionPlan,
        targets: &[TargetId],
        attempt: u32,
        now: DateTime<Utc>,
    ) -> Result<Reserved, StoreError> {
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

    fn dial_target(
        &self,
        mut call: Call,
        plan: &Plan,
        held: &Held,
        trade: Trade,
        now: DateTime<Utc>,
    ) -> Outcome {
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

/// What became of the calls that a target won in the campaign.
fn track_record(activity: &Activity) -> TrackRecord {
    TrackRecord { won: activity.offered, paid: activity.converted }
}

/// Whether the campaign's limits allow one more attempt.
pub(super) fn may_dial(call: &Call, plan: &Plan) -> bool {
    let made = u32::try_from(call.attempts.len()).unwrap_or(u32::MAX);
    let made = made.saturating_sub(call.attempts_before);
    made.saturating_sub(call.reroutes) < plan.campaign.max_attempts
        && call.next_attempt() <= limits::ATTEMPTS
}

fn asking(
    facts: &CallFacts,
    bidder: &Bidder,
    left_ms: i64,
    seed: Seed,
    now: DateTime<Utc>,
) -> Result<crate::auction::BidRequest, Unanswered> {
    let request_id = Seed::of_rank(seed.rank(bidder.target.uuid().as_bytes())).uuid().to_string();
    let amount = |money: Option<&Money>| money.map(|money| money.amount);
    let variables = Variables {
        call: facts,
        request_id: &request_id,
        min_bid: amount(bidder.min_bids.iter().max_by_key(|money| money.amount)),
        max_bid: amount(bidder.max_bids.iter().min_by_key(|money| money.amount)),
        timeout_ms: u32::try_from(left_ms).unwrap_or(0),
        now,
    };
    request(&bidder.compiled, &variables)
        .map_err(|error| Unanswered::NotSent { verdict: error.verdict(), error: error.to_string() })
}
