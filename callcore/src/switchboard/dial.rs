//! Dialling: the reservation before it, the directive for it, the result after it.

use chrono::{DateTime, Utc};

use super::auction::Offered;
use super::handle::{HandleError, Known, Outcome, Reply, Stepped, Switchboard};
use super::incoming::Routing;
use super::sell::may_dial;
use super::settle;
use crate::auction::AuctionLog;
use crate::call::{
    Advance, Attempt, AttemptTarget, Call, Dial, DialOutcome, DialResult, Directive, Event,
    NoRouteReason,
};
use crate::plan::Plan;
use crate::port::{Held, Reserved, StoreError};
use crate::routing::Candidate;
use crate::vocabulary::{BuyerId, Destination};

/// What follows from the result of a dial.
enum Next {
    /// The call is over, or the caller is.
    Hangup,
    /// The conversation is over, and the caller is still there.
    Talked,
    /// The next candidate, or the no-route treatment for this reason.
    Offer(NoRouteReason),
}

impl Switchboard {
    pub(super) async fn dial_result(
        &self,
        event: &Event,
        result: &DialResult,
    ) -> Result<Stepped, HandleError> {
        let Some(tenant) = self.tenant_of(event).await? else {
            return Ok(Stepped::Done(self.unknown_call(event)));
        };
        let now = self.ports.clock.now();
        let known = match self.look_again(event, tenant, now).await? {
            Ok(known) => known,
            Err(reply) => return Ok(Stepped::Done(reply)),
        };
        let Known { before, auction } = known;
        let mut call = before.0.clone();
        let known = call.dial_result(result, now);
        let plan = self.plan_of(&call).await?;
        let next = match known {
            // A dial that we never made: whoever asks hears the end of the call.
            Advance::Stale => Next::Hangup,
            Advance::Moved | Advance::Repeated => next(&mut call, plan.as_deref(), result),
        };
        // What is rerouted pays nothing, so that is decided first.
        if let Some(plan) = plan.as_deref() {
            settle::convert(&mut call, plan);
        }
        let routing = match next {
            Next::Hangup => Routing::decided(hangup(call)),
            Next::Talked => self.talked(event, call, plan.as_deref(), now).await?,
            Next::Offer(otherwise) => {
                let of = plan.as_deref();
                match self.offer_next(event, result, call, of, auction, otherwise).await? {
                    Offered::Outcome(offered) => {
                        self.after_offer(event, *offered, plan.as_deref(), now).await?
                    }
                    Offered::Stepped(stepped) => return Ok(stepped),
                }
            }
        };
        let outcome = match (routing, plan.as_deref()) {
            (Routing::Decided(outcome), Some(plan)) => self.treated(*outcome, plan, now),
            (Routing::Decided(outcome), None) => self.without_campaign(*outcome),
            (Routing::Stored(directives), _) => {
                return Ok(Stepped::Done(Reply::stored(before.0.id, tenant, directives)));
            }
        };
        self.save(event, Some(&before), outcome, now).await
    }

    /// Offers a call whose dial failed to the next bid or buyer. In a flow, the node that the call is
    /// in says who that is.
    async fn offer_next(
        &self,
        event: &Event,
        result: &DialResult,
        call: Call,
        plan: Option<&Plan>,
        auction: Option<AuctionLog>,
        otherwise: NoRouteReason,
    ) -> Result<Offered, HandleError> {
        let attempt = call.attempts.iter().find(|attempt| attempt.attempt == result.attempt);
        if attempt.is_some_and(|attempt| attempt.target.candidate().is_none()) {
            // The flow named a number, and there is no other in its place.
            return Ok(Offered::Outcome(Box::new(Outcome::unrouted(call, otherwise))));
        }
        // A buyer is dialled once no bid is left, or by a node that holds no auction: what was sold
        // before is not touched by how that ends.
        let of_target = attempt.is_some_and(|attempt| attempt.target.target().is_some());
        let routed_by = plan.map(|plan| routed_by(&call, plan));
        match (routed_by, auction.filter(|_| of_target)) {
            (Some(plan), Some(log)) => {
                self.offer_bids(event, result, call, plan, &log, otherwise).await
            }
            (plan, _) => {
                let now = self.ports.clock.now();
                let outcome = self.offer(call, plan, otherwise, now).await?;
                Ok(Offered::Outcome(Box::new(outcome)))
            }
        }
    }

