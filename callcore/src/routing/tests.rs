//! Rules that hold for every decision, and tables of the filters.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::call::Contact;
use crate::call::{Caller, NoRouteReason};
use crate::model::Strategy;
use crate::model::{
    Availability, DuplicateRule, DuplicateScope, GeoKind, GeoMatch, GeoRule, Place, RestrictAfter,
};
use crate::schedule::{BusinessHours, CapWindow, DayHours, Schedule, ScheduleDocument, TimeRange};
use crate::vocabulary::{BuyerId, CallId, Seed, TenantId};

const CAMPAIGN: CampaignId = CampaignId::from_uuid(Uuid::from_u128(0xca));

fn now() -> DateTime<Utc> {
    "2026-11-23T14:00:00Z".parse().unwrap()
}

fn seed(call: u32) -> Seed {
    let call = CallId::derive("twilio", "AC1", &format!("CA{call}"));
    Seed::derive(TenantId::from_uuid(Uuid::nil()), call, "voice", "rank")
}

fn buyer(index: u128) -> BuyerId {
    BuyerId::from_uuid(Uuid::from_u128(index + 1))
}

fn candidate(index: u128) -> Candidate {
    Candidate {
        buyer: buyer(index),
        name: format!("Buyer {index}"),
        destination: "+15551230001".parse().unwrap(),
        paused: false,
        availability: Availability::Available,
        priority: 5,
        weight: 1,
        zone: Tz::UTC,
        schedule: Schedule::always_open(Tz::UTC),
        geo: GeoRule::default(),
        skills: BTreeMap::new(),
        duplicates: DuplicateRule::default(),
        wrap_up_secs: 0,
        caps: Vec::new(),
        conversion: None,
        revenue: None,
    }
}

fn cap(index: u128, window: CapWindow, limit: u32) -> Cap {
    let key = CapKey { scope: CapScope::Buyer { buyer: buyer(index) }, window };
    Cap { key, zone: Tz::UTC, limit }
}

/// Open on Mondays from `open` to 17:00; the test's `now` is Monday 14:00.
fn mondays_from(open: &str) -> Schedule {
    let range = TimeRange { open: open.into(), close: "17:00".into() };
    let monday = Some(DayHours { enabled: true, time_ranges: vec![range] });
    let business_hours = BusinessHours { monday, ..BusinessHours::default() };
    let document = ScheduleDocument { business_hours, holidays: Vec::new() };
    Schedule::compile(&document, Tz::UTC).unwrap()
}

fn caller() -> Caller {
    Caller {
        address: "+14155550100".into(),
        number: Some("+14155550100".parse().unwrap()),
        place: Place { state: Some("CA".into()), ..Place::default() },
        ..Caller::default()
    }
}

fn request<'a>(
    caller: &'a Caller,
    skills: &'a BTreeMap<String, u8>,
    strategy: Strategy,
) -> Request<'a> {
    Request {
        campaign: CAMPAIGN,
        revision: 7,
        strategy,
        required_skills: skills,
        counts_conversions: false,
        caller,
    }
}

/// One thing that stands against a candidate, by number, so that proptest can pick any set of them.
fn set_back(candidate: &mut Candidate, observed: &mut Observed, index: u128, what: u8) {
    let earlier = now() - TimeDelta::hours(5);
    match what {
        0 => candidate.paused = true,
        1 => candidate.availability = Availability::Break,
        2 => {
            candidate.wrap_up_secs = 90;
            let last_ended_at = Some(now() - TimeDelta::seconds(30));
            observed
                .activity
                .insert(buyer(index).into(), Activity { last_ended_at, ..Activity::default() });
        }
        3 => candidate.schedule = mondays_from("15:30"),
        4 => {
            let denied = GeoMatch { kind: GeoKind::State, value: "ca".into() };
            candidate.geo.deny.push(denied);
        }
        5 => {
            candidate.duplicates = DuplicateRule {
                scope: DuplicateScope::Buyer,
                after: RestrictAfter::Connected,
                days: Some(7),
            };
            observed.contacts.push(Contact {
                campaign: CAMPAIGN,
                buyer: buyer(index),
                connected_at: Some(earlier),
                converted_at: None,
            });
        }
        _ => {
            let cap = cap(index, CapWindow::Daily, 50);
            observed.usage.insert(cap.key, 50);
            candidate.caps.push(cap);
        }
    }
}

