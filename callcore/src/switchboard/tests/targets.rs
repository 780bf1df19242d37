//! What a target and its assignment say, each on whole calls: hours, caps and floors in the target's
//! own zone, shares among equals, a confirmation that is a courtesy (spec RTB-1, RTB-6, CAM-2).

use serde_json::{Value, json};

use super::bidders::Does;
use super::desk::Desk;
use crate::auction::Verdict;
use crate::call::{CallStatus, DialOutcome};
use crate::model::{Target, TargetAssignment};

/// A target with these fields beside its name and endpoint.
pub(super) fn with(fields: Value) -> impl FnOnce(&mut Target) {
    move |target| {
        let mut document = serde_json::to_value(&*target).unwrap();
        let own = document.as_object_mut().unwrap();
        own.extend(fields.as_object().unwrap().clone());
        *target = serde_json::from_value(document).unwrap();
    }
}

fn selling(desk: &Desk) {
    desk.activate(|campaign| campaign.routing_type = crate::model::RoutingType::Rtb);
}

fn assigned(desk: &Desk, name: &str, fields: Value) {
    let assignment: TargetAssignment = serde_json::from_value(fields).unwrap();
    assert_eq!(assignment.check(), []);
    desk.assigned(name, assignment);
}

/// A call that comes, is answered and ends.
fn sold(desk: &Desk, call: u32) -> String {
    let dialled = desk.voice_from(call, &format!("+1415555{call:04}"));
    if dialled.starts_with("dial") {
        desk.result(call, 1, DialOutcome::Answered, 60);
    }
    desk.status(call, CallStatus::Completed);
    dialled
}

#[test]
fn a_target_is_asked_in_the_hours_of_its_own_zone() {
    let mut desk = Desk::open();
    // It is Monday, 14:00 in UTC, 09:00 in New York and 06:00 in Los Angeles.
    let hours = json!({ "businessHours": { "monday": { "enabled": true, "timeRanges": [{ "open": "09:00", "close": "10:00" }] } } });
    for (name, zone) in [("a", "America/New_York"), ("b", "America/Los_Angeles"), ("c", "UTC")] {
        desk.target(name, with(json!({ "timezone": zone, "schedule": hours })));
        desk.bidders.bids(name, "5", "0001");
    }
    selling(&desk);
    assert_eq!(desk.voice(1), "dial +12125550001");
    assert_eq!(desk.bidders.asked(), ["a"]);
    assert_eq!(desk.verdict_words(1), [Verdict::Won, Verdict::Closed, Verdict::Closed]);
    desk.wait(3 * 3_600);
    desk.voice_from(2, "+14155550101");
    assert_eq!(desk.bidders.asked(), ["b"]);
}

#[test]
fn a_daily_cap_ends_with_the_day_of_the_targets_zone() {
    let mut desk = Desk::open();
    // In Tokyo it is 23:00.
    for (name, zone, bid) in [("a", "Asia/Tokyo", "9"), ("b", "UTC", "8")] {
        desk.target(name, with(json!({ "timezone": zone, "caps": { "daily": 1 } })));
        desk.bidders.bids(name, bid, if name == "a" { "0001" } else { "0002" });
    }
    selling(&desk);
    let dialled = [1, 2, 3].map(|call| sold(&desk, call));
    assert_eq!(dialled, ["dial +12125550001", "dial +12125550002", "say sorry, hangup"]);
    assert_eq!(desk.verdict_words(3), [Verdict::Capped, Verdict::Capped]);
    desk.wait(3_600);
    assert_eq!([4, 5].map(|call| sold(&desk, call)), ["dial +12125550001", "say sorry, hangup"]);
}

#[test]
fn an_assignment_tightens_the_targets_caps_and_bounds() {
    let mut desk = Desk::open();
    desk.target("a", with(json!({ "caps": { "daily": 9 } })));
    desk.target("b", |_| {});
    selling(&desk);
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "8", "0002");
    assigned(&desk, "a", json!({ "caps": { "daily": 1 } }));
    assert_eq!([1, 2].map(|call| sold(&desk, call)), ["dial +12125550001", "dial +12125550002"]);
    assert_eq!(desk.verdict_words(2), [Verdict::Capped, Verdict::Won]);
    assert!(desk.problems().iter().all(|problem| !problem.starts_with("override_is_looser")));
    // A looser cap changes nothing, and activation says so.
    assigned(&desk, "a", json!({ "caps": { "daily": 10 } }));
    let place = format!("/targets/{}/caps/daily", desk.target_id("a"));
    assert!(desk.problems().contains(&format!("override_is_looser {place}")));
    let dollars = |amount: &str| json!({ "amount": amount, "currency": "USD" });
    let euros = json!({ "amount": "9", "currency": "EUR" });
    assigned(&desk, "a", json!({ "maxBid": euros, "minBid": dollars("1") }));
    let place = format!("/targets/{}/maxBid/currency", desk.target_id("a"));
    let problems = desk.problems();
    let found: Vec<_> = problems.iter().filter(|one| one.starts_with("wrong_currency")).collect();
    assert_eq!(found, [&format!("wrong_currency {place}")]);
    assigned(&desk, "a", json!({ "maxBid": dollars("8.99") }));
    assigned(&desk, "b", json!({ "minBid": dollars("8.01") }));
    assert_eq!(sold(&desk, 3), "say sorry, hangup");
    assert_eq!(desk.verdict_words(3), [Verdict::AboveMax, Verdict::BelowFloor]);
}