    /// Offers the call to the next candidate of its ranking that has room.
    pub(super) async fn offer(
        &self,
        mut call: Call,
        plan: Option<&Plan>,
        otherwise: NoRouteReason,
        now: DateTime<Utc>,
    ) -> Result<Outcome, HandleError> {
        let Some(plan) = plan else {
            call.no_route.get_or_insert(NoRouteReason::CampaignGone);
            return Ok(hangup(call));
        };
        if !may_dial(&call, plan) {
            let more = call.ranking.len() > call.ranking_used;
            let reason = if more { NoRouteReason::AttemptLimit } else { otherwise };
            return Ok(Outcome::unrouted(call, reason));
        }
        // Who was paused or taken out of the campaign since the ranking was made is passed over.
        let waiting: Vec<BuyerId> = call.ranking[call.ranking_used..]
            .iter()
            .copied()
            .filter(|buyer| plan.candidate(*buyer).is_some_and(|candidate| !candidate.paused))
            .collect();
        if waiting.is_empty() {
            return Ok(Outcome::unrouted(call, otherwise));
        }
        Ok(match self.reserve(&call, plan, &waiting, call.next_attempt(), now).await? {
            Reserved::Held(held) => self.dial(call, plan, &held, now),
            Reserved::Full { .. } => Outcome::unrouted(call, otherwise),
            Reserved::CallEnded => hangup(call),
        })
    }

    /// Reserves the first of these candidates that has room.
    pub(super) async fn reserve(
        &self,
        call: &Call,
        plan: &Plan,
        ranking: &[BuyerId],
        attempt: u32,
        now: DateTime<Utc>,
    ) -> Result<Reserved, StoreError> {
        let candidates = ranking.iter().filter_map(|buyer| plan.candidate(*buyer));
        let claims = candidates.map(Candidate::claim).collect();
        let reservation = self.reservation(call, plan, claims, attempt);
        self.ports.capacity.reserve(call.tenant, reservation, now).await
    }

    /// Tells the carrier to dial the candidate who is held.
    pub(super) fn dial(
        &self,
        mut call: Call,
        plan: &Plan,
        held: &Held,
        now: DateTime<Utc>,
    ) -> Outcome {
        let Some(candidate) = plan.held(held.candidate) else {
            // The number is spent, so that nothing of it follows the call.
            call.reserved = call.reserved.max(call.next_attempt());
            // The buyer was taken out of the campaign between two tries of the same step.
            return Outcome::unrouted(call, NoRouteReason::NoBuyerAllFiltered);
        };
        let attempt = call.next_attempt();
        let place = call.ranking.iter().position(|buyer| *buyer == candidate.buyer);
        call.ranking_used = place.map_or(call.ranking.len(), |place| place + 1);
        let target = AttemptTarget::Buyer { buyer: candidate.buyer };
        call.attempts.push(Attempt {
            lease: Some(held.lease),
            lease_expires_at: Some(held.expires_at),
            ..Attempt::dialled(attempt, target, candidate.destination.clone(), now)
        });
        let directive = directive(&call, plan, attempt, candidate.destination.clone());
        Outcome::told(call, vec![directive])
    }

    /// What becomes of a call that nobody takes and whose campaign is gone: it ends, and not silently.
    pub(super) fn without_campaign(&self, mut outcome: Outcome) -> Outcome {
        if outcome.unrouted.take().is_some() {
            outcome.call.no_route = Some(NoRouteReason::CampaignGone);
            let text = self.settings.no_route_message.clone();
            outcome.directives = vec![Directive::say(text), Directive::Hangup];
        }
        outcome
    }

