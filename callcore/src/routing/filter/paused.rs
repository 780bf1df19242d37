//! Paused buyers take no call.

use super::Context;
use crate::routing::{Candidate, Refusal};

pub(super) fn check(candidate: &Candidate, _: &Context<'_>) -> Result<(), Refusal> {
    if candidate.paused { Err(Refusal::Paused) } else { Ok(()) }
}
