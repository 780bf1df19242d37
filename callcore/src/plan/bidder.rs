//! The targets of a campaign's auction, compiled.

use chrono::{DateTime, TimeDelta, Utc};

use super::compile::caps_of;
use super::{AssignedTarget, Source};
use crate::auction::{
    Adjustment, CallFacts, CompiledTarget, Invitation, Modifier, NotAsked, Rates, Terms, matching,
};
use crate::call::Call;
use crate::model::{
    AuctionSettings, BidRanking, RoutingType, Stored, Target, TargetAssignment, TargetStatus,
};
use crate::routing::{Cap, CapKey, CapScope, Claim};
use crate::schedule::{OpenState, Schedule};
use crate::vocabulary::{CallId, CampaignId, Currency, Money, Problem, Tags, TargetId, limits};

/// One target of a campaign, ready to be asked.
#[derive(Clone, Debug)]
pub struct Bidder {
    /// The target.
    pub target: TargetId,
    /// Its templates and paths.
    pub compiled: CompiledTarget,
    /// Whether it is asked at all.
    pub paused: bool,
    /// When it is asked.
    pub schedule: Schedule,
    /// How many calls it takes.
    pub caps: Vec<Cap>,
    /// 1 is first; decides between equal bids.
    pub priority: u8,
    /// Its share among equal bids of one priority.
    pub weight: u32,
    /// The lowest bids that are taken from it: its own, the campaign's for it, and the auction's where
    /// that is in its currency.
    pub min_bids: Vec<Money>,
    /// The highest bids that are believed, likewise.
    pub max_bids: Vec<Money>,
    /// What its bids are worth by the call's tags, in this campaign.
    pub modifiers: Vec<Modifier>,
    /// When its target was last written: what was bid before was bid by another configuration.
    pub changed_at: DateTime<Utc>,
}

/// A campaign's auction.
#[derive(Clone, Debug)]
pub struct AuctionPlan {
    /// Its settings: the campaign's, and the router's where it has one.
    pub settings: AuctionSettings,
    /// The currency that bids are compared in.
    pub currency: Currency,
    /// What every bid is worth by the call's tags: the campaign's table, and then the router's.
    pub modifiers: [Vec<Modifier>; 2],
    /// Its targets.
    pub bidders: Vec<Bidder>,
}

/// Middle of 1 to 10.
const PRIORITY: u8 = 5;

/// Compiles one target for a campaign, without the caps that the campaign sets for it. When it was
/// changed is for whoever knows its row to tell.
///
/// # Errors
/// Every problem of its templates, paths and schedule.
pub fn bidder(
    id: TargetId,
    target: &Target,
    assignment: &TargetAssignment,
) -> Result<Bidder, Vec<Problem>> {
    let zone = target.timezone;
    let schedule = match &target.schedule {
        Some(document) => Schedule::compile(document, zone)?,
        None => Schedule::always_open(zone),
    };
    Ok(Bidder {
        target: id,
        compiled: target.compile()?,
        paused: target.status == TargetStatus::Paused,
        schedule,
        caps: caps_of(CapScope::Target { target: id }, zone, target.caps).collect(),
        priority: assignment.priority.unwrap_or(PRIORITY),
        weight: assignment.weight.unwrap_or(1),
        min_bids: target.min_bid.into_iter().chain(assignment.min_bid).collect(),
        max_bids: target.max_bid.into_iter().chain(assignment.max_bid).collect(),
        modifiers: Modifier::table(&assignment.modifiers),
        changed_at: DateTime::UNIX_EPOCH,
    })
}

impl AuctionPlan {
    /// Compiles a campaign's auction; `None` where it holds none. A target that stands in the
    /// campaign and in its router takes part once, as the campaign has it.
    pub(super) fn compile(source: &Source) -> Option<Self> {
        let campaign = &source.campaign.value;
        if campaign.routing_type != RoutingType::Rtb {
            return None;
        }
        let campaign_id = CampaignId::from_uuid(source.campaign.id);
        let own = campaign.auction.clone().unwrap_or_default();
        let router = source.router.as_ref().map(|router| &router.value);
        let modifiers = [
            Modifier::table(&own.modifiers),
            router.map(|router| Modifier::table(&router.modifiers)).unwrap_or_default(),
        ];
        let settings = match router {
            Some(router) => own.with_router(router),
            None => own,
        };
        let own = source.targets.iter().map(|AssignedTarget { assignment, target }| {
            (TargetId::from_uuid(target.id), target, assignment.value.clone())
        });
        let named = source.router.iter().flat_map(|router| &router.value.assignments);
        let named = named.filter_map(|named| {
            let target =
                source.router_targets.iter().find(|row| row.id == named.target_id.uuid())?;
            let assignment = TargetAssignment {
                priority: Some(named.priority),
                weight: Some(named.weight),
                modifiers: named.modifiers.clone(),
                ..TargetAssignment::default()
            };
            Some((named.target_id, target, assignment))
        });
        let mut bidders: Vec<Bidder> = Vec::new();
        for (id, row, assignment) in own.chain(named) {
            let Stored { value: target, updated_at, .. } = row;
            let known = bidders.iter().any(|bidder| bidder.target == id);
            // A target that does not compile was changed by hand; a call shall not fail for it.
            if let (false, Ok(mut bidder)) = (known, bidder(id, target, &assignment)) {
                let here = CapScope::TargetAssignment { campaign: campaign_id, target: id };
                bidder.caps.extend(caps_of(here, target.timezone, assignment.caps));
                // The auction's own floor holds anyway; here it is for the target to be told of.
                let told = settings.min_bid.filter(|floor| floor.currency == target.currency);
                bidder.min_bids.extend(told);
                bidder.changed_at = *updated_at;
                bidders.push(bidder);
            }
        }
        Some(Self { settings, currency: campaign.auction_currency(), modifiers, bidders })
    }

