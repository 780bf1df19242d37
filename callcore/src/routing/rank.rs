//! The rankers: eligible candidates in the order in which they are dialled.

use std::cmp::{Ordering, Reverse};

use super::observed::{Activity, Observed};
use super::{Candidate, Eligibility, Request, Rotation, rotation};
use crate::model::Strategy;
use crate::vocabulary::Seed;

/// Ranks by the request's strategy. The order is total: what is left equal goes by the seed.
pub(super) fn rank<'a>(
    request: &Request<'_>,
    eligibility: &Eligibility<'a>,
    observed: &Observed,
    seed: Seed,
) -> Vec<&'a Candidate> {
    let mut ranked = eligibility.eligible.clone();
    let shuffled = |candidate: &Candidate| seed.rank(candidate.buyer.uuid().as_bytes());
    match request.strategy {
        Strategy::Priority => return by_priority(request, &ranked, observed, seed),
        Strategy::RoundRobin => return rotate(request, ranked, drawn_or_seeded(observed, seed)),
        Strategy::Performance => return by_performance(request, ranked, observed, seed),
        Strategy::Capacity => ranked.sort_by(|a, b| {
            most_free_first(FreeShare::of(a, observed), FreeShare::of(b, observed))
                .then_with(|| a.priority.cmp(&b.priority))
                .then_with(|| shuffled(a).cmp(&shuffled(b)))
        }),
        Strategy::Skills => ranked.sort_by_key(|candidate| {
            let proficiency =
                |skill: &String| u32::from(candidate.skills.get(skill).copied().unwrap_or(0));
            let fit: u32 = request.required_skills.keys().map(proficiency).sum();
            (Reverse(fit), candidate.priority, shuffled(candidate))
        }),
    }
    ranked
}

/// Priority 1 first; inside a priority exact weighted shares. Only the first tier takes the turn
/// that was drawn: the others are fallbacks, and their order is seeded.
fn by_priority<'a>(
    request: &Request<'_>,
    eligible: &[&'a Candidate],
    observed: &Observed,
    seed: Seed,
) -> Vec<&'a Candidate> {
    let mut priorities: Vec<u8> = eligible.iter().map(|candidate| candidate.priority).collect();
    priorities.sort_unstable();
    priorities.dedup();
    let mut ranked = Vec::with_capacity(eligible.len());
    for (tier, priority) in priorities.into_iter().enumerate() {
        let of_tier = |candidate: &&&Candidate| candidate.priority == priority;
        let members: Vec<&Candidate> = eligible.iter().filter(of_tier).copied().collect();
        let ordinal =
            if tier == 0 { drawn_or_seeded(observed, seed) } else { seed.below(u64::MAX) };
        ranked.extend(rotate(request, members, ordinal));
    }
    ranked
}

fn drawn_or_seeded(observed: &Observed, seed: Seed) -> u64 {
    observed.turn.as_ref().map_or_else(|| seed.below(u64::MAX), |turn| turn.ordinal)
}

fn rotate<'a>(
    request: &Request<'_>,
    members: Vec<&'a Candidate>,
    ordinal: u64,
) -> Vec<&'a Candidate> {
    let rotation = Rotation::over(request, members);
    rotation::order(&rotation.weights, ordinal)
        .into_iter()
        .map(|index| rotation.members[index])
        .collect()
}

/// The share of its scarcest cap that is still free, as an exact fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FreeShare {
    free: u64,
    of: u64,
}

impl FreeShare {
    const ALL: Self = Self { free: 1, of: 1 };

    fn of(candidate: &Candidate, observed: &Observed) -> Self {
        let shares = candidate.caps.iter().map(|cap| {
            let used = observed.usage.get(&cap.key).copied().unwrap_or(0);
            Self {
                free: u64::from(cap.limit.saturating_sub(used)),
                of: u64::from(cap.limit.max(1)),
            }
        });
        shares.fold(Self::ALL, |scarcest, share| {
            if share.cmp_exact(scarcest) == Ordering::Less { share } else { scarcest }
        })
    }

    fn cmp_exact(self, other: Self) -> Ordering {
        // Both factors are below 2³², so the products fit.
        (self.free * other.of).cmp(&(other.free * self.of))
    }
}

fn most_free_first(a: FreeShare, b: FreeShare) -> Ordering {
    b.cmp_exact(a)
}

/// Draws one after the other, each with a chance of its weight times its success rate.
fn by_performance<'a>(
    request: &Request<'_>,
    mut left: Vec<&'a Candidate>,
    observed: &Observed,
    seed: Seed,
) -> Vec<&'a Candidate> {
    left.sort_by_key(|candidate| candidate.buyer);
    let mut ranked = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let chances: Vec<u64> =
            left.iter().map(|candidate| chance(request, candidate, observed)).collect();
        let place = ranked.len().to_be_bytes();
        let mut ticket = Seed::of_rank(seed.rank(&place)).below(chances.iter().sum());
        let drawn = chances.iter().position(|chance| match ticket.checked_sub(*chance) {
            Some(rest) => {
                ticket = rest;
                false
            }
            None => true,
        });
        ranked.push(left.remove(drawn.unwrap_or(0)));
    }
    ranked
}

/// Successes and offers that every candidate starts with: a newcomer counts as middling until it
/// has made a record of its own.
const PRIOR_SUCCESSES: u64 = 5;
const PRIOR_OFFERS: u64 = 10;
const MILLION: u64 = 1_000_000;

fn chance(request: &Request<'_>, candidate: &Candidate, observed: &Observed) -> u64 {
    let activity =
        observed.activity.get(&candidate.buyer.into()).copied().unwrap_or_else(Activity::default);
    let successes = if request.counts_conversions { activity.converted } else { activity.answered };
    let rate = (successes.min(MILLION) + PRIOR_SUCCESSES) * MILLION
        / (activity.offered.min(MILLION).max(successes.min(MILLION)) + PRIOR_OFFERS);
    rate * u64::from(candidate.weight)
}
