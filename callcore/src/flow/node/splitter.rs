//! `traffic_splitter`: sends calls into branches, by exact shares or by the time.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::json;

use super::hours::{Hours, first_gap};
use super::weekday::read_days;
use super::{Behaviour, ExitRule, Last, Mentions, Shortcut, unexpected};
use crate::call::Failover;
use crate::flow::act::{Act, Input, Need};
use crate::flow::desk::Desk;
use crate::flow::reader::Reader;
use crate::routing::rotation;
use crate::vocabulary::limits;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strategy {
    Percentage,
    Weighted,
    TimeBased,
    RoundRobin,
}

#[derive(Debug)]
pub(super) struct Splitter {
    splits: Vec<Split>,
    /// The zone of a splitter that goes by the time.
    zone: Option<Tz>,
    /// When it takes no split.
    gap: Option<String>,
    fails_over: bool,
}

#[derive(Debug)]
struct Split {
    handle: String,
    weight: u32,
    rules: Vec<Hours>,
}

const STRATEGIES: [(&str, Strategy); 4] = [
    ("percentage", Strategy::Percentage),
    ("weighted", Strategy::Weighted),
    ("time_based", Strategy::TimeBased),
    ("round_robin", Strategy::RoundRobin),
];

pub(super) fn read(reader: &Reader<'_>, mentions: &mut Mentions) -> Option<Splitter> {
    if !reader.has("strategy") {
        reader.missing("strategy", "how calls are shared");
    }
    let strategy = reader.choice("strategy", &STRATEGIES);
    let fails_over = reader.flag("enableFailover", false);
    if !reader.flag("enableAnalytics", true) {
        // Every execution of every node is counted, so there is nothing to switch.
        reader.unused(&["enableAnalytics"], "since every branch is always counted");
    }
    let zone = zone(reader, strategy);
    let splits = splits(reader, strategy, mentions);
    if splits.is_empty() && reader.value("splits").is_none_or(|splits| splits == &json!([])) {
        let message = "a splitter without splits sends calls nowhere: add one";
        reader.report().error("no_splits", reader.path("splits"), message);
    }
    match strategy? {
        _ if splits.is_empty() => return None,
        Strategy::Percentage => check_sum(reader, &splits),
        Strategy::Weighted if splits.iter().all(|split| split.weight == 0) => {
            let message = "every weight is 0, so no split gets a call: raise one";
            reader.report().error("no_weight", reader.path("splits"), message);
        }
        _ => {}
    }
    if strategy? != Strategy::TimeBased {
        return Some(Splitter { splits, zone: None, gap: None, fails_over });
    }
    let gap = first_gap(splits.iter().flat_map(|split| &split.rules));
    Some(Splitter { splits, zone: Some(zone?), gap, fails_over })
}

fn zone(reader: &Reader<'_>, strategy: Option<Strategy>) -> Option<Tz> {
    if !reader.has("timezone") {
        if strategy == Some(Strategy::TimeBased) {
            reader.missing("timezone", "the time zone of the rules");
        }
        return None;
    }
    if strategy.is_some_and(|strategy| strategy != Strategy::TimeBased) {
        reader.unused(&["timezone"], "unless the strategy is time_based");
    }
    reader.zone("timezone")
}

fn splits(reader: &Reader<'_>, strategy: Option<Strategy>, mentions: &mut Mentions) -> Vec<Split> {
    let mut splits = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in reader.objects("splits", limits::SPLITS) {
        let (id, name) = (entry.words("id"), entry.words("name"));
        let weight = weight(&entry, strategy);
        let rules = rules(&entry, strategy);
        let target = entry.node("nodeId");
        entry.finish();
        let Some(handle) = id.or(name) else {
            entry.missing("name", "the name of the split");
            continue;
        };
        if handle == "fallback" || !seen.insert(handle) {
            let message = format!("{handle:?} is the name of another exit already: give an `id`");
            entry.report().error("duplicate_split", entry.path("id"), message);
            continue;
        }
        mentions.shortcuts.extend(target.map(|target| Shortcut {
            handle: handle.to_owned(),
            target: target.to_owned(),
            path: entry.path("nodeId"),
        }));
        splits.push(Split { handle: handle.to_owned(), weight, rules });
    }
    splits
}

/// The share of a split: hundredths of a percent, a weight, or the same for all.
fn weight(entry: &Reader<'_>, strategy: Option<Strategy>) -> u32 {
    let percentage = entry.hundredths("percentage", 0..=10_000);
    let weight = entry.number_if("weight", 0..=limits::WEIGHT);
    if strategy.is_some_and(|strategy| strategy != Strategy::Percentage) {
        entry.unused(&["percentage"], "unless the strategy is percentage");
    }
    if strategy.is_some_and(|strategy| strategy != Strategy::Weighted) {
        entry.unused(&["weight"], "unless the strategy is weighted");
    }
    match strategy {
        Some(Strategy::Percentage) => {
            if !entry.has("percentage") {
                entry.missing("percentage", "the share of the split");
            }
            percentage.map_or(0, u32::from)
        }
        Some(Strategy::Weighted) => weight.unwrap_or(1),
        Some(Strategy::TimeBased | Strategy::RoundRobin) | None => 1,
    }
}