/// Carries out the change that a counterfactual names.
fn carry_out(
    change: &Change,
    candidate: &mut Candidate,
    observed: &mut Observed,
    at: &mut DateTime<Utc>,
) {
    match change {
        Change::Activate => candidate.paused = false,
        Change::BecomeAvailable => candidate.availability = Availability::Available,
        Change::Wait { until, .. } => *at = *until,
        Change::Open => candidate.schedule = Schedule::always_open(Tz::UTC),
        Change::LiftDenial { kind, value } => {
            candidate.geo.deny.retain(|denied| denied.kind != *kind || denied.value != *value);
        }
        Change::AllowPlace => candidate.geo.allow.clear(),
        Change::RaiseSkill { skill, to } => {
            candidate.skills.insert(skill.clone(), *to);
        }
        Change::LiftDuplicateRule => candidate.duplicates.scope = DuplicateScope::None,
        Change::RaiseCap { cap, to, .. } => {
            for known in &mut candidate.caps {
                if known.key == *cap {
                    known.limit = *to;
                }
            }
            observed.full.clear();
        }
    }
}

const STRATEGIES: [Strategy; 5] = [
    Strategy::Priority,
    Strategy::RoundRobin,
    Strategy::Capacity,
    Strategy::Performance,
    Strategy::Skills,
];

prop_compose! {
    fn world()(
        rows in prop::collection::vec((1u8..4, 1u32..20, prop::collection::btree_set(0u8..7, 0..3)), 0..12),
        strategy in prop::sample::select(&STRATEGIES),
        call in 0u32..1000,
        ordinal in 0u64..1000,
    ) -> (Vec<Candidate>, Observed, Strategy, Seed) {
        let turn = Some(Turn { key: "drawn".into(), ordinal });
        let mut observed = Observed { turn, ..Observed::default() };
        let mut candidates = Vec::new();
        for (index, (priority, weight, against)) in rows.into_iter().enumerate() {
            let index = index as u128;
            let mut one = Candidate { priority, weight, ..candidate(index) };
            for what in against {
                set_back(&mut one, &mut observed, index, what);
            }
            candidates.push(one);
        }
        (candidates, observed, strategy, seed(call))
    }
}

proptest! {
    #[test]
    fn chosen_ranked_and_refused_are_exactly_the_candidates(
        (candidates, observed, strategy, seed) in world()
    ) {
        let (caller, skills) = (caller(), BTreeMap::new());
        let decision = decide(&request(&caller, &skills, strategy), &candidates, &observed, seed, now());
        let named: Vec<BuyerId> =
            decision.ranking().chain(decision.refused.iter().map(|refused| refused.buyer)).collect();
        let all: BTreeSet<BuyerId> = named.iter().copied().collect();
        prop_assert_eq!(named.len(), candidates.len());
        prop_assert_eq!(all, candidates.iter().map(|candidate| candidate.buyer).collect());
        prop_assert_eq!(decision.chosen.is_none(), decision.no_route().is_some());
    }

    #[test]
    fn the_same_arguments_give_the_same_bytes((candidates, observed, strategy, seed) in world()) {
        let (caller, skills) = (caller(), BTreeMap::new());
        let run = || {
            let decision = decide(&request(&caller, &skills, strategy), &candidates, &observed, seed, now());
            serde_json::to_string(&decision).unwrap()
        };
        let first = run();
        prop_assert_eq!(&first, &run());
        let read: Decision = serde_json::from_str(&first).unwrap();
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), first);
    }

    #[test]
    fn the_change_that_a_counterfactual_names_lets_the_candidate_in(
        (candidates, observed, strategy, seed) in world()
    ) {
        let (caller, skills) = (caller(), BTreeMap::new());
        let request = request(&caller, &skills, strategy);
        let decision = decide(&request, &candidates, &observed, seed, now());
        for refused in &decision.refused {
            let counterfactual = &refused.counterfactual;
            prop_assert_eq!(counterfactual.change.is_some(), counterfactual.reasons.len() == 1);
            prop_assert_eq!(counterfactual.reasons.first().map(String::as_str), Some(refused.reason.code()));
            let Some(change) = &counterfactual.change else { continue };
            let (mut candidates, mut observed, mut at) = (candidates.clone(), observed.clone(), now());
            let changed = candidates.iter_mut().find(|candidate| candidate.buyer == refused.buyer).unwrap();
            carry_out(change, changed, &mut observed, &mut at);
            let again = decide(&request, &candidates, &observed, seed, at);
            prop_assert!(again.ranking().any(|buyer| buyer == refused.buyer), "{change:?}");
        }
    }

    #[test]
    fn priority_one_goes_first_and_nobody_overtakes((candidates, observed, _, seed) in world()) {
        let (caller, skills) = (caller(), BTreeMap::new());
        let decision = decide(&request(&caller, &skills, Strategy::Priority), &candidates, &observed, seed, now());
        let ranked: Vec<u8> = decision.chosen.iter().chain(&decision.ranked).map(|one| one.priority).collect();
        prop_assert!(ranked.is_sorted(), "{ranked:?}");
    }

    #[test]
    fn what_was_full_at_the_claim_leaves_the_ranking_and_what_is_held_goes_first(
        (candidates, mut observed, strategy, seed) in world()
    ) {
        let (caller, skills) = (caller(), BTreeMap::new());
        let request = request(&caller, &skills, strategy);
        let first = decide(&request, &candidates, &observed, seed, now());
        let ranking: Vec<BuyerId> = first.ranking().collect();
        prop_assume!(ranking.len() >= 2);
        let mut candidates = candidates;
        let raced = candidates.iter_mut().find(|candidate| candidate.buyer == ranking[0]).unwrap();
        let index = raced.buyer.uuid().as_u128() - 1;
        let cap = cap(index, CapWindow::Concurrent, 3);
        raced.caps.push(cap);
        observed.full = vec![(ranking[0].into(), cap.key)];
        observed.held = Some(ranking[1].into());
        let again = decide(&request, &candidates, &observed, seed, now());
        prop_assert_eq!(again.chosen.as_ref().map(|chosen| chosen.buyer), Some(ranking[1]));
        let refused = again.refused.iter().find(|refused| refused.buyer == ranking[0]).unwrap();
        prop_assert_eq!(refused.evidence.as_str(), "concurrent cap 3/3");
        prop_assert_eq!(again.ranking().count() + again.refused.len(), candidates.len());
    }
}

