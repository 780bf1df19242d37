//! What a campaign, its router and its assignments say of an auction: modifiers, currencies, ranking,
//! pricing and resale, each on whole calls (spec RTB-5, RTB-6).

use pollster::block_on;
use serde_json::{Value, json};
use uuid::Uuid;

use super::bidders::Does;
use super::desk::Desk;
use crate::auction::Verdict;
use crate::call::{CallStatus, DialOutcome};
use crate::model::{AuctionSettings, Router, RoutingType, TargetAssignment};
use crate::port::{Clock as _, Directory as _, Registry as _};
use crate::vocabulary::{CampaignId, Problem, RouterId};

impl Desk {
    /// Changes what differs in the campaign from a target's own settings.
    pub(super) fn assigned(&self, name: &str, assignment: TargetAssignment) {
        let (campaign, now) = (CampaignId::from_uuid(self.campaign), self.clock.now());
        let target = self.target_id(name);
        let assigned = self.store.assign_target(self.tenant, campaign, target, assignment, now);
        block_on(assigned).unwrap();
    }

    /// Takes a target out of the campaign.
    pub(super) fn unassigned(&self, name: &str) {
        let (campaign, target) = (CampaignId::from_uuid(self.campaign), self.target_id(name));
        block_on(self.store.unassign_target(self.tenant, campaign, target)).unwrap();
    }

    /// Adds a router that the campaign names.
    pub(super) fn router(&self, router: Router) {
        let id = Uuid::from_u128(0x300);
        self.create(id, router.into());
        self.activate(|campaign| campaign.rtb_router_id = Some(RouterId::from_uuid(id)));
    }

    /// What activation says of the campaign, as code and place.
    pub(super) fn problems(&self) -> Vec<String> {
        let campaign = CampaignId::from_uuid(self.campaign);
        let source = block_on(self.store.source(self.tenant, campaign, None)).unwrap().unwrap();
        let told = |problem: Problem| format!("{} {}", problem.code, problem.path);
        // The number is toll-free, which only the feature `numbering` knows.
        let of_number = |problem: &Problem| problem.path.starts_with("/phoneNumberId");
        let problems = crate::plan::check(&source).into_iter();
        problems.filter(|problem| !of_number(problem)).map(told).collect()
    }
}

/// A desk with these targets whose campaign sells its calls on these terms.
fn auction(targets: &[&str], settings: Value) -> Desk {
    let mut desk = Desk::open();
    for name in targets {
        desk.target(name, |_| {});
    }
    sells(&desk, settings);
    desk
}

fn sells(desk: &Desk, settings: Value) {
    let settings: AuctionSettings = serde_json::from_value(settings).unwrap();
    desk.activate(|campaign| {
        campaign.routing_type = RoutingType::Rtb;
        campaign.auction = Some(settings);
    });
    let known = ["no_rate", "no_active_buyer", "no_active_target"];
    let problems = desk.problems();
    let unknown =
        problems.iter().find(|problem| !known.iter().any(|known| problem.starts_with(known)));
    assert_eq!(unknown, None, "the settings are in order");
}

fn assignment(fields: Value) -> TargetAssignment {
    let assignment: TargetAssignment = serde_json::from_value(fields).unwrap();
    assert_eq!(assignment.check(), []);
    assignment
}

fn row(test: Value, action: &str, amount: &str) -> Value {
    let mut row = test;
    (row["action"], row["amount"]) = (json!(action), json!(amount));
    row
}

/// What a call earns whose first attempt lasts.
fn revenue(desk: &Desk, call: u32) -> String {
    desk.result(call, 1, DialOutcome::Answered, 90);
    desk.status(call, CallStatus::Completed);
    desk.call(call).revenue.unwrap().to_string()
}

