//! What activation checks: everything at once, over all objects that a campaign is made of (spec
//! CAM-4). Errors block, warnings do not.

use std::collections::BTreeSet;

use super::{AssignedBuyer, AssignedTarget, Source};
use crate::model::{Availability, BuyerStatus, CampaignStatus, Caps, RoutingType, TargetStatus};
use crate::vocabulary::{Problem, limits};

/// All problems that stand between a campaign and its activation. Paths are JSON Pointers into the
/// campaign; those that begin with `/buyers/{id}` point into an assigned buyer.
pub fn check(source: &Source) -> Vec<Problem> {
    let mut problems = source.campaign.value.check();
    check_number(source, &mut problems);
    check_flow(source, &mut problems);
    check_buyers(source, &mut problems);
    check_targets(source, &mut problems);
    check_currencies(source, &mut problems);
    if source.campaign.value.status == CampaignStatus::Completed {
        problems.push(Problem::error(
            "campaign_completed",
            "/status",
            "a completed campaign is archived and cannot be activated again",
        ));
    }
    problems.sort_by_key(|problem| problem.severity);
    problems
}

fn check_number(source: &Source, problems: &mut Vec<Problem>) {
    let campaign = &source.campaign.value;
    if campaign.phone_number_id.is_none() && campaign.pool_id.is_none() {
        let path =
            if campaign.routing_type == RoutingType::Pool { "/poolId" } else { "/phoneNumberId" };
        problems.push(Problem::error(
            "number_missing",
            path,
            "callers need something to dial: assign a phone number or a pool",
        ));
        return;
    }
    if campaign.phone_number_id.is_some() && source.number.is_none() {
        problems.push(Problem::error(
            "unknown_number",
            "/phoneNumberId",
            "the phone number does not exist any more",
        ));
    }
    if let Some(number) = &source.number {
        problems.extend(
            number.value.check().into_iter().map(|problem| problem.under("/phoneNumberId")),
        );
    }
    for other in &source.number_also_used_by {
        let message = format!("the campaign {:?} uses the same number", other.name);
        problems.push(match other.status {
            CampaignStatus::Active => Problem::error("number_in_use", "/phoneNumberId", message),
            CampaignStatus::Draft | CampaignStatus::Paused => {
                Problem::warning("number_shared", "/phoneNumberId", message)
            }
            CampaignStatus::Completed => continue,
        });
    }
}

fn check_flow(source: &Source, problems: &mut Vec<Problem>) {
    if source.campaign.value.flow_id.is_some() && source.flow.is_none() {
        problems.push(Problem::error(
            "flow_not_published",
            "/flowId",
            "no call can run the flow yet: publish it, or take it out of the campaign",
        ));
    }
}

fn check_buyers(source: &Source, problems: &mut Vec<Problem>) {
    let active =
        source.buyers.iter().any(|assigned| assigned.buyer.value.status == BuyerStatus::Active);
    let nobody = !active && !has_active_target(source);
    if nobody && source.flow.is_some() {
        problems.push(Problem::warning(
            "no_fallback",
            "/buyers",
            "when the flow cannot go on, nobody can take the call: assign a buyer to fall back on",
        ));
    } else if nobody {
        problems.push(Problem::error(
            "no_active_buyer",
            "/buyers",
            if source.buyers.is_empty() {
                "nobody can take calls: assign at least one active buyer, a published flow or, with the routing type rtb, a target"
            } else {
                "nobody can take calls: every assigned buyer is paused"
            },
        ));
    }
    if source.buyers.len() > limits::CANDIDATES {
        problems.push(Problem::error(
            "too_many",
            "/buyers",
            format!("a campaign has at most {} buyers", limits::CANDIDATES),
        ));
    }
    for assigned in &source.buyers {
        check_buyer(assigned, problems);
    }
}

fn has_active_target(source: &Source) -> bool {
    source.campaign.value.routing_type == RoutingType::Rtb
        && source
            .targets
            .iter()
            .map(|assigned| &assigned.target)
            .chain(&source.router_targets)
            .any(|target| target.value.status == TargetStatus::Active)
}

