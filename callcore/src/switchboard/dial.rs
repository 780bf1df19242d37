//! Dialling: the reservation before it, the directive for it, the result after it.

use chrono::{DateTime, Utc};

use super::auction::{Offered, may_dial};
use super::handle::{HandleError, Known, Outcome, Stepped, Switchboard};
use super::settle;
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
        if let Some(plan) = plan.as_deref() {
            settle::convert(&mut call, plan);
        }
        let next = match known {
            // A dial that we never made: whoever asks hears the end of the call.
            Advance::Stale => Next::Hangup,
            Advance::Moved | Advance::Repeated => next(&mut call, plan.as_deref(), result),
        };
        let outcome = match next {
            Next::Hangup => hangup(call),
            Next::Offer(otherwise) => match (plan.as_deref(), auction) {
                (Some(plan), Some(log)) => {
                    match self.offer_bids(event, result, call, plan, &log, otherwise).await? {
                        Offered::Outcome(outcome) => *outcome,
                        Offered::Stepped(stepped) => return Ok(stepped),
                    }
                }
                (plan, _) => self.offer(call, plan, otherwise, now).await?,
            },
        };
        self.save(event, Some(&before), outcome, now).await
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
            return Ok(self.refuse(call, plan, reason, now));
        }
        // Who was paused or taken out of the campaign since the ranking was made is passed over.
        let waiting: Vec<BuyerId> = call.ranking[call.ranking_used..]
            .iter()
            .copied()
            .filter(|buyer| plan.candidate(*buyer).is_some_and(|candidate| !candidate.paused))
            .collect();
        if waiting.is_empty() {
            return Ok(self.refuse(call, plan, otherwise, now));
        }
        Ok(match self.reserve(&call, plan, &waiting, call.next_attempt(), now).await? {
            Reserved::Held(held) => self.dial(call, plan, &held, now),
            Reserved::Full { .. } => self.refuse(call, plan, otherwise, now),
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
            // The buyer was taken out of the campaign between two tries of the same step.
            return self.refuse(call, plan, NoRouteReason::NoBuyerAllFiltered, now);
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
        Outcome { call, directives: vec![directive], decision: None, auction: None }
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
            return Outcome { call, directives: vec![directive], decision: None, auction: None };
        }
        let text =
            treatment.message.clone().unwrap_or_else(|| self.settings.no_route_message.clone());
        Outcome {
            call,
            directives: vec![Directive::Say { text }, Directive::Hangup],
            decision: None,
            auction: None,
        }
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
    Outcome { call, directives: vec![Directive::Hangup], decision: None, auction: None }
}

fn next(call: &mut Call, plan: Option<&Plan>, result: &DialResult) -> Next {
    let attempt = call.attempts.iter().find(|attempt| attempt.attempt == result.attempt);
    let to_buyer = attempt.is_some_and(|attempt| attempt.target.candidate().is_some());
    if call.is_over() || !to_buyer {
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
                if result.talk_secs.is_some_and(|secs| secs < reroute.under_secs)
                    && call.reroutes < reroute.attempts =>
            {
                call.reroutes += 1;
                Next::Offer(NoRouteReason::NoAnswer)
            }
            _ => Next::Hangup,
        },
    }
}