#[test]
fn equals_share_by_weight_inside_a_priority() {
    let mut desk = Desk::open();
    for (name, number) in [("a", "0001"), ("b", "0002"), ("c", "0003")] {
        desk.target(name, |_| {});
        desk.bidders.bids(name, "5", number);
    }
    selling(&desk);
    assigned(&desk, "a", json!({ "weight": 9 }));
    assigned(&desk, "c", json!({ "priority": 6, "weight": 1000 }));
    let dialled: Vec<String> = (1..=60).map(|call| sold(&desk, call)).collect();
    let share = |number: &str| dialled.iter().filter(|dialled| dialled.ends_with(number)).count();
    let shares = (share("0001"), share("0002"), share("0003"));
    assert!(shares.0.abs_diff(54) <= 5 && shares.1 == 60 - shares.0, "{shares:?}");
}

#[test]
fn a_courtesy_that_is_not_returned_costs_the_target_nothing() {
    let mut desk = Desk::open();
    let confirm = json!({ "endpointUrl": "https://post", "required": false });
    desk.target("a", with(json!({ "confirm": confirm })));
    desk.target("b", |_| {});
    selling(&desk);
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "8", "0002");
    desk.bidders.will("post", Does::Fails(500));
    assert_eq!(sold(&desk, 1), "dial +12125550001");
    assert_eq!(desk.bidders.asked(), ["a", "b", "post"]);
    assert_eq!(desk.verdict_words(1), [Verdict::Won, Verdict::Lost]);
}

#[test]
fn a_target_is_told_the_lowest_bid_that_can_win() {
    let mut desk = Desk::open();
    let own = json!({ "minBid": { "amount": "4", "currency": "USD" } });
    desk.target("a", with(own));
    desk.target("b", |_| {});
    desk.target("c", with(json!({ "currency": "EUR" })));
    for name in ["a", "b", "c"] {
        desk.bidders.bids(name, "6", "0001");
    }
    selling(&desk);
    desk.activate(|campaign| {
        let settings = json!({ "minBid": { "amount": "5", "currency": "USD" } });
        campaign.auction = Some(serde_json::from_value(settings).unwrap());
    });
    assigned(&desk, "b", json!({ "minBid": { "amount": "5.5", "currency": "USD" } }));
    desk.voice(1);
    let told = ["a", "b", "c"].map(|name| {
        let exchanges = desk.auction(1).exchanges;
        let asked = exchanges.iter().find(|one| one.target == desk.target_id(name)).unwrap();
        let body: Value = serde_json::from_str(&asked.request.body).unwrap();
        body["minBid"].to_string()
    });
    assert_eq!(told, ["5", "5.5", "null"]);
}

#[test]
fn a_router_has_priorities_and_weights_of_its_own() {
    let mut desk = Desk::open();
    for (name, number) in [("a", "0001"), ("b", "0002"), ("c", "0003")] {
        desk.target(name, |_| {});
        desk.bidders.bids(name, "5", number);
        desk.unassigned(name);
    }
    selling(&desk);
    let place = |name: &str, priority: u8, weight: u32| json!({ "targetId": desk.target_id(name).to_string(), "priority": priority, "weight": weight });
    let assignments = [place("a", 3, 9), place("b", 3, 1), place("c", 4, 1000)];
    let router = json!({ "name": "Insurance", "assignments": assignments });
    desk.router(serde_json::from_value(router).unwrap());
    let dialled: Vec<String> = (1..=60).map(|call| sold(&desk, call)).collect();
    let share = |number: &str| dialled.iter().filter(|dialled| dialled.ends_with(number)).count();
    let shares = (share("0001"), share("0002"), share("0003"));
    assert!(shares.0.abs_diff(54) <= 5 && shares.1 == 60 - shares.0, "{shares:?}");
}
