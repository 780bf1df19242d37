//! Who may get the call, and whether a turn of a rotation must be drawn to rank them.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::decision::RefusedCandidate;
use super::filter::{Context, FILTERS};
use super::{Candidate, Observed, Request};
use crate::model::Strategy;
use crate::vocabulary::Seed;

/// The candidates after the filters.
#[derive(Clone, Debug)]
pub struct Eligibility<'a> {
    /// Who may get the call, in the order of the plan.
    pub eligible: Vec<&'a Candidate>,
    /// Who may not, and why.
    pub refused: Vec<RefusedCandidate>,
}

/// A rotation over the candidates that are first in line.
///
/// Its key covers who they are and what they weigh: every set of eligible candidates has turns of
/// its own. So the shares of a set are exact over all the calls that this set was eligible for,
/// however often other sets come in between, and a set that returns goes on where it stopped.
#[derive(Clone, Debug)]
pub struct Rotation<'a> {
    /// Names the rotation.
    pub key: String,
    /// Who shares, in the order that breaks ties.
    pub members: Vec<&'a Candidate>,
    /// Their weights.
    pub weights: Vec<u32>,
}

impl<'a> Eligibility<'a> {
    /// Asks every filter of every candidate.
    pub fn examine(
        request: &Request<'_>,
        candidates: &'a [Candidate],
        observed: &Observed,
        now: DateTime<Utc>,
    ) -> Self {
        let context = Context { request, observed, now };
        let mut sorted = Self { eligible: Vec::new(), refused: Vec::new() };
        for candidate in candidates {
            if observed.held == Some(candidate.buyer.into()) {
                sorted.eligible.push(candidate);
                continue;
            }
            match FILTERS.iter().try_for_each(|filter| filter(candidate, &context)) {
                Ok(()) => sorted.eligible.push(candidate),
                Err(reason) => {
                    sorted.refused.push(RefusedCandidate::new(candidate, reason, &context));
                }
            }
        }
        sorted
    }

    /// The rotation whose turn must be drawn before ranking; `None` where the order is settled
    /// without one.
    pub fn rotation(&self, request: &Request<'_>) -> Option<Rotation<'a>> {
        let members: Vec<&Candidate> = match request.strategy {
            Strategy::RoundRobin => self.eligible.clone(),
            Strategy::Priority => {
                let first = self.eligible.iter().map(|candidate| candidate.priority).min()?;
                self.eligible
                    .iter()
                    .filter(|candidate| candidate.priority == first)
                    .copied()
                    .collect()
            }
            Strategy::Capacity | Strategy::Performance | Strategy::Skills => return None,
        };
        (members.len() > 1).then(|| Rotation::over(request, members))
    }
}

impl<'a> Rotation<'a> {
    pub(super) fn over(request: &Request<'_>, mut members: Vec<&'a Candidate>) -> Self {
        members.sort_by_key(|candidate| candidate.buyer);
        let mut hash = Sha256::new();
        hash.update(request.campaign.uuid().as_bytes());
        for member in &members {
            hash.update(member.buyer.uuid().as_bytes());
            hash.update(member.weight.to_be_bytes());
        }
        let digest = hash.finalize();
        let key: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        // Ties go by an order of the rotation's own, so that the candidate with the lowest id is
        // not the first of every new set.
        let shuffle = Seed::of_key(&key);
        members.sort_by_key(|candidate| shuffle.rank(candidate.buyer.uuid().as_bytes()));
        let weights = members.iter().map(|candidate| candidate.weight).collect();
        Self { key, members, weights }
    }
}
