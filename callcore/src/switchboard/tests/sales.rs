//! Sales that do not go straight: what a tenant changes, what runs out and who hangs up between an
//! auction and its dial.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use pollster::block_on;
use serde_json::json;
use uuid::Uuid;

use super::auctions::{auction, confirmed};
use super::bidders::Does;
use super::desk::Desk;
use super::flows::flow;
use crate::auction::Verdict;
use crate::call::{Call, CallStatus, DialOutcome, EventKind, Progress, StepKey};
use crate::model::{Campaign, CampaignStatus, Kind, Number, RoutingType, Target, TargetStatus};
use crate::port::{Ask, Calls, Clock as _, Registry, Save};
use crate::vocabulary::{CampaignId, NumberId, TargetId};

impl Desk {
    /// Pauses a target.
    fn paused(&self, name: &str) {
        self.change_target(name, |target| target.status = TargetStatus::Paused);
    }

    /// Changes a target.
    pub(super) fn change_target(&self, name: &str, change: impl FnOnce(&mut Target)) {
        let (store, tenant) = (&*self.store, self.tenant);
        let id = self.target_id(name).uuid();
        let row = block_on(Registry::read(store, tenant, Kind::Target, id)).unwrap().unwrap();
        let mut target = Target::try_from(row.value).unwrap();
        change(&mut target);
        let now = self.clock.now();
        block_on(store.replace(tenant, id, row.version, target.into(), now)).unwrap();
    }

    /// While the bidder at a place is asked, the caller hangs up and that is saved.
    pub(super) fn hung_up_meanwhile(&self, call: u32, place: &str) {
        let (store, tenant, now) = (Arc::clone(&self.store), self.tenant, self.clock.now());
        let id = self.call(call).id;
        self.bidders.meanwhile_at(place, move || {
            let look = block_on(Calls::look(&*store, tenant, id, &Ask::default(), now)).unwrap();
            let (before, version): (Call, u64) = look.call.unwrap();
            let mut call = before;
            let progress = Progress { status: CallStatus::Completed, duration_secs: None };
            let _ = call.progress(&progress, now);
            let save = Save {
                growth: crate::call::Growth::default(),
                releases: Vec::new(),
                call,
                expected: Some(version),
                fact: crate::call::Fact {
                    at: now,
                    step: StepKey::progress(CallStatus::Completed),
                    event: EventKind::Progress(progress),
                    parameters: BTreeMap::new(),
                    directives: Vec::new(),
                    nodes: Vec::new(),
                },
                decision: None,
                auction: None,
                outbox: Vec::new(),
            };
            block_on(Calls::save(&*store, tenant, save)).unwrap();
        });
    }

    /// Another campaign of the tenant that sells its calls to this target, at this number.
    fn another_campaign(&self, target: TargetId, called: &str) {
        let (number, id) = (Uuid::from_u128(0x400), Uuid::from_u128(0x401));
        self.create(number, Number::new(called.parse().unwrap()).into());
        let mut campaign = Campaign::new("Another", RoutingType::Rtb);
        campaign.phone_number_id = Some(NumberId::from_uuid(number));
        campaign.status = CampaignStatus::Active;
        self.create(id, campaign.into());
        let (campaign, now) = (CampaignId::from_uuid(id), self.clock.now());
        let assignment = crate::model::TargetAssignment::default();
        let assigned = self.store.assign_target(self.tenant, campaign, target, assignment, now);
        block_on(assigned).unwrap();
    }
}

/// A desk with these targets, which confirm each at a place of its own, `confirm/NAME`.
pub(super) fn confirming(targets: &[&str]) -> Desk {
    let mut desk = Desk::open();
    for name in targets {
        let confirm = json!({ "endpointUrl": format!("https://confirm/{name}") });
        desk.target(name, |target| target.confirm = serde_json::from_value(confirm).unwrap());
    }
    desk.activate(|campaign| campaign.routing_type = RoutingType::Rtb);
    desk
}