    /// A bidder by its target.
    pub fn bidder(&self, target: TargetId) -> Option<&Bidder> {
        self.bidders.iter().find(|bidder| bidder.target == target)
    }

    /// The terms of an auction of one call.
    pub fn terms(&self, call: CallId, campaign: CampaignId) -> Terms {
        let terms = Terms::new(call, campaign, Rates::into(self.currency));
        terms.clone().with_settings(&self.settings).unwrap_or_else(|_| {
            // The campaign's check refuses amounts in a currency without a rate. Where a row was
            // changed by hand they do not count, and the rest of the settings does.
            let countable = AuctionSettings {
                increment: None,
                min_bid: None,
                resale: None,
                ..self.settings.clone()
            };
            terms.clone().with_settings(&countable).unwrap_or(terms)
        })
    }

    /// What happens to a bidder's bids on a call with these tags: the campaign's rows act first, then
    /// the router's, then the bidder's own.
    pub fn adjustments(&self, bidder: &Bidder, tags: &Tags) -> Vec<Adjustment> {
        let [campaign, router] = &self.modifiers;
        let tables = [campaign, router, &bidder.modifiers];
        tables.into_iter().flat_map(|table| matching(table, tags)).collect()
    }

    /// Whether the ranking looks at what became of the calls that bidders won.
    pub fn looks_at_activity(&self) -> bool {
        self.settings.ranking == BidRanking::ExpectedRevenue
    }
}

impl Bidder {
    /// What it needs in order to be dialled.
    pub fn claim(&self) -> Claim {
        Claim { candidate: self.target.into(), caps: self.caps.clone() }
    }

    /// Why it may not be asked now, if it may not. `used` tells how many places are taken.
    pub fn barred(&self, now: DateTime<Utc>, used: impl Fn(&CapKey) -> u32) -> Option<NotAsked> {
        if self.paused {
            return Some(NotAsked::Paused);
        }
        if !self.is_open(now) {
            return Some(NotAsked::Closed);
        }
        let full = self.caps.iter().find(|cap| used(&cap.key) >= cap.limit)?;
        let window = full.key.window.name();
        let cap = format!("{window} cap {}/{}", used(&full.key), full.limit);
        Some(NotAsked::Capped { cap })
    }

    /// Whether it takes calls at this hour.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        matches!(self.schedule.state(now), OpenState::Open)
    }

    /// Whether a bid that it made at an instant, and that still holds, is taken again for the same
    /// caller: for no longer than [`limits::SHIELD_SECS`], and not once its target was changed.
    pub fn takes_again(&self, made_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        made_at >= self.changed_at && now - made_at < TimeDelta::seconds(limits::SHIELD_SECS)
    }

    /// Its invitation, before anything is known of the call.
    pub fn invitation(&self) -> Invitation {
        Invitation {
            priority: self.priority,
            weight: self.weight,
            timeout_ms: self.compiled.timeout_ms(),
            min_bids: self.min_bids.clone(),
            max_bids: self.max_bids.clone(),
            confirms: self.compiled.confirmation_required().is_some(),
            ..Invitation::new(self.target, self.compiled.name())
        }
    }
}

/// What an auction knows of a call as tags: the call's own, and what its flow gathered from the caller.
/// Where both have a name, the flow's value is the newer one and counts. What was entered in confidence
/// is told to nobody, and what is too long for a tag is left out.
pub fn auction_tags(call: &Call) -> Tags {
    let Some(session) = &call.flow else { return call.tags.clone() };
    let mut tags = Tags::default();
    for (name, value) in session.open_variables().chain(call.tags.iter()) {
        if tags.value(name).is_none() {
            let _ = tags.set(name, value);
        }
    }
    tags
}

/// What bidders are told of a call.
pub fn call_facts(call: &Call) -> CallFacts {
    CallFacts {
        call: call.id,
        campaign: call.campaign,
        caller: call.caller.clone(),
        called: call.called.clone(),
        started_at: call.started_at,
        tags: auction_tags(call),
    }
}
