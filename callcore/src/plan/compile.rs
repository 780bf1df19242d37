//! From configuration rows to a plan.

use chrono_tz::Tz;

use super::{AuctionPlan, FlowPlan, Source};
use crate::model::{
    Assignment, Buyer, BuyerStatus, CallerIdPolicy, Campaign, CampaignStatus, Caps, Conversion,
};
use crate::routing::{Candidate, Cap, CapKey, CapScope, Request};
use crate::schedule::Schedule;
use crate::vocabulary::{BuyerId, CampaignId, CandidateId, Money, Problem, TenantId};

/// A campaign ready for calls.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whose it is.
    pub tenant: TenantId,
    /// The campaign.
    pub id: CampaignId,
    /// The revision of the tenant's configuration that it was compiled from.
    pub revision: u64,
    /// The campaign's settings.
    pub campaign: Campaign,
    /// Its candidates, in the order of their assignment.
    pub candidates: Vec<Candidate>,
    /// Its auction, where bidders are asked before its candidates.
    pub auction: Option<AuctionPlan>,
    /// Its flow, which runs before anything is routed.
    pub flow: Option<FlowPlan>,
}

/// Compiles one buyer as a candidate of a campaign.
///
/// # Errors
/// Every problem of the buyer's schedule, which is all that can fail to compile.
pub fn candidate(
    campaign: CampaignId,
    id: BuyerId,
    buyer: &Buyer,
    assignment: &Assignment,
) -> Result<Candidate, Vec<Problem>> {
    let zone = buyer.timezone;
    let schedule = match &buyer.schedule {
        Some(document) => Schedule::compile(document, zone)?,
        None => Schedule::always_open(zone),
    };
    let own = caps_of(CapScope::Buyer { buyer: id }, zone, buyer.caps);
    let here = caps_of(CapScope::Assignment { campaign, buyer: id }, zone, assignment.caps);
    Ok(Candidate {
        buyer: id,
        name: buyer.name.clone(),
        destination: buyer.destination.clone(),
        paused: buyer.status == BuyerStatus::Paused,
        availability: buyer.availability,
        priority: assignment.priority.unwrap_or(buyer.priority),
        weight: assignment.weight.unwrap_or(buyer.weight),
        zone,
        schedule,
        geo: buyer.geo.clone().unwrap_or_default(),
        skills: buyer.skills.clone(),
        duplicates: buyer.duplicates.unwrap_or_default(),
        wrap_up_secs: buyer.wrap_up_secs,
        caps: own.chain(here).collect(),
        conversion: buyer.conversion,
        revenue: buyer.revenue,
    })
}

/// The caps of a document, as counters know them.
pub(super) fn caps_of(scope: CapScope, zone: Tz, caps: Option<Caps>) -> impl Iterator<Item = Cap> {
    caps.into_iter().flat_map(move |caps| {
        let cap = |(window, limit)| Cap { key: CapKey { scope, window }, zone, limit };
        caps.limits().map(cap).collect::<Vec<_>>()
    })
}

impl Plan {
    /// Compiles what the directory answered.
    ///
    /// A buyer that does not compile is left out: it was checked when it was saved, so only a row
    /// that somebody changed by hand gets here, and a call shall not fail for it.
    pub fn compile(source: &Source) -> Self {
        let id = CampaignId::from_uuid(source.campaign.id);
        let candidates = source.buyers.iter().filter_map(|assigned| {
            let buyer = BuyerId::from_uuid(assigned.buyer.id);
            candidate(id, buyer, &assigned.buyer.value, &assigned.assignment.value).ok()
        });
        Self {
            tenant: source.tenant,
            id,
            revision: source.revision,
            campaign: source.campaign.value.clone(),
            candidates: candidates.collect(),
            auction: AuctionPlan::compile(source),
            flow: FlowPlan::compile(source),
        }
    }

    /// Every cap that a call of this campaign may be held under.
    pub fn caps(&self) -> Vec<Cap> {
        let own = self.candidates.iter().flat_map(|candidate| &candidate.caps);
        let bidders = self.auction.iter().flat_map(|auction| &auction.bidders);
        own.chain(bidders.flat_map(|bidder| &bidder.caps)).copied().collect()
    }

    /// Whether the campaign routes calls.
    pub fn is_active(&self) -> bool {
        self.campaign.status == CampaignStatus::Active
    }

    /// A candidate by its buyer.
    pub fn candidate(&self, buyer: BuyerId) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| candidate.buyer == buyer)
    }

    /// A candidate by what a reservation answered.
    pub fn held(&self, held: CandidateId) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| held == candidate.buyer.into())
    }

    /// The routing request of one caller.
    pub fn request<'a>(&'a self, caller: &'a crate::call::Caller) -> Request<'a> {
        Request {
            campaign: self.id,
            revision: self.revision,
            strategy: self.campaign.strategy,
            required_skills: &self.campaign.required_skills,
            counts_conversions: self.campaign.conversion.is_some(),
            caller,
        }
    }

    /// The caller id that a buyer sees; `None` is the caller's own.
    pub fn caller_id(&self, called: &str) -> Option<String> {
        match self.campaign.caller_id.policy {
            CallerIdPolicy::Caller => None,
            CallerIdPolicy::Dialled => Some(called.to_owned()),
            CallerIdPolicy::Fixed => {
                self.campaign.caller_id.number.as_ref().map(|number| number.as_str().to_owned())
            }
        }
    }

    /// What makes a buyer's calls convert, and what such a call earns.
    pub fn conversion(&self, buyer: BuyerId) -> (Option<Conversion>, Option<Money>) {
        // A node of the flow may route to buyers that the campaign does not have.
        let in_flow = || self.flow.as_ref().and_then(|flow| flow.candidate(buyer));
        let candidate = self.candidate(buyer).or_else(in_flow);
        let conversion = candidate.and_then(|candidate| candidate.conversion);
        let revenue = candidate.and_then(|candidate| candidate.revenue);
        (conversion.or(self.campaign.conversion), revenue.or(self.campaign.revenue))
    }

    /// Whether any candidate looks at the caller's earlier calls.
    pub fn looks_at_contacts(&self) -> bool {
        use crate::model::DuplicateScope;
        self.candidates.iter().any(|candidate| candidate.duplicates.scope != DuplicateScope::None)
    }

    /// Candidates whose recent activity decides: all of them when ranking goes by performance, those
    /// with a wrap-up time otherwise; and all bidders when bids are ranked by expected revenue.
    pub fn looks_at_activity(&self) -> Vec<CandidateId> {
        let by_performance = self.campaign.strategy == crate::model::Strategy::Performance;
        let wanted = |candidate: &&Candidate| by_performance || candidate.wrap_up_secs > 0;
        let own = self.candidates.iter().filter(wanted).map(|candidate| candidate.buyer.into());
        let ranked = self.auction.iter().filter(|auction| auction.looks_at_activity());
        let bidders = ranked.flat_map(|auction| &auction.bidders);
        own.chain(bidders.map(|bidder| bidder.target.into())).collect()
    }
}