#[test]
fn a_modifier_of_an_assignment_turns_the_order() {
    let desk = auction(&["a", "b"], json!({}));
    desk.bidders.bids("a", "6", "0001");
    desk.bidders.bids("b", "5", "0002");
    assert_eq!(desk.voice_from(1, "+14155550101"), "dial +12125550001");
    let half_more = row(json!({ "test": "always" }), "multiply", "1.5");
    desk.assigned("b", assignment(json!({ "modifiers": [half_more] })));
    assert_eq!(desk.voice_from(2, "+14155550102"), "dial +12125550002");
    assert_eq!(desk.verdicts(2), ["a: lost at 6, rank 2", "b: won at 5, rank 1"]);
    assert_eq!(revenue(&desk, 2), "5 USD", "nobody pays more than it bid");
}

#[test]
fn the_campaigns_rows_act_on_every_bid_by_the_calls_tags() {
    let vip = row(json!({ "tag": "vip", "test": "present" }), "add", "100");
    let other = row(json!({ "tag": "vip", "test": "absent" }), "subtract", "3");
    let desk = auction(
        &["a"],
        json!({ "modifiers": [vip, other], "minBid": { "amount": "4", "currency": "USD" } }),
    );
    desk.bidders.bids("a", "6.99", "0001");
    assert_eq!(desk.voice(1), "say sorry, hangup");
    assert_eq!(desk.verdict_words(1), [Verdict::BelowFloor]);
    desk.bidders.bids("a", "7", "0001");
    assert_eq!(desk.voice(2), "dial +12125550001");
    assert_eq!(revenue(&desk, 2), "4 USD", "nobody pays more than its bid is worth");
}

#[test]
fn a_row_that_rejects_spares_the_target_the_question() {
    let mut desk = auction(&["a", "b"], json!({}));
    desk.bidders.bids("b", "5", "0002");
    let reject = json!({ "tag": "vip", "test": "absent", "action": "reject" });
    desk.assigned("a", assignment(json!({ "modifiers": [reject] })));
    assert_eq!(desk.voice(1), "dial +12125550002");
    assert_eq!(desk.bidders.asked(), ["b"]);
    desk.buyer("Own", |_| {});
}

#[test]
fn a_foreign_bid_is_converted_and_wins() {
    let mut desk = Desk::open();
    desk.target("a", |_| {});
    desk.target("b", |target| target.currency = "EUR".parse().unwrap());
    desk.bidders.bids("a", "5.20", "0001");
    desk.bidders.bids("b", "5", "0002");
    sells(&desk, json!({}));
    let warned = |desk: &Desk| desk.problems().iter().any(|problem| problem.starts_with("no_rate"));
    assert!(warned(&desk), "{:?}", desk.problems());
    assert_eq!(desk.voice(1), "dial +12125550001");
    assert_eq!(desk.verdict_words(1), [Verdict::Won, Verdict::WrongCurrency]);
    sells(&desk, json!({ "rates": { "EUR": "1.08" } }));
    assert!(!warned(&desk), "{:?}", desk.problems());
    assert_eq!(desk.voice(2), "dial +12125550002");
    assert_eq!(revenue(&desk, 2), "5.40 USD");
    // The same auction counted in euros.
    sells(&desk, json!({ "currency": "EUR", "rates": { "USD": "0.5" } }));
    assert_eq!(desk.voice(3), "dial +12125550002");
    assert_eq!(desk.verdict_words(3), [Verdict::Lost, Verdict::Won]);
    assert_eq!(revenue(&desk, 3), "5 EUR");
}

#[test]
fn the_warning_names_the_target_and_ends_with_a_rate() {
    let mut desk = Desk::open();
    desk.target("a", |target| target.currency = "EUR".parse().unwrap());
    let place = format!("/targets/{}/currency", desk.target_id("a"));
    sells(&desk, json!({ "rates": { "CAD": "0.7" } }));
    assert_eq!(desk.problems(), [format!("no_rate {place}")]);
    sells(&desk, json!({ "currency": "EUR" }));
    assert_eq!(desk.problems(), [""; 0]);
    // Where a campaign holds no auction nobody has to bid in its currency.
    sells(&desk, json!({}));
    desk.activate(|campaign| campaign.routing_type = RoutingType::Direct);
    assert!(!desk.problems().iter().any(|problem| problem.starts_with("no_rate")));
}

