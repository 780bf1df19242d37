//! Replies that say what a caller entered in confidence: the journal keeps them hidden, and the session
//! as they were said, until nobody can ask for them again.

use crate::call::{Call, Directive, Event, StepKey};
use crate::flow::hidden_directives;
use crate::port::Look;

/// What the journal keeps of a reply. Where that is not the reply itself, the call's session keeps it
/// for a carrier that repeats its webhook.
pub(super) fn journalled(call: &mut Call, step: &StepKey, reply: &[Directive]) -> Vec<Directive> {
    let call_is_over = call.is_over();
    let Some(session) = &mut call.flow else { return reply.to_vec() };
    let shown = hidden_directives(reply, session);
    if shown != reply {
        session.keep_reply(step.clone(), reply.to_vec());
    }
    session.forget_secrets(call_is_over);
    shown
}

/// The reply that an event was given before, as the carrier got it; `None` where there was none.
pub(super) fn stored_reply(event: &Event, look: &Look) -> Option<Vec<Directive>> {
    let journalled = look.reply.clone()?;
    let session = look.call.as_ref().and_then(|(call, _)| call.flow.as_ref());
    let kept = session.and_then(|session| session.kept_reply(&event.step()));
    Some(kept.map_or(journalled, <[Directive]>::to_vec))
}
