//! News of a call that nobody waits for an answer to, and what follows from it: releases,
//! conversion, the end.

use super::early::Early;
use super::handle::{HandleError, Known, Outcome, Stepped, Switchboard};
use crate::call::{Advance, Attempt, AttemptTarget, Call, Event, EventKind, FlowStatus};
use crate::plan::Plan;
use crate::port::Release;
use crate::vocabulary::limits;

impl Switchboard {
    pub(super) async fn news(
        &self,
        event: &Event,
        early: &mut Early,
    ) -> Result<Stepped, HandleError> {
        let Some(tenant) = self.tenant_of_news(event, early).await? else {
            return Ok(Stepped::Done(self.unknown_call(event)));
        };
        let now = self.ports.clock.now();
        let Known { before, auction } = match self.look_again(event, tenant, now).await? {
            Ok(known) => known,
            Err(reply) => return Ok(Stepped::Done(reply)),
        };
        // A carrier tells a call's news in a dozen webhooks; whoever sends hundreds gets no more room.
        // Statuses of the call itself are few, and its end must be heard.
        let unbounded = !matches!(event.kind, EventKind::Progress(_));
        if unbounded && before.0.facts >= limits::CALL_FACTS {
            return Ok(Stepped::Done(self.unknown_call(event)));
        }
        if let EventKind::TargetReport(report) = &event.kind
            && before.0.reports_of(report.target) >= limits::TARGET_REPORTS
        {
            return Ok(Stepped::Done(self.unknown_call(event)));
        }
        let mut call = before.0.clone();
        // Late and repeated news change nothing but the journal.
        let _: Option<Advance> = match &event.kind {
            EventKind::Progress(progress) => Some(call.progress(progress, now)),
            EventKind::LegProgress(progress) => Some(call.leg_progress(progress, now)),
            EventKind::Recording(recording) => {
                call.recording(recording);
                None
            }
            EventKind::Transcription(told) => Some(call.transcription(told)),
            EventKind::TargetReport(report) => Some(call.report(report)),
            EventKind::Incoming(_) | EventKind::DialResult(_) | EventKind::FlowStep(_) => None,
        };
        // Where a target takes its conversion back, another conversation may have been long enough.
        if matches!(event.kind, EventKind::TargetReport(_))
            && let Some(plan) = self.plan_of(&call).await?
        {
            convert(&mut call, &plan);
        }
        let outbox = Vec::from_iter(super::conference::recall(&mut call, event, now));
        let mut outcome = Outcome { outbox, ..Outcome::of(call) };
        if early.is_early() {
            outcome.take_back(auction.as_ref(), now);
        }
        self.save(event, Some(&before), outcome, now).await
    }
}

/// What attempts give back: those of which it is known how they ended, and the numbers that were
/// reserved for and never dialled.
pub(super) fn releases(call: &Call) -> Vec<Release> {
    let over = |attempt: &&Attempt| attempt.is_over() && attempt.lease.is_some();
    let release = |attempt: &Attempt| Release {
        attempt: attempt.attempt,
        refund: call.is_test() || !attempt.connected(),
    };
    let dialled = |number: &u32| call.attempts.iter().any(|attempt| attempt.attempt == *number);
    let given_up = (1..=call.reserved).filter(|number| !dialled(number));
    let given_up = given_up.map(|attempt| Release { attempt, refund: true });
    call.attempts.iter().filter(over).map(release).chain(given_up).collect()
}

/// Marks a call as converted once a conversation was long enough for its buyer. One that was rerouted
/// is not, however short the agreed time is: the call is offered to the next, and sold once. A target
/// that reported what became of its attempt has had the last word on it. A test never converts.
pub(super) fn convert(call: &mut Call, plan: &Plan) {
    if call.converted || call.is_test() {
        return;
    }
    let counts = |attempt: &&Attempt| attempt.reported.is_none() && !attempt.rerouted;
    for attempt in call.attempts.iter().filter(counts) {
        let Some(talked) = attempt.talk_secs else { continue };
        let (after_secs, revenue) = match attempt.target {
            AttemptTarget::NoRoute | AttemptTarget::External | AttemptTarget::Conference => {
                continue;
            }
            AttemptTarget::Buyer { buyer } => {
                let (rule, revenue) = plan.conversion(buyer);
                (rule.map(|rule| rule.after_secs), revenue)
            }
            // A bid is for the call itself where neither it nor the campaign wants more. What would be
            // rerouted is no call, be it that nobody was left to reroute it to.
            AttemptTarget::Target { price, paid_after_secs, .. } => {
                let rule = plan.campaign.conversion.map(|rule| rule.after_secs);
                let least = plan.campaign.reroute.map_or(0, |reroute| reroute.under_secs);
                (paid_after_secs.or(rule).or(Some(least)), Some(price))
            }
        };
        if after_secs.is_some_and(|after_secs| talked >= after_secs) {
            (call.converted, call.converted_by) = (true, Some(attempt.attempt));
            call.revenue = revenue;
        }
    }
}

/// Ends the flow of a call that is over. That somebody answered may become known after that.
pub(super) fn close_flow(call: &mut Call) {
    let is_over = call.is_over();
    let first = usize::try_from(call.attempts_before).unwrap_or(usize::MAX);
    let answered = call.attempts.iter().skip(first).any(Attempt::connected);
    let connected = answered || call.was_taken_from_queue();
    let unfinished = [FlowStatus::Running, FlowStatus::Abandoned];
    let flow = call.flow.as_mut().filter(|flow| unfinished.contains(&flow.status));
    if let Some(flow) = flow.filter(|_| is_over) {
        flow.status = if connected { FlowStatus::Completed } else { FlowStatus::Abandoned };
    }
}