#[test]
fn each_reason_has_its_code_its_evidence_and_what_would_have_helped() {
    let table = [
        (0, "paused", "paused", "if it were active"),
        (1, "unavailable", "agent is on a break", "if the agent were available"),
        (2, "wrap_up", "wrapping up until 14:01:00 UTC", "in 60 s"),
        (3, "closed", "closed: opens 15:30 Mon 23 Nov UTC", "in 90 min"),
        (4, "geo_denied", "callers from state ca are denied", "without the denial of ca"),
        (
            5,
            "duplicate",
            "duplicate: caller reached this buyer on 23 Nov 2026 09:00 UTC",
            "in 7 days",
        ),
        (6, "capped", "daily cap 50/50", "with the daily cap +1"),
    ];
    let (caller, skills) = (caller(), BTreeMap::new());
    let request = request(&caller, &skills, Strategy::Priority);
    for (what, code, evidence, helps) in table {
        let (mut one, mut observed) = (candidate(0), Observed::default());
        set_back(&mut one, &mut observed, 0, what);
        let decision = decide(&request, &[one], &observed, seed(1), now());
        let refused = &decision.refused[0];
        assert_eq!(refused.reason.code(), code);
        assert_eq!(refused.evidence, evidence);
        assert_eq!(refused.counterfactual.text, helps);
    }
}

#[test]
fn the_first_filter_of_the_documented_order_gives_the_reason() {
    let (caller, skills) = (caller(), BTreeMap::new());
    let request = request(&caller, &skills, Strategy::Priority);
    let codes = ["paused", "unavailable", "wrap_up", "closed", "geo_denied", "duplicate", "capped"];
    for first in 0..7u8 {
        let (mut one, mut observed) = (candidate(0), Observed::default());
        for what in first..7 {
            set_back(&mut one, &mut observed, 0, what);
        }
        let decision = decide(&request, &[one], &observed, seed(1), now());
        let refused = &decision.refused[0];
        assert_eq!(refused.reason.code(), codes[usize::from(first)]);
        assert_eq!(refused.counterfactual.reasons, codes[usize::from(first)..]);
    }
}

