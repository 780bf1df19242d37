//! A routing decision as a value (spec RTE-4).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::counterfactual::Counterfactual;
use super::filter::{self, Context};
use super::observed::Turn;
use super::{Candidate, Eligibility, Observed, Refusal, Request, rank};
use crate::call::NoRouteReason;
use crate::model::Strategy;
use crate::vocabulary::{BuyerId, CampaignId, Seed};

/// A candidate that may get the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RankedCandidate {
    /// The buyer.
    #[serde(rename = "buyerId")]
    pub buyer: BuyerId,
    /// What people call it.
    pub name: String,
    /// Its priority; 1 is first.
    pub priority: u8,
    /// Its weight.
    pub weight: u32,
}

/// A candidate that may not, with its one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedCandidate {
    /// The buyer.
    #[serde(rename = "buyerId")]
    pub buyer: BuyerId,
    /// What people call it.
    pub name: String,
    /// Why not.
    pub reason: Refusal,
    /// The reason as a sentence, such as `daily cap 50/50`.
    pub evidence: String,
    /// What would have let it in.
    pub counterfactual: Counterfactual,
}

impl From<&Candidate> for RankedCandidate {
    fn from(candidate: &Candidate) -> Self {
        Self {
            buyer: candidate.buyer,
            name: candidate.name.clone(),
            priority: candidate.priority,
            weight: candidate.weight,
        }
    }
}

impl RefusedCandidate {
    pub(super) fn new(candidate: &Candidate, reason: Refusal, context: &Context<'_>) -> Self {
        Self {
            buyer: candidate.buyer,
            name: candidate.name.clone(),
            evidence: reason.to_string(),
            counterfactual: Counterfactual::of(candidate, &reason, context),
            reason,
        }
    }
}

/// Who gets the call, who would be next, and why the others do not. Chosen, ranked and refused
/// together are exactly the candidates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct Decision {
    /// The campaign that decided.
    #[serde(rename = "campaignId")]
    pub campaign: CampaignId,
    /// The revision of the tenant's configuration.
    pub revision: u64,
    /// How the eligible were ranked.
    pub strategy: Strategy,
    /// The chance of this decision.
    pub seed: Seed,
    /// The instant that was decided for.
    pub at: DateTime<Utc>,
    /// The turn that was drawn, where the strategy rotates.
    pub turn: Option<Turn>,
    /// Who gets the call.
    pub chosen: Option<RankedCandidate>,
    /// Who is next, in order.
    pub ranked: Vec<RankedCandidate>,
    /// Who may not, in the order of the plan.
    pub refused: Vec<RefusedCandidate>,
}

/// Decides who gets the call: a function of its arguments and nothing else.
///
/// ```
/// use callcore::call::Caller;
/// use callcore::model::{Buyer, Strategy};
/// use callcore::plan::candidate;
/// use callcore::routing::{Observed, Request, decide};
/// use callcore::vocabulary::{BuyerId, CallId, CampaignId, Seed, TenantId};
/// use uuid::Uuid;
///
/// let [tenant, campaign, buyer] = [1, 2, 3].map(Uuid::from_u128);
/// let sales = Buyer::new("Sales", "+15551230001".parse()?);
/// let campaign = CampaignId::from_uuid(campaign);
/// let sales = candidate(campaign, BuyerId::from_uuid(buyer), &sales, &Default::default());
/// let candidates = [sales.expect("a buyer without a schedule always compiles")];
///
/// let request = Request {
///     campaign,
///     revision: 1,
///     strategy: Strategy::Priority,
///     required_skills: &Default::default(),
///     counts_conversions: false,
///     caller: &Caller::default(),
/// };
/// let call = CallId::derive("twilio", "AC1", "CA1");
/// let seed = Seed::derive(TenantId::from_uuid(tenant), call, "voice", "rank");
/// let now = chrono::DateTime::UNIX_EPOCH;
/// let decision = decide(&request, &candidates, &Observed::default(), seed, now);
/// assert_eq!(decision.chosen.unwrap().name, "Sales");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decide(
    request: &Request<'_>,
    candidates: &[Candidate],
    observed: &Observed,
    seed: Seed,
    now: DateTime<Utc>,
) -> Decision {
    let eligibility = Eligibility::examine(request, candidates, observed, now);
    eligibility.decide(request, observed, seed, now)
}

impl Eligibility<'_> {
    /// Ranks the eligible and makes the decision. Candidates whose claim found a cap full leave the
    /// ranking for the refused; the one that is held already goes first.
    pub fn decide(
        self,
        request: &Request<'_>,
        observed: &Observed,
        seed: Seed,
        now: DateTime<Utc>,
    ) -> Decision {
        let context = Context { request, observed, now };
        let mut order = rank::rank(request, &self, observed, seed);
        let mut refused = self.refused;
        order.retain(|candidate| {
            let full = observed.full.iter().find(|(full, _)| *full == candidate.buyer.into());
            let reason = full
                .filter(|_| observed.held != Some(candidate.buyer.into()))
                .and_then(|(_, key)| filter::raced(candidate, *key, &context));
            let stays = reason.is_none();
            refused.extend(reason.map(|reason| RefusedCandidate::new(candidate, reason, &context)));
            stays
        });
        order.sort_by_key(|candidate| observed.held != Some(candidate.buyer.into()));
        let mut ranked = order.into_iter().map(RankedCandidate::from);
        Decision {
            campaign: request.campaign,
            revision: request.revision,
            strategy: request.strategy,
            seed,
            at: now,
            turn: observed.turn.clone(),
            chosen: ranked.next(),
            ranked: ranked.collect(),
            refused,
        }
    }
}

impl Decision {
    /// The whole ranking, the chosen one first.
    pub fn ranking(&self) -> impl Iterator<Item = BuyerId> {
        self.chosen.iter().chain(&self.ranked).map(|candidate| candidate.buyer)
    }

    /// Why nobody was chosen; `None` where somebody was.
    pub fn no_route(&self) -> Option<NoRouteReason> {
        if self.chosen.is_some() {
            return None;
        }
        let mut codes = self.refused.iter().map(|refused| refused.reason.code());
        let Some(first) = codes.next() else { return Some(NoRouteReason::NoBuyerAssigned) };
        let first = if first == "holiday" { "closed" } else { first };
        let same = codes.all(|code| code == first || (first == "closed" && code == "holiday"));
        Some(match first {
            "capped" if same => NoRouteReason::NoBuyerAllCapped,
            "closed" if same => NoRouteReason::NoBuyerAllClosed,
            "duplicate" if same => NoRouteReason::NoBuyerDuplicate,
            _ => NoRouteReason::NoBuyerAllFiltered,
        })
    }
}
