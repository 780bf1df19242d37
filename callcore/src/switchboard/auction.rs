//! Holds the auction of a call: opens it, asks, settles, and goes on to the next bid after a dial that
//! failed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::auction_record::{Trade, record};
use super::dial::hangup;
use super::fan_out::{Asking, FannedOut, Stopwatch, fan_out};
use super::handle::{HandleError, Outcome, Reply, Stepped, Switchboard};
use super::secrets::stored_reply;
use super::sell::{Sale, give_up, may_dial};
use crate::auction::{
    Auction, AuctionLog, CallFacts, Fall, Invitation, Settled, TrackRecord, Unanswered, Variables,
    replay, request,
};
use crate::call::{Call, DialResult, Directive, Event, NoRouteReason};
use crate::plan::{AuctionPlan, Bidder, Plan, call_facts};
use crate::port::{Ask, Begun, Look};
use crate::routing::Activity;
use crate::vocabulary::{Money, PhoneNumber, Seed};

/// How long bidders may take in all, confirmations included: the caller hears nothing meanwhile, and
/// has to hear something within ten seconds.
pub(super) const PATIENCE: TimeDelta = TimeDelta::milliseconds(8_500);

/// How much longer a step counts as being worked on before somebody else may take it on.
const ABANDONED_AFTER: TimeDelta = TimeDelta::milliseconds(1_000);
/// How often a second delivery asks whether the first has its reply.
pub(super) const ASK_AGAIN: Duration = Duration::from_millis(50);

/// What a call whose dial failed is offered next.
pub(super) enum Offered {
    /// The outcome of the step.
    Outcome(Box<Outcome>),
    /// Another delivery of the same result took the step on.
    Stepped(Stepped),
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
        let begun = self.ports.clock.monotonic();
        let patience = PATIENCE.to_std().unwrap_or_default();
        let auction = plan.auction.as_ref().map_or(0, |terms| terms.settings.timeout_ms);
        let enough = patience.saturating_sub(Duration::from_millis(auction.into()));
        loop {
            let now = self.ports.clock.now();
            let until = now + PATIENCE + ABANDONED_AFTER;
            match self.ports.calls.begin(plan.tenant, call, &step, until, now).await? {
                // What is left after a wait has to do for the auction.
                Begun::Fresh if self.ports.clock.monotonic() - begun > enough => {
                    return Err(HandleError::Outwaited);
                }
                Begun::Fresh => return Ok(None),
                Begun::Stored(directives) => {
                    let ask = Ask { step: Some(step), ..Ask::default() };
                    let look = self.ports.calls.look(plan.tenant, call, &ask, now).await?;
                    return Ok(Some(stored_reply(event, &look).unwrap_or(directives)));
                }
                Begun::Busy { .. } => {
                    // No time is left to ask bidders in: the caller hears the fallback, and nobody may
                    // be sold a call that goes on without us.
                    if self.ports.clock.monotonic() - begun >= patience {
                        return Err(HandleError::Outwaited);
                    }
                    self.pause(ASK_AGAIN).await;
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
            Sale::Ended(ended) => Ok(over(*ended)),
            Sale::Unsold(unsold) => {
                let (call, trade) = *unsold;
                let auction = Some(record(&call, trade));
                let now = self.ports.clock.now();
                let outcome = if plan.candidates.is_empty() {
                    Outcome::unrouted(call, NoRouteReason::NoValidBid)
                } else {
                    let route = || self.route(event, call.clone(), plan, look, now);
                    self.after_auction(route).await?
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
            let mut settled = fallen(log, &call, result, now);
            give_up(&mut settled, &Fall::Removed, now);
            let auction = Some(record(&call, Trade::again(settled)));
            let outcome = self.offer_buyers(event, call, plan, otherwise).await?;
            return Ok(Offered::Outcome(Box::new(Outcome { auction, ..outcome })));
        };
        if let Some(directives) = self.begin(event, plan).await? {
            let reply = Reply::stored(call.id, call.tenant, directives);
            return Ok(Offered::Stepped(Stepped::Done(reply)));
        }
        let watch = Stopwatch::start(&self.ports.clock);
        let trade = Trade::again(fallen(log, &call, result, watch.opened_at()));
        let sold = self.sell(call, plan, terms, trade, &watch).await;
        let outcome = match sold.map_err(HandleError::interrupted)? {
            Sale::Sold(outcome) => *outcome,
            Sale::Ended(ended) => over(*ended),
            Sale::Unsold(unsold) => {
                let (call, trade) = *unsold;
                let auction = Some(record(&call, trade));
                let offer = || self.offer_buyers(event, call.clone(), plan, otherwise);
                let outcome = self.after_auction(offer).await?;
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
            .map(|bidder| self.invitation(&call, &facts, terms, bidder, look, opened_at));
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
        let signs = settled.signs().collect();
        self.sell(call, plan, terms, Trade { settled, exchanges, signs }, &watch).await
    }

    fn invitation(
        &self,
        call: &Call,
        facts: &CallFacts,
        terms: &AuctionPlan,
        bidder: &Bidder,
        look: &Look,
        now: DateTime<Utc>,
    ) -> Invitation {
        let used = |key: &_| look.usage.get(key).copied().unwrap_or(0);
        let activity = look.activity.get(&bidder.target.into());
        let earlier = look.bids.get(&bidder.target);
        let earlier = earlier.filter(|earlier| bidder.takes_again(earlier.made_at, now));
        Invitation {
            barred: bidder.barred(now, used),
            adjustments: terms.adjustments(bidder, &facts.tags),
            record: activity.map(track_record).unwrap_or_default(),
            health: self.health.of(call.tenant, bidder.target),
            earlier_bid: earlier.map(|earlier| earlier.bid.clone()),
            ..bidder.invitation()
        }
    }
}

/// The caller hung up: what was said to targets, and what they bid, is kept all the same.
fn over((call, trade): (Call, Trade)) -> Outcome {
    let auction = Some(record(&call, trade));
    Outcome { auction, ..hangup(call) }
}

/// An auction once more, in which whoever was dialled last has fallen out.
fn fallen(log: &AuctionLog, call: &Call, result: &DialResult, now: DateTime<Utc>) -> Settled {
    let mut settled = replay(log);
    let failed = call.attempts.iter().find(|attempt| attempt.attempt == result.attempt);
    let Some((attempt, target)) = failed.and_then(|one| Some((one, one.target.target()?))) else {
        return settled;
    };
    let fall = match attempt.talk_secs.filter(|_| attempt.rerouted) {
        Some(talk_secs) => Fall::Rerouted { talk_secs },
        None => Fall::DialFailed { text: result.outcome.to_string() },
    };
    settled.fall(target, fall, now);
    settled
}

/// What became of the calls that a target won in the campaign.
fn track_record(activity: &Activity) -> TrackRecord {
    TrackRecord { won: activity.offered, paid: activity.converted }
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
