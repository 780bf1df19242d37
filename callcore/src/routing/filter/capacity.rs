//! A candidate has room under every one of its caps.
//!
//! This only tells what was seen. The claim that is made afterwards is the one atomic act that
//! counts, and what it found full comes back here as evidence.

use super::Context;
use crate::routing::{Candidate, Cap, CapKey, Refusal};
use crate::schedule::window_end;

pub(super) fn check(candidate: &Candidate, context: &Context<'_>) -> Result<(), Refusal> {
    for cap in &candidate.caps {
        let used = context.observed.usage.get(&cap.key).copied().unwrap_or(0);
        if used >= cap.limit {
            return Err(refusal(cap, used, context));
        }
    }
    Ok(())
}

/// The refusal of a candidate whose claim found this cap full, whatever was seen before.
pub(in crate::routing) fn raced(
    candidate: &Candidate,
    key: CapKey,
    context: &Context<'_>,
) -> Option<Refusal> {
    let cap = candidate.caps.iter().find(|cap| cap.key == key)?;
    Some(refusal(cap, cap.limit, context))
}

fn refusal(cap: &Cap, used: u32, context: &Context<'_>) -> Refusal {
    Refusal::Capped {
        cap: cap.key,
        used,
        limit: cap.limit,
        resets_at: window_end(cap.key.window, cap.zone, context.now),
    }
}
