//! Agents finish the work of the last conversation before they take the next.

use chrono::TimeDelta;

use super::Context;
use crate::routing::{Candidate, Refusal};

pub(super) fn check(candidate: &Candidate, context: &Context<'_>) -> Result<(), Refusal> {
    let activity = context.observed.activity.get(&candidate.buyer.into());
    let Some(ended_at) = activity.and_then(|activity| activity.last_ended_at) else {
        return Ok(());
    };
    let until = ended_at + TimeDelta::seconds(i64::from(candidate.wrap_up_secs));
    if context.now < until { Err(Refusal::WrapUp { until }) } else { Ok(()) }
}
