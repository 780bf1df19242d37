//! Buyers take callers from where they want them.

use super::Context;
use crate::model::GeoVerdict;
use crate::routing::{Candidate, Refusal};

pub(super) fn check(candidate: &Candidate, context: &Context<'_>) -> Result<(), Refusal> {
    let caller = context.request.caller;
    match candidate.geo.verdict(&caller.place, caller.number.as_ref()) {
        GeoVerdict::Allowed => Ok(()),
        GeoVerdict::Denied(rule) => {
            Err(Refusal::GeoDenied { kind: rule.kind, value: rule.value.clone() })
        }
        GeoVerdict::NotAllowed => Err(Refusal::GeoNotAllowed),
    }
}