pub(super) fn refuses() -> Does {
    Does::Says(r#"{"status":"rejected"}"#.into())
}

pub(super) fn accepts() -> Does {
    Does::Says(r#"{"status":"accepted"}"#.into())
}

/// A bid that holds for some seconds.
pub(super) fn holding(dollars: u32, number: &str, secs: u32) -> Does {
    let body = json!({ "bidAmount": dollars, "destinationNumber": format!("+1212555{number}"), "expireInSeconds": secs });
    Does::Says(body.to_string())
}

/// Why the call did not go to a target.
pub(super) fn detail(desk: &Desk, target: &str) -> String {
    let rows = desk.auction(1).responses;
    let target = desk.target_id(target);
    rows.into_iter().find(|row| row.target == target).unwrap().detail
}

#[test]
fn a_target_that_is_taken_out_while_another_rings_gives_way_to_the_next() {
    let desk = auction(&["a", "d", "e"]);
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("d", "8", "0002");
    desk.bidders.bids("e", "7", "0003");
    assert_eq!(desk.voice(1), "dial +12125550001");
    desk.unassigned("d");
    assert_eq!(desk.result(1, 1, DialOutcome::Busy, 0), "dial +12125550003");
    assert_eq!(desk.verdict_words(1), [Verdict::Lost, Verdict::Closed, Verdict::Won]);
    assert_eq!(detail(&desk, "d"), "no longer in the campaign");
    assert_eq!(desk.call(1).attempts[1].attempt, 2, "nothing was reserved in vain");
}

#[test]
fn a_target_that_is_paused_while_another_rings_is_passed_over() {
    let desk = auction(&["a", "d", "e"]);
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("d", "8", "0002");
    desk.bidders.bids("e", "7", "0003");
    assert_eq!(desk.voice(1), "dial +12125550001");
    desk.paused("d");
    assert_eq!(desk.result(1, 1, DialOutcome::Busy, 0), "dial +12125550003");
    assert_eq!(desk.verdict_words(1), [Verdict::Lost, Verdict::Closed, Verdict::Won]);
    assert_eq!(detail(&desk, "d"), "paused");
}

#[test]
fn a_call_whose_bidders_are_all_taken_out_goes_to_the_buyers() {
    let mut desk = auction(&["a", "d", "e"]);
    desk.buyer("Own", |_| {});
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("d", "8", "0002");
    desk.bidders.bids("e", "7", "0003");
    assert_eq!(desk.voice(1), "dial +12125550001");
    for name in ["a", "d", "e"] {
        desk.unassigned(name);
    }
    assert_eq!(desk.result(1, 1, DialOutcome::Busy, 0), "dial Own");
    assert_eq!(desk.verdict_words(1), [Verdict::Lost, Verdict::Closed, Verdict::Closed]);
    assert_eq!(desk.auction(1).request.winner, None);
}

#[test]
fn a_bid_that_runs_out_while_it_is_confirmed_is_not_dialled() {
    let mut desk = Desk::open();
    desk.target("a", confirmed);
    desk.target("b", |_| {});
    desk.activate(|campaign| campaign.routing_type = RoutingType::Rtb);
    desk.bidders.will("a", holding(9, "0001", 5));
    desk.bidders.bids("b", "8", "0002");
    desk.bidders.will("confirm/a", accepts());
    let clock = Arc::clone(&desk.clock);
    desk.bidders.meanwhile_at("confirm/a", move || clock.advance(TimeDelta::seconds(5)));
    assert_eq!(desk.voice(1), "dial +12125550002");
    assert_eq!(desk.verdict_words(1), [Verdict::Expired, Verdict::Won]);
    assert_eq!(desk.call(1).attempts[0].dialled_at, desk.clock.now());
    let replayed = crate::auction::replay(&desk.auction(1).log);
    assert_eq!(replayed.winner().map(|winner| winner.target_id), Some(desk.target_id("b")));
}

#[test]
fn a_caller_who_hangs_up_in_an_auction_of_a_flow_leaves_its_record() {
    let mut desk = Desk::open();
    desk.target("a", |_| {});
    desk.target("b", |_| {});
    let menu = json!({ "message": "1?", "options": [{ "key": "1", "label": "Sales" }] });
    let sells = json!({ "strategy": "rtb" });
    let nodes = [("menu", "ivr_menu", menu), ("sells", "advanced_router", sells)];
    desk.flow(&flow(&nodes, &[("menu", "key:1", "sells")]));
    desk.activate(|_| {});
    desk.bidders.will("a", holding(9, "0001", 60));
    desk.bidders.bids("b", "8", "0002");
    desk.voice(1);
    desk.hung_up_meanwhile(1, "b");
    assert_eq!(desk.keys(1, 1, "1"), "hangup");
    assert_eq!(desk.verdict_words(1), [Verdict::Lost, Verdict::Lost]);
    let record = desk.auction(1);
    assert_eq!((record.request.bids, record.request.winner, record.request.price), (2, None, None));
    assert_eq!(detail(&desk, "a"), "the caller hung up before it was dialled");
    assert_eq!(record.exchanges.len(), 2);
    assert_eq!(desk.call(1).attempts, []);
    assert_eq!(desk.held(), 0);
    // Its bid still holds for the same caller.
    desk.bidders.asked();
    desk.voice(2);
    assert_eq!(desk.keys(2, 1, "1"), "dial +12125550001");
    assert_eq!(desk.bidders.asked(), ["b"]);
}

#[test]
fn a_caller_who_hangs_up_between_two_bids_leaves_the_record_of_both() {
    let mut desk = confirming(&["b", "c"]);
    desk.target("a", |_| {});
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "8", "0002");
    desk.bidders.bids("c", "7", "0003");
    desk.bidders.will("confirm/b", refuses());
    assert_eq!(desk.voice(1), "dial +12125550001");
    desk.hung_up_meanwhile(1, "confirm/b");
    assert_eq!(desk.result(1, 1, DialOutcome::NoAnswer, 0), "hangup");
    let verdicts = [Verdict::Lost, Verdict::ConfirmFailed, Verdict::Lost];
    assert_eq!(desk.verdict_words(1), verdicts);
    let details = ["a", "b", "c"].map(|name| detail(&desk, name));
    let [a, b, c] = details.each_ref().map(String::as_str);
    assert_eq!(a, "the dial failed: no-answer");
    assert!(b.starts_with("not confirmed"), "{b}");
    assert_eq!(c, "the caller hung up before it was dialled");
    assert_eq!(desk.auction(1).exchanges.len(), 4);
    assert_eq!(desk.held(), 0);
}

#[test]
fn a_caller_who_hangs_up_while_a_winner_confirms_was_sold_to_nobody() {
    let mut desk = confirming(&["b"]);
    desk.target("a", |_| {});
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "8", "0002");
    desk.bidders.will("confirm/b", accepts());
    assert_eq!(desk.voice(1), "dial +12125550001");
    desk.hung_up_meanwhile(1, "confirm/b");
    assert_eq!(desk.result(1, 1, DialOutcome::NoAnswer, 0), "hangup");
    assert_eq!(desk.verdict_words(1), [Verdict::Lost, Verdict::Lost]);
    assert_eq!(detail(&desk, "b"), "the caller hung up before it was dialled");
    let record = desk.auction(1);
    assert_eq!((record.request.winner, record.exchanges.len()), (None, 3));
    assert_eq!(crate::auction::replay(&record.log).winner(), None);
    assert_eq!((desk.call(1).attempts.len(), desk.held()), (1, 0));
}

