//! Callers who were there before (spec BUY-7).

use chrono::TimeDelta;

use super::Context;
use crate::model::{DuplicateScope, RestrictAfter};
use crate::routing::{Candidate, Refusal};

pub(super) fn check(candidate: &Candidate, context: &Context<'_>) -> Result<(), Refusal> {
    let rule = candidate.duplicates;
    let newest = context
        .observed
        .contacts
        .iter()
        .filter(|contact| match rule.scope {
            DuplicateScope::None => false,
            DuplicateScope::Buyer => contact.buyer == candidate.buyer,
            DuplicateScope::Campaign => contact.campaign == context.request.campaign,
        })
        .filter_map(|contact| match rule.after {
            RestrictAfter::Connected => contact.connected_at,
            RestrictAfter::Converted => contact.converted_at,
        })
        .max();
    let Some(at) = newest else { return Ok(()) };
    let until = rule.days.map(|days| at + TimeDelta::days(i64::from(days)));
    if until.is_some_and(|until| until <= context.now) {
        return Ok(());
    }
    Err(Refusal::Duplicate { scope: rule.scope, after: rule.after, at, until })
}
