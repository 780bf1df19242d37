//! Warm transfers: the caller waits in a conference while somebody else is rung, who joins it.

use chrono::{DateTime, Utc};

use crate::call::{
    Attempt, AttemptTarget, Call, CallerInput, Delivery, DialOutcome, DialResult, Event, EventKind,
    LegStatus, NoRouteReason, Payload,
};
use crate::flow::{Input, Routed};
use crate::vocabulary::{Destination, Seed};

/// How long the end of a conference may take to bring the caller back, in seconds.
const MEETING_ENDS_SECS: u32 = 3;
/// How long news of a leg may take, beyond the time that it rings, in seconds.
const NEWS_ARRIVE_SECS: u32 = 20;

/// Has the carrier ring somebody who joins the caller's conference.
pub(super) fn invitation(
    call: &Call,
    (attempt, step): (u32, u32),
    destination: Destination,
    whisper: String,
    ring_timeout_secs: u32,
) -> Payload {
    Payload::Invite {
        carrier_call: call.carrier_call.clone(),
        attempt,
        step,
        destination,
        // A call that we make shows a number that the account holds: the one that was dialled.
        caller_id: call.called.clone(),
        whisper,
        ring_timeout_secs,
    }
}

/// Takes the caller out of the conference where nobody is going to join it.
pub(super) fn recall(call: &mut Call, event: &Event, now: DateTime<Utc>) -> Option<Delivery> {
    let EventKind::LegProgress(leg) = &event.kind else { return None };
    let step = call.flow.as_ref().filter(|flow| flow.is_running())?.conference?;
    let attempt = call.attempts.last().filter(|attempt| attempt.attempt == leg.attempt)?;
    let waits = attempt.target == AttemptTarget::Conference && !attempt.is_over();
    // A second leg, which rang because the carrier was asked again, is not the one that is waited for.
    let is_its_own = attempt.leg.as_ref() == Some(&leg.leg);
    if call.is_over() || !waits || !is_its_own || leg.status != LegStatus::Ended {
        return None;
    }
    // Whether one who answered met the caller is known by how the caller comes back.
    let answered = attempt.connected() || leg.outcome == Some(DialOutcome::Answered);
    if !answered {
        let outcome = leg.outcome.unwrap_or(DialOutcome::NoAnswer);
        learn(call, leg.attempt, outcome, None, now);
    }
    // The end of a conference in which the two met brings the caller back by itself.
    let after_secs = if answered { MEETING_ENDS_SECS } else { 0 };
    let id = Seed::derive(call.tenant, call.id, &format!("flow/{step}"), "recall").uuid();
    let carrier_call = call.carrier_call.clone();
    let payload = Payload::Recall { carrier_call, step, after_secs };
    Some(Delivery { id, name: "recall".to_owned(), retries: 5, payload })
}

/// Takes the caller out of a conference that nobody joined, should nobody tell of it: the carrier says
/// how a leg ended once, and the word may be lost.
pub(super) fn watch(call: &Call, step: u32, ring_timeout_secs: u32) -> Payload {
    let after_secs = ring_timeout_secs + NEWS_ARRIVE_SECS;
    Payload::Recall { carrier_call: call.carrier_call.clone(), step, after_secs }
}

/// What came of a conference that the caller waited in at this step; `None` where there was none.
pub(super) fn outcome(
    call: &mut Call,
    step: u32,
    input: &CallerInput,
    now: DateTime<Utc>,
) -> Option<Input> {
    let flow = call.flow.as_mut()?;
    let waited = flow.conference.take_if(|waited| *waited == step);
    waited?;
    let attempt = call.attempts.last().cloned()?;
    // Whoever is taken out of a conference comes back with nothing; whose conference ended, comes back
    // from it.
    let answered =
        attempt.connected() || (attempt.status == LegStatus::Ended && !attempt.is_over());
    let connected = answered && *input == CallerInput::Returned;
    if !attempt.is_over() {
        let outcome = match connected {
            true => DialOutcome::Answered,
            // The caller hung up while the other's phone rang.
            false if call.is_over() => DialOutcome::Canceled,
            false => DialOutcome::NoAnswer,
        };
        learn(call, attempt.attempt, outcome, talked_secs(&attempt, now), now);
    }
    let routed = if connected {
        Routed::Connected
    } else {
        if !call.is_over() {
            call.no_route = Some(NoRouteReason::NoAnswer);
        }
        Routed::Unrouted(NoRouteReason::NoAnswer)
    };
    Some(Input::Routed(routed))
}

fn talked_secs(attempt: &Attempt, now: DateTime<Utc>) -> Option<u32> {
    let talked = now - attempt.answered_at?;
    u32::try_from(talked.num_seconds()).ok()
}

fn learn(
    call: &mut Call,
    attempt: u32,
    outcome: DialOutcome,
    talk_secs: Option<u32>,
    now: DateTime<Utc>,
) {
    let result =
        DialResult { attempt, outcome, leg: None, talk_secs, call_status: None, recording: None };
    // The attempt is ours and not over, so this is news.
    let _ = call.dial_result(&result, now);
}
