//! Agents who are busy, on a break or offline take no call.

use super::Context;
use crate::model::Availability;
use crate::routing::{Candidate, Refusal};

pub(super) fn check(candidate: &Candidate, _: &Context<'_>) -> Result<(), Refusal> {
    match candidate.availability {
        Availability::Available => Ok(()),
        availability => Err(Refusal::Unavailable { availability }),
    }
}