    /// What becomes of a call that nobody takes: the campaign's no-route treatment.
    pub(super) fn treated(&self, outcome: Outcome, plan: &Plan, now: DateTime<Utc>) -> Outcome {
        let Some(reason) = outcome.unrouted else { return outcome };
        let treatment = self.refuse(outcome.call, plan, reason, now);
        let mut directives = outcome.directives;
        directives.extend(treatment.directives);
        Outcome { call: treatment.call, directives, unrouted: None, ..outcome }
    }

    /// The no-route treatment: another number, or a message and the end.
    pub(super) fn refuse(
        &self,
        mut call: Call,
        plan: &Plan,
        reason: NoRouteReason,
        now: DateTime<Utc>,
    ) -> Outcome {
        call.no_route.get_or_insert(reason);
        let treatment = &plan.campaign.no_route;
        // A campaign that is not active dials nobody at all.
        if let Some(number) = &treatment.number
            && reason != NoRouteReason::CampaignNotActive
        {
            let attempt = call.next_attempt();
            let destination = Destination::Number(number.clone());
            let directive = directive(&call, plan, attempt, destination.clone());
            call.attempts.push(Attempt::dialled(attempt, AttemptTarget::NoRoute, destination, now));
            return Outcome::told(call, vec![directive]);
        }
        let text =
            treatment.message.clone().unwrap_or_else(|| self.settings.no_route_message.clone());
        Outcome::told(call, vec![Directive::say(text), Directive::Hangup])
    }
}

pub(super) fn directive(
    call: &Call,
    plan: &Plan,
    attempt: u32,
    destination: Destination,
) -> Directive {
    Directive::Dial(Dial {
        attempt,
        destination,
        caller_id: plan.caller_id(&call.called),
        ring_timeout_secs: plan.campaign.dial_timeout_secs,
        time_limit_secs: plan.campaign.max_call_length_secs,
        recording: plan.campaign.recording,
    })
}

pub(super) fn hangup(call: Call) -> Outcome {
    Outcome::told(call, vec![Directive::Hangup])
}

/// The plan that a call is routed by: that of the node that it is in, or its campaign's.
fn routed_by<'a>(call: &Call, plan: &'a Plan) -> &'a Plan {
    let session = call.flow.as_ref().filter(|session| session.is_running());
    let node = session.zip(plan.flow.as_ref());
    node.and_then(|(session, flow)| flow.route(&session.node)).unwrap_or(plan)
}

fn next(call: &mut Call, plan: Option<&Plan>, result: &DialResult) -> Next {
    let index = call.attempts.iter().position(|attempt| attempt.attempt == result.attempt);
    let target = index.map(|index| call.attempts[index].target);
    if call.is_over() || target.is_none_or(|target| target == AttemptTarget::NoRoute) {
        return Next::Hangup;
    }
    match result.outcome {
        DialOutcome::Canceled => Next::Hangup,
        DialOutcome::Busy | DialOutcome::NoAnswer | DialOutcome::Failed => {
            Next::Offer(NoRouteReason::NoAnswer)
        }
        DialOutcome::Answered => match plan.and_then(|plan| plan.campaign.reroute) {
            // The caller is still there, so it was the buyer who hung up.
            Some(reroute)
                if target.is_some_and(|target| target.candidate().is_some())
                    && result.talk_secs.is_some_and(|secs| secs < reroute.under_secs)
                    && call.reroutes < reroute.attempts =>
            {
                call.reroutes += 1;
                index.into_iter().for_each(|index| call.attempts[index].rerouted = true);
                Next::Offer(NoRouteReason::NoAnswer)
            }
            _ => Next::Talked,
        },
    }
}