#[test]
fn expected_revenue_turns_the_order() {
    let desk = auction(&["a", "b"], json!({}));
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "8", "0002");
    let history = |call, caller| {
        assert_eq!(desk.voice_from(call, caller), "dial +12125550001");
        assert_eq!(desk.result(call, 1, DialOutcome::NoAnswer, 0), "dial +12125550002");
        assert_eq!(desk.result(call, 2, DialOutcome::Answered, 90), "hangup");
        desk.status(call, CallStatus::Completed);
    };
    history(1, "+14155550101");
    // By the bid alone the first is asked and wins again, whatever became of its call.
    history(2, "+14155550102");
    sells(&desk, json!({ "ranking": "expected_revenue" }));
    // 9 × 5/12 is less than 8 × 7/12.
    assert_eq!(desk.voice_from(3, "+14155550103"), "dial +12125550002");
    assert_eq!(desk.verdicts(3), ["a: lost at 9, rank 2", "b: won at 8, rank 1"]);
    assert_eq!(revenue(&desk, 3), "8 USD");
}

#[test]
fn the_second_price_is_the_second_bid_and_the_increment() {
    let increment = json!({ "amount": "0.25", "currency": "USD" });
    let desk = auction(&["a", "b"], json!({ "pricing": "second_price", "increment": increment }));
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "7", "0002");
    assert_eq!(desk.voice(1), "dial +12125550001");
    assert_eq!(revenue(&desk, 1), "7.25 USD");
}

#[test]
fn a_call_is_not_sold_for_less_than_it_costs() {
    let payout = json!({ "amount": "6", "currency": "USD" });
    let desk = auction(&["a"], json!({ "resale": { "payout": payout, "marginPercent": "25" } }));
    desk.bidders.bids("a", "7.99", "0001");
    assert_eq!(desk.voice(1), "say sorry, hangup");
    assert_eq!(desk.verdict_words(1), [Verdict::BelowFloor]);
    desk.bidders.bids("a", "8", "0001");
    assert_eq!(desk.voice(2), "dial +12125550001");
    let settled = crate::auction::replay(&desk.auction(2).log);
    let publisher_price = settled.winner().unwrap().publisher_price.unwrap();
    assert_eq!(publisher_price.to_string(), "6 USD");
}

#[test]
fn a_routers_settings_count_and_its_rows_act_between_the_others() {
    let mut desk = auction(&["a"], json!({ "pricing": "first_price" }));
    desk.target("b", |_| {});
    let b = desk.target_id("b").to_string();
    desk.bidders.bids("a", "10", "0001");
    desk.bidders.bids("b", "6", "0002");
    let double = || row(json!({ "test": "always" }), "multiply", "2");
    let router = |rows: Value, of_b: Value| {
        let router = json!({ "name": "Insurance", "pricing": "second_price", "minBidders": 2,
            "modifiers": rows, "assignments": [{ "targetId": b, "modifiers": of_b }] });
        let router: Router = serde_json::from_value(router).unwrap();
        assert_eq!(router.check(), []);
        router
    };
    // The campaign adds 1, the router doubles, and then b alone gets 3 more: 22 and 14 + 3.
    let one_more = row(json!({ "test": "always" }), "add", "1");
    let three_more = row(json!({ "test": "always" }), "add", "3");
    sells(&desk, json!({ "modifiers": [one_more] }));
    desk.unassigned("b");
    desk.router(router(json!([double()]), json!([three_more])));
    assert_eq!(desk.voice(1), "dial +12125550001");
    let settled = crate::auction::replay(&desk.auction(1).log);
    let net: Vec<String> = settled.ranking.iter().map(|bid| bid.net.to_string()).collect();
    assert_eq!(net, ["22", "17"]);
    // The second price of 17 is more than the bid, which nobody pays.
    assert_eq!(revenue(&desk, 1), "10 USD");
    // Two valid bids are needed, as the router says and the campaign does not.
    desk.bidders.will("b", Does::Fails(500));
    assert_eq!(desk.voice(2), "say sorry, hangup");
    assert_eq!(desk.verdict_words(2), [Verdict::Lost, Verdict::HttpError]);
}
