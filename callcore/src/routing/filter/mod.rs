//! The filters, one file each, and the order in which they are asked: what the tenant switched by
//! hand first, then what follows from the clock, then from the caller, then from other calls.

mod availability;
mod capacity;
mod duplicate;
mod geography;
mod hours;
mod paused;
mod skill;
mod wrap_up;

pub(super) use capacity::raced;

use chrono::{DateTime, Utc};

use super::{Candidate, Observed, Refusal, Request};

/// What a filter may look at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) observed: &'a Observed,
    pub(super) now: DateTime<Utc>,
}

/// A filter lets a candidate pass or says why not.
pub(super) type Filter = fn(&Candidate, &Context<'_>) -> Result<(), Refusal>;

/// The documented order: paused, availability, wrap-up, hours, geography, skills, duplicates, caps.
/// The first that refuses gives the reason.
pub(super) const FILTERS: [Filter; 8] = [
    paused::check,
    availability::check,
    wrap_up::check,
    hours::check,
    geography::check,
    skill::check,
    duplicate::check,
    capacity::check,
];