#[test]
fn a_bid_that_the_attempt_limit_cuts_off_has_not_won() {
    let desk = auction(&["a", "b"]);
    desk.activate(|campaign| campaign.max_attempts = 1);
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "8", "0002");
    assert_eq!(desk.voice(1), "dial +12125550001");
    assert_eq!(desk.result(1, 1, DialOutcome::Busy, 0), "say sorry, hangup");
    assert_eq!(desk.verdict_words(1), [Verdict::Lost, Verdict::Lost]);
    assert_eq!(detail(&desk, "b"), "the call may not be dialled any more");
    assert_eq!(desk.auction(1).request.winner, None);
}

#[test]
fn a_bid_for_one_campaign_is_not_taken_for_another() {
    let desk = auction(&["a"]);
    desk.another_campaign(desk.target_id("a"), "+18005550177");
    desk.bidders.will("a", holding(9, "0001", 60));
    assert_eq!(desk.voice(1), "dial +12125550001");
    assert_eq!(desk.bidders.asked(), ["a"]);
    desk.bidders.will("a", holding(5, "0005", 60));
    assert_eq!(desk.voice_to(2, "+18005550177"), "dial +12125550005");
    assert_eq!(desk.bidders.asked(), ["a"]);
    // And the newer bid for the other one does not stand in the way of the older for this one.
    assert_eq!(desk.voice(3), "dial +12125550001");
    assert_eq!(desk.bidders.asked(), [""; 0]);
}

