//! News of a call that nobody waits for an answer to, and what follows from it: releases,
//! conversion, the end.

use super::handle::{HandleError, Outcome, Stepped, Switchboard};
use crate::call::{Advance, Attempt, AttemptTarget, Call, Event, EventKind};
use crate::plan::Plan;
use crate::port::Release;
use crate::vocabulary::limits;

impl Switchboard {
    pub(super) async fn news(&self, event: &Event) -> Result<Stepped, HandleError> {
        let Some(tenant) = self.tenant_of(event).await? else {
            return Ok(Stepped::Done(self.unknown_call(event)));
        };
        let now = self.ports.clock.now();
        let before = match self.look_again(event, tenant, now).await? {
            Ok(known) => known.before,
            Err(reply) => return Ok(Stepped::Done(reply)),
        };
        // A carrier tells a call's news in a dozen webhooks; whoever sends hundreds gets no more room.
        // Statuses of the call itself are few, and its end must be heard.
        let unbounded = !matches!(event.kind, EventKind::Progress(_));
        if unbounded && before.0.facts >= limits::CALL_FACTS {
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
            EventKind::Incoming(_) | EventKind::DialResult(_) => None,
        };
        let outcome = Outcome { call, directives: Vec::new(), decision: None, auction: None };
        self.save(event, Some(&before), outcome, now).await
    }
}

/// What attempts give back: those of which it is known how they ended, and the numbers that were
/// reserved for and never dialled.
pub(super) fn releases(call: &Call) -> Vec<Release> {
    let over = |attempt: &&Attempt| attempt.is_over() && attempt.lease.is_some();
    let release =
        |attempt: &Attempt| Release { attempt: attempt.attempt, refund: !attempt.connected() };
    let dialled = |number: &u32| call.attempts.iter().any(|attempt| attempt.attempt == *number);
    let given_up = (1..=call.reserved).filter(|number| !dialled(number));
    let given_up = given_up.map(|attempt| Release { attempt, refund: true });
    call.attempts.iter().filter(over).map(release).chain(given_up).collect()
}

/// Marks a call as converted once a conversation was long enough for its buyer.
pub(super) fn convert(call: &mut Call, plan: &Plan) {
    if call.converted {
        return;
    }
    for attempt in &call.attempts {
        let Some(talked) = attempt.talk_secs else { continue };
        let (after_secs, revenue) = match attempt.target {
            AttemptTarget::NoRoute => continue,
            AttemptTarget::Buyer { buyer } => {
                let (rule, revenue) = plan.conversion(buyer);
                (rule.map(|rule| rule.after_secs), revenue)
            }
            // A bid is for the call itself where neither it nor the campaign wants more.
            AttemptTarget::Target { price, paid_after_secs, .. } => {
                let rule = plan.campaign.conversion.map(|rule| rule.after_secs);
                (paid_after_secs.or(rule).or(Some(0)), Some(price))
            }
        };
        if after_secs.is_some_and(|after_secs| talked >= after_secs) {
            call.converted = true;
            call.revenue = revenue;
        }
    }
}
