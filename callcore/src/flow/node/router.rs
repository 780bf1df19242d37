//! `advanced_router`: gives the call to a buyer or to the winner of an auction.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::route::{ChosenBuyer, RouteSettings};
use super::{Behaviour, ExitRule, Last, Mentions, unexpected};
use crate::call::NoRouteReason;
use crate::flow::act::{Act, Input, Need, Routed};
use crate::flow::desk::Desk;
use crate::flow::reader::Reader;
use crate::model::Strategy;
use crate::vocabulary::{BuyerId, RouterId, limits};

#[derive(Debug)]
pub(super) struct Router {
    settings: RouteSettings,
}

const STRATEGIES: [(&str, (Strategy, bool)); 6] = [
    ("priority", (Strategy::Priority, false)),
    ("round_robin", (Strategy::RoundRobin, false)),
    ("capacity", (Strategy::Capacity, false)),
    ("performance", (Strategy::Performance, false)),
    ("skills", (Strategy::Skills, false)),
    // Buyers stand behind the bidders, in the order of their priority.
    ("rtb", (Strategy::Priority, true)),
];

pub(super) fn read(reader: &Reader<'_>, mentions: &mut Mentions) -> Option<Router> {
    let (strategy, auction) =
        reader.choice("strategy", &STRATEGIES).unwrap_or((Strategy::Priority, false));
    let campaign_buyers = reader.flag("campaignBuyers", false);
    let (ignored, where_not) = if campaign_buyers { (&[][..], "") } else { ignored(strategy) };
    let buyers = buyers(reader, mentions, ignored, where_not);
    let router: Option<RouterId> = reader.id("routerId", "router");
    mentions.routers.extend(router.map(|router| (router, reader.path("routerId"))));
    if router.is_some() && !auction {
        let message = "only the strategy rtb asks a router: choose it, or remove `routerId`";
        reader.report().warning("unused", reader.path("routerId"), message);
    }
    if campaign_buyers && !buyers.is_empty() {
        let message = "with campaignBuyers the list of buyers is not used: give one of them";
        reader.report().warning("unused", reader.path("buyers"), message);
    }
    let named = reader.value("buyers");
    if !campaign_buyers && !auction && named.is_none() {
        reader.missing("buyers", "who takes the calls (`buyers` or `campaignBuyers: true`)");
    } else if !campaign_buyers && !auction && named.is_some_and(|named| named == &json!([])) {
        let message = "nobody can take calls: add a buyer, or set campaignBuyers to true";
        reader.report().error("no_buyers", reader.path("buyers"), message);
    }
    let settings = RouteSettings {
        strategy,
        auction,
        campaign_buyers,
        buyers: if campaign_buyers { Vec::new() } else { buyers },
        router,
        required_skills: skills(reader),
        ring_timeout_secs: Some(reader.number("ringTimeout", limits::DIAL_TIMEOUT_SECS, 30)),
        max_attempts: Some(reader.number("maxAttempts", 1..=limits::ATTEMPTS, 5)),
    };
    Some(Router { settings })
}

/// Which settings of a buyer a strategy does not look at, and how one says so.
const fn ignored(strategy: Strategy) -> (&'static [&'static str], &'static str) {
    match strategy {
        Strategy::Capacity => {
            (&["weight"], "where the strategy is capacity, which goes by free places")
        }
        Strategy::Performance => {
            (&["priority"], "where the strategy is performance, which goes by success and weight")
        }
        Strategy::Priority => (&[], ""),
        Strategy::RoundRobin => {
            (&["priority"], "where the strategy is round_robin, which goes by weight")
        }
        Strategy::Skills => {
            (&["weight"], "where the strategy is skills, which goes by proficiency")
        }
    }
}

fn buyers(
    reader: &Reader<'_>,
    mentions: &mut Mentions,
    ignored: &[&'static str],
    where_not: &str,
) -> Vec<ChosenBuyer> {
    let mut chosen = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in reader.objects("buyers", limits::ROUTER_BUYERS) {
        if !entry.has("buyerId") {
            entry.missing("buyerId", "the buyer");
        }
        let buyer: Option<BuyerId> = entry.id("buyerId", "buyer");
        let priority = entry.number_if("priority", 1..=10);
        let weight = entry.number_if("weight", 0..=limits::WEIGHT);
        let max_concurrent = entry.number_if("maxConcurrent", 0..=1_000_000);
        entry.unused(ignored, where_not);
        entry.finish();
        let Some(buyer) = buyer else { continue };
        if !seen.insert(buyer) {
            let message =
                format!("the buyer {buyer} stands in the list already: remove one of the two");
            entry.report().error("duplicate_buyer", entry.path("buyerId"), message);
            continue;
        }
        mentions.buyers.push((buyer, entry.path("buyerId")));
        let priority = priority.and_then(|priority| u8::try_from(priority).ok());
        chosen.push(ChosenBuyer { buyer, priority, weight, max_concurrent });
    }
    chosen
}

fn skills(reader: &Reader<'_>) -> BTreeMap<String, u8> {
    let mut skills = BTreeMap::new();
    for (name, level) in reader.entries("requiredSkills", limits::SKILLS) {
        let level = level.as_u64().and_then(|level| u8::try_from(level).ok());
        match level.filter(|level| (1..=5).contains(level)) {
            Some(level) if !name.trim().is_empty() => {
                skills.insert(name.to_owned(), level);
            }
            _ => {
                let message = format!(
                    "the skill {name:?} lacks a name or a level: give both, the level from 1 to 5"
                );
                reader.report().error("bad_skill", reader.path("requiredSkills"), message);
            }
        }
    }
    skills
}

impl Behaviour for Router {
    fn exits(&self) -> Vec<ExitRule> {
        vec![
            ExitRule::optional("connected", Last::End).after_waiting(),
            ExitRule::optional("no_route", Last::NoRoute),
            ExitRule::optional("overflow", Last::NoRoute).or(&["no_route"]),
        ]
    }

    fn enter(&self, _: &mut Desk<'_>) -> Act {
        Act::Need(Need::Route)
    }

    fn resume(&self, desk: &mut Desk<'_>, input: &Input) -> Act {
        match input {
            Input::Routed(Routed::Connected) => Act::exit("connected"),
            Input::Routed(Routed::Unrouted(reason)) => {
                desk.no_route = Some(*reason);
                let full = *reason == NoRouteReason::NoBuyerAllCapped;
                Act::exit(if full { "overflow" } else { "no_route" })
            }
            // The flow had paused before it.
            Input::Caller(_) => Act::Need(Need::Route),
            _ => unexpected(desk),
        }
    }

    fn route(&self) -> Option<&RouteSettings> {
        Some(&self.settings)
    }
}
