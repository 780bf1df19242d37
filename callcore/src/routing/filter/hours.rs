//! Buyers take calls in their hours, in their zone.

use super::Context;
use crate::routing::{Candidate, Refusal};
use crate::schedule::OpenState;

pub(super) fn check(candidate: &Candidate, context: &Context<'_>) -> Result<(), Refusal> {
    let zone = candidate.zone;
    let opens_at = || candidate.schedule.next_open(context.now);
    match candidate.schedule.state(context.now) {
        OpenState::Open => Ok(()),
        OpenState::Closed => Err(Refusal::Closed { zone, opens_at: opens_at() }),
        OpenState::Holiday { name } => Err(Refusal::Holiday { name, zone, opens_at: opens_at() }),
    }
}