#[test]
fn a_confirmation_that_makes_us_panic_costs_its_target_the_call_and_nobody_else() {
    let mut desk = confirming(&["a"]);
    desk.target("b", |_| {});
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "8", "0002");
    desk.bidders.will("confirm/a", Does::Panics);
    assert_eq!(desk.voice(1), "dial +12125550002");
    assert_eq!(desk.verdict_words(1), [Verdict::ConfirmFailed, Verdict::Won]);
    // That it was asked is kept, and that no answer came.
    let exchanges = desk.auction(1).exchanges;
    let confirm = exchanges.iter().find(|one| one.request.url == "https://confirm/a").unwrap();
    assert_eq!(confirm.answer, None);
}

/// A desk of 25 targets that bid less and less and confirm, of whom the first refuse.
fn of_25(refusing: usize) -> Desk {
    let names: Vec<String> = (1..=25).map(|n| format!("t{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let desk = confirming(&names);
    for (n, name) in names.iter().enumerate() {
        desk.bidders.bids(name, &(90 - n).to_string(), &format!("{n:04}"));
        let confirms = if n < refusing { refuses() } else { accepts() };
        desk.bidders.will(&format!("confirm/{name}"), confirms);
    }
    desk
}

#[test]
fn bids_that_are_not_confirmed_use_up_no_attempts() {
    let desk = of_25(21);
    assert_eq!(desk.voice(1), "dial +12125550021");
    let call = desk.call(1);
    assert_eq!(call.attempts.len(), 1);
    assert_eq!(call.attempts[0].attempt, 22, "a number is used once, whatever came of it");
    // The same step again, and the next one.
    assert_eq!(desk.voice(1), "dial +12125550021");
    assert_eq!(desk.result(1, 22, DialOutcome::Busy, 0), "dial +12125550022");
    assert_eq!(desk.call(1).attempts[1].attempt, 23);
    desk.status(1, CallStatus::Completed);
    assert_eq!(desk.held(), 0);
}

#[test]
fn the_buyers_are_dialled_however_many_bids_were_not_confirmed() {
    let mut desk = of_25(25);
    for name in ["Own", "Other"] {
        desk.buyer(name, |buyer| buyer.priority = 1 + u8::from(name == "Other"));
    }
    assert_eq!(desk.voice(1), "dial Own");
    assert_eq!(desk.verdict_words(1), [Verdict::ConfirmFailed; 25]);
    assert_eq!(desk.result(1, 26, DialOutcome::Busy, 0), "dial Other");
    assert_eq!(desk.result(1, 27, DialOutcome::Busy, 0), "say sorry, hangup");
    assert_eq!(desk.held(), 0);
}