fn check_targets(source: &Source, problems: &mut Vec<Problem>) {
    let own = source.targets.iter().map(|assigned| (&assigned.target, "targets"));
    let named = source.router_targets.iter().map(|target| (target, "rtbRouterId/targets"));
    for (target, place) in own.chain(named) {
        let place = format!("/{place}/{}", target.id);
        problems.extend(target.value.check().into_iter().map(|problem| problem.under(&place)));
    }
    for assigned in &source.targets {
        let place = format!("/targets/{}", assigned.target.id);
        let assignment = assigned.assignment.value.check();
        problems.extend(assignment.into_iter().map(|problem| problem.under(&place)));
        check_bounds(&place, assigned, problems);
        let (target, caps) = (&assigned.target.value, &assigned.assignment.value.caps);
        check_override(&place, &target.name, (&target.caps, caps), problems);
    }
    let campaign = &source.campaign.value;
    if campaign.rtb_router_id.is_some() && source.router.is_none() {
        let message = "the router does not exist any more";
        problems.push(Problem::error("unknown_router", "/rtbRouterId", message));
    }
    if campaign.routing_type == RoutingType::Rtb && !has_active_target(source) {
        problems.push(Problem::warning(
            "no_active_target",
            "/targets",
            "no target can bid: calls go straight to the campaign's buyers",
        ));
    }
}

/// Bounds of an assignment are in the currency of its target, which may have changed since.
fn check_bounds(place: &str, assigned: &AssignedTarget, problems: &mut Vec<Problem>) {
    let (target, assignment) = (&assigned.target.value, &assigned.assignment.value);
    for (name, bound) in [("minBid", assignment.min_bid), ("maxBid", assignment.max_bid)] {
        if let Some(bound) = bound.filter(|bound| bound.currency != target.currency) {
            problems.push(Problem::error(
                "wrong_currency",
                format!("{place}/{name}/currency"),
                format!(
                    "{:?} bids in {}, its {name} in this campaign is in {}",
                    target.name, target.currency, bound.currency
                ),
            ));
        }
    }
}

/// A target whose currency has no rate can bid as high as it likes: none of its bids counts.
fn check_currencies(source: &Source, problems: &mut Vec<Problem>) {
    let campaign = &source.campaign.value;
    if campaign.routing_type != RoutingType::Rtb {
        return;
    }
    let own = campaign.auction_currency();
    let settings = campaign.auction.clone().unwrap_or_default();
    let mut seen = BTreeSet::new();
    let assigned = source.targets.iter().map(|assigned| (&assigned.target, "targets"));
    let named = source.router_targets.iter().map(|target| (target, "rtbRouterId/targets"));
    for (target, place) in assigned.chain(named) {
        let foreign = target.value.currency;
        if settings.counts_with(foreign, own) || !seen.insert(target.id) {
            continue;
        }
        problems.push(Problem::warning(
            "no_rate",
            format!("/{place}/{}/currency", target.id),
            format!(
                "{:?} bids in {foreign}, the auction counts in {own} and has no rate between them, so each of its bids is refused as wrong_currency: a rate at /auction/rates/{foreign} is expected",
                target.value.name
            ),
        ));
    }
}

fn check_buyer(assigned: &AssignedBuyer, problems: &mut Vec<Problem>) {
    let buyer = &assigned.buyer.value;
    let place = format!("/buyers/{}", assigned.buyer.id);
    problems.extend(buyer.check().into_iter().map(|problem| problem.under(&place)));
    let assignment = assigned.assignment.value.check();
    problems.extend(assignment.into_iter().map(|problem| problem.under(&place)));
    if buyer.availability == Availability::Offline {
        problems.push(Problem::warning(
            "buyer_offline",
            format!("{place}/availability"),
            format!("{:?} is offline and takes no call", buyer.name),
        ));
    }
    let caps = (&buyer.caps, &assigned.assignment.value.caps);
    check_override(&place, &buyer.name, caps, problems);
}

/// A cap of an assignment that is looser than the buyer's or target's own.
fn check_override(
    place: &str,
    name: &str,
    caps: (&Option<Caps>, &Option<Caps>),
    problems: &mut Vec<Problem>,
) {
    let (Some(own), Some(here)) = caps else { return };
    for (window, looser) in looser_than(own, here) {
        problems.push(Problem::warning(
            "override_is_looser",
            format!("{place}/caps/{window}"),
            format!(
                "{name:?} has a lower {window} cap of its own, so the cap of {looser} in this campaign changes nothing"
            ),
        ));
    }
}

fn looser_than(own: &Caps, here: &Caps) -> Vec<(&'static str, u32)> {
    let own: Vec<_> = own.limits().collect();
    here.limits()
        .filter(|(window, limit)| own.iter().any(|(same, lower)| same == window && lower < limit))
        .map(|(window, limit)| (window.name(), limit))
        .collect()
}