#[test]
fn each_set_of_eligible_candidates_has_exact_shares_of_its_own() {
    let weights = [5u32, 3, 2];
    let all: Vec<Candidate> = (0..3)
        .map(|index| Candidate { weight: weights[index], ..candidate(index as u128) })
        .collect();
    let two = vec![all[0].clone(), Candidate { paused: true, ..all[1].clone() }, all[2].clone()];
    let (caller, skills) = (caller(), BTreeMap::new());
    let request = request(&caller, &skills, Strategy::RoundRobin);
    let mut turns = BTreeMap::<String, u64>::new();
    let mut counts = BTreeMap::<(usize, BuyerId), u64>::new();
    // The two sets take turns in the worst way for one counter over both.
    for call in 0..400u32 {
        let set = if call % 2 == 0 { &all } else { &two };
        let mut observed = Observed::default();
        let eligibility = Eligibility::examine(&request, set, &observed, now());
        let eligible = eligibility.eligible.len();
        let key = eligibility.rotation(&request).unwrap().key;
        let ordinal = *turns.entry(key.clone()).and_modify(|turn| *turn += 1).or_default();
        observed.turn = Some(Turn { key, ordinal });
        let chosen = eligibility.decide(&request, &observed, seed(call), now()).chosen.unwrap();
        *counts.entry((eligible, chosen.buyer)).or_default() += 1;
        let total: u64 = if eligible == 3 { 10 } else { 7 };
        for (index, weight) in weights.iter().enumerate() {
            if eligible == 2 && index == 1 {
                continue;
            }
            let count = counts.get(&(eligible, buyer(index as u128))).copied().unwrap_or(0);
            let exact = (ordinal + 1) * u64::from(*weight);
            assert!(
                (count * total).abs_diff(exact) < total,
                "call {call}: {count} of {}",
                ordinal + 1
            );
        }
    }
}

#[test]
fn capacity_ranks_by_the_free_share_of_the_scarcest_cap() {
    let (caller, skills) = (caller(), BTreeMap::new());
    let request = request(&caller, &skills, Strategy::Capacity);
    // 1/2 free, 3/4 free but 1/10 of the day, unlimited, 2/3 free.
    let mut candidates: Vec<Candidate> = (0..4).map(candidate).collect();
    candidates[0].caps = vec![cap(0, CapWindow::Concurrent, 2)];
    candidates[1].caps = vec![cap(1, CapWindow::Concurrent, 4), cap(1, CapWindow::Daily, 10)];
    candidates[3].caps = vec![cap(3, CapWindow::Concurrent, 3)];
    let used = [
        (cap(0, CapWindow::Concurrent, 0), 1),
        (cap(1, CapWindow::Concurrent, 0), 1),
        (cap(1, CapWindow::Daily, 0), 9),
        (cap(3, CapWindow::Concurrent, 0), 1),
    ];
    let usage = used.into_iter().map(|(cap, used)| (cap.key, used)).collect();
    let observed = Observed { usage, ..Observed::default() };
    let decision = decide(&request, &candidates, &observed, seed(1), now());
    assert_eq!(decision.ranking().collect::<Vec<_>>(), [buyer(2), buyer(3), buyer(0), buyer(1)]);
}

#[test]
fn performance_prefers_the_better_record_and_gives_a_newcomer_a_chance() {
    let (caller, skills) = (caller(), BTreeMap::new());
    let request = request(&caller, &skills, Strategy::Performance);
    let candidates: Vec<Candidate> = (0..3).map(candidate).collect();
    let record = |offered, answered| Activity { offered, answered, ..Activity::default() };
    let activity = [(buyer(0).into(), record(1000, 900)), (buyer(1).into(), record(1000, 100))]
        .into_iter()
        .collect();
    let observed = Observed { activity, ..Observed::default() };
    let mut firsts = [0u32; 3];
    for call in 0..3000 {
        let decision = decide(&request, &candidates, &observed, seed(call), now());
        firsts[(decision.chosen.unwrap().buyer.uuid().as_u128() - 1) as usize] += 1;
    }
    // Rates 0.896, 0.104 and the prior's 0.5, so shares of 60 %, 7 % and 33 %.
    assert!((1650..1950).contains(&firsts[0]), "{firsts:?}");
    assert!((120..300).contains(&firsts[1]), "{firsts:?}");
    assert!((870..1130).contains(&firsts[2]), "{firsts:?}");
}

#[test]
fn why_nobody_was_chosen_has_one_word() {
    let (caller, skills) = (caller(), BTreeMap::new());
    let request = request(&caller, &skills, Strategy::Priority);
    let table: [(&[u8], NoRouteReason); 6] = [
        (&[], NoRouteReason::NoBuyerAssigned),
        (&[6, 6], NoRouteReason::NoBuyerAllCapped),
        (&[3, 3], NoRouteReason::NoBuyerAllClosed),
        (&[5], NoRouteReason::NoBuyerDuplicate),
        (&[6, 3], NoRouteReason::NoBuyerAllFiltered),
        (&[0], NoRouteReason::NoBuyerAllFiltered),
    ];
    for (against, reason) in table {
        let mut observed = Observed::default();
        let mut candidates = Vec::new();
        for (index, what) in against.iter().enumerate() {
            let mut one = candidate(index as u128);
            set_back(&mut one, &mut observed, index as u128, *what);
            candidates.push(one);
        }
        let decision = decide(&request, &candidates, &observed, seed(1), now());
        assert_eq!(decision.no_route(), Some(reason));
    }
}