fn rules(entry: &Reader<'_>, strategy: Option<Strategy>) -> Vec<Hours> {
    let mut rules = Vec::new();
    for rule in entry.objects("rules", limits::SPLITS) {
        let from = rule.number("startHour", 0..=23, 0);
        let to = rule.number("endHour", 0..=24, 24);
        let days = read_days(&rule, "daysOfWeek");
        rule.finish();
        // Hours are at most 24, so minutes are at most 1,440.
        let minutes = |hours: u32| u16::try_from(hours * 60).unwrap_or(0);
        rules.push(Hours { from_minute: minutes(from), to_minute: minutes(to), days });
    }
    if strategy.is_some_and(|strategy| strategy != Strategy::TimeBased) {
        entry.unused(&["rules"], "unless the strategy is time_based");
    }
    if strategy == Some(Strategy::TimeBased) && rules.is_empty() {
        let message = "a split without rules is never taken: add one";
        entry.report().warning("no_rules", entry.path("rules"), message);
    }
    rules
}

fn check_sum(reader: &Reader<'_>, splits: &[Split]) {
    let sum: u32 = splits.iter().map(|split| split.weight).sum();
    if sum != 10_000 {
        let shown = rust_decimal::Decimal::new(sum.into(), 2).normalize();
        let message = format!("the percentages sum to {shown}: make them sum to 100");
        reader.report().error("bad_sum", reader.path("splits"), message);
    }
}

impl Split {
    /// Whether it takes calls at an instant; always, where the splitter does not go by the time.
    fn is_open(&self, now: DateTime<Utc>, zone: Option<Tz>) -> bool {
        zone.is_none_or(|zone| self.rules.iter().any(|rule| rule.contain(now, zone)))
    }
}

impl Splitter {
    fn take(&self, desk: &mut Desk<'_>, handle: &str) -> Act {
        if self.fails_over {
            let node = desk.session.node.clone();
            desk.session.failovers.retain(|failover| failover.node != node);
            let taken = vec![handle.to_owned()];
            desk.session.failovers.push(Failover { node, taken });
        }
        Act::exit(handle)
    }
}

impl Behaviour for Splitter {
    fn exits(&self) -> Vec<ExitRule> {
        let splits = self.splits.iter().map(|split| ExitRule::required(split.handle.clone()));
        // Shares always find a split; only a split that fails, or a gap in the hours, leads past all.
        let taken = self.fails_over || self.gap.is_some();
        let last = match self.zone {
            _ if taken => Last::Fail,
            None => Last::NotTaken("`enableFailover` is true"),
            Some(_) => Last::NotTaken("`enableFailover` is true or some hour has no split"),
        };
        splits.chain([ExitRule::optional("fallback", last)]).collect()
    }

    fn enter(&self, desk: &mut Desk<'_>) -> Act {
        let Some(zone) = self.zone else {
            let (flow, version) = (desk.context.flow, desk.context.version);
            // Shares are exact per version: a new one may have other splits.
            let rotation = format!("flow/{flow}/{version}/{}", desk.session.node);
            return Act::Need(Need::Ordinal { rotation });
        };
        let now = desk.context.now;
        match self.splits.iter().find(|split| split.is_open(now, Some(zone))) {
            Some(split) => self.take(desk, &split.handle),
            None => Act::exit("fallback"),
        }
    }

    fn resume(&self, desk: &mut Desk<'_>, input: &Input) -> Act {
        let Input::Ordinal(ordinal) = input else { return unexpected(desk) };
        let weights: Vec<u32> = self.splits.iter().map(|split| split.weight).collect();
        let turn = rotation::turn(&weights, *ordinal).and_then(|turn| self.splits.get(turn));
        match turn {
            Some(split) => self.take(desk, &split.handle),
            None => Act::exit("fallback"),
        }
    }

    /// The other splits that may have the call now, in the order of the document, then the fallback.
    fn next_branch(&self, taken: &[String], now: DateTime<Utc>) -> Option<String> {
        let splits = self.splits.iter();
        let splits = splits.filter(|split| split.weight > 0 && split.is_open(now, self.zone));
        let handles = splits.map(|split| split.handle.as_str()).chain(["fallback"]);
        let mut left = handles.filter(|handle| !taken.iter().any(|taken| taken == handle));
        left.next().map(str::to_owned)
    }

    fn branches(&self) -> Vec<(String, Option<u32>)> {
        let sum: u64 = self.splits.iter().map(|split| u64::from(split.weight)).sum();
        let share = |split: &Split| {
            let millionths = (u64::from(split.weight) * 1_000_000).checked_div(sum)?;
            u32::try_from(millionths).ok().filter(|_| self.zone.is_none())
        };
        self.splits.iter().map(|split| (split.handle.clone(), share(split))).collect()
    }

    fn gap(&self) -> Option<String> {
        self.gap.clone()
    }
}
