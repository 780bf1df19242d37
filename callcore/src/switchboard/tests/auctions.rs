//! Calls that are sold: who is asked, who is dialled, who comes next, and what is recorded.

use super::bidders::Does;
use super::desk::Desk;
use crate::auction::Verdict;
use crate::call::{CallStatus, DialOutcome, FinalReason};
use crate::model::{AuctionSettings, Caps, ConfirmRequest, Target, TargetAuth, TargetStatus};
use crate::vocabulary::Money;

/// A desk whose campaign sells its calls to these targets.
pub(super) fn auction(targets: &[&str]) -> Desk {
    let mut desk = Desk::open();
    for name in targets {
        desk.target(name, |_| {});
    }
    desk.activate(|campaign| campaign.routing_type = crate::model::RoutingType::Rtb);
    desk
}

pub(super) fn dollars(amount: &str) -> Option<Money> {
    Some(Money { amount: amount.parse().unwrap(), currency: "USD".parse().unwrap() })
}

pub(super) fn confirmed(target: &mut Target) {
    let confirm = serde_json::json!({ "endpointUrl": "https://confirm/a" });
    let confirm: ConfirmRequest = serde_json::from_value(confirm).unwrap();
    target.confirm = Some(confirm);
}

#[test]
fn the_highest_bid_is_dialled_and_pays() {
    let desk = auction(&["a", "b", "c"]);
    desk.bidders.bids("a", "4.50", "0001");
    desk.bidders.bids("b", "9.25", "0002");
    desk.bidders.bids("c", "7", "0003");
    assert_eq!(desk.voice(1), "dial +12125550002");
    assert_eq!(
        desk.verdicts(1),
        ["a: lost at 4.50, rank 3", "b: won at 9.25, rank 1", "c: lost at 7, rank 2"]
    );
    assert_eq!(desk.result(1, 1, DialOutcome::Answered, 90), "hangup");
    desk.status(1, CallStatus::Completed);
    let call = desk.call(1);
    assert_eq!(call.target(), Some(desk.target_id("b")));
    assert_eq!(call.final_reason(), Some(FinalReason::Answered));
    assert_eq!((call.converted, call.revenue), (true, dollars("9.25")));
    assert_eq!(desk.held(), 0);
}

#[test]
fn a_bidder_costs_nobody_else_anything() {
    let desk = auction(&["a", "b", "c", "d", "e", "f"]);
    desk.bidders.will("a", Does::Hangs);
    desk.bidders.will("b", Does::Panics);
    desk.bidders.will("c", Does::Fails(500));
    desk.bidders.will("d", Does::IsGone);
    desk.bidders.will("e", Does::Says("<html>".into()));
    desk.bidders.bids("f", "1", "0006");
    assert_eq!(desk.voice(1), "dial +12125550006");
    let verdicts = desk.verdict_words(1);
    assert_eq!(
        verdicts,
        [
            Verdict::Timeout,
            Verdict::HttpError,
            Verdict::HttpError,
            Verdict::Unreachable,
            Verdict::Malformed,
            Verdict::Won
        ]
    );
}

#[test]
fn a_delivery_again_asks_nobody_again() {
    let desk = auction(&["a"]);
    desk.bidders.bids("a", "4.50", "0001");
    let first = desk.voice(1);
    assert_eq!(desk.bidders.asked(), ["a"]);
    desk.bidders.bids("a", "99", "0009");
    assert_eq!(desk.voice(1), first);
    assert_eq!(desk.bidders.asked(), [""; 0]);
}

#[test]
fn after_a_failed_dial_comes_the_next_bid_and_then_the_buyers() {
    let mut desk = auction(&["a", "b", "c"]);
    desk.buyer("Own", |_| {});
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "8", "0002");
    desk.bidders.will("c", Does::Says(r#"{"accepted":false,"reason":"full"}"#.into()));
    assert_eq!(desk.voice(1), "dial +12125550001");
    desk.bidders.asked();
    assert_eq!(desk.result(1, 1, DialOutcome::Busy, 0), "dial +12125550002");
    assert_eq!(desk.verdicts(1), ["a: lost at 9, rank 1", "b: won at 8, rank 2", "c: refused"]);
    assert_eq!(desk.result(1, 2, DialOutcome::NoAnswer, 0), "dial Own");
    assert_eq!(desk.bidders.asked(), [""; 0], "nobody is asked again");
    assert_eq!(desk.result(1, 3, DialOutcome::Failed, 0), "say sorry, hangup");
    assert_eq!(desk.held(), 0);
}

#[test]
fn a_call_that_nobody_buys_goes_to_the_buyers_or_to_nobody() {
    let mut desk = auction(&["a"]);
    desk.bidders.will("a", Does::Says(r#"{"accepted":false}"#.into()));
    assert_eq!(desk.voice(1), "say sorry, hangup");
    assert_eq!(desk.call(1).final_reason(), Some(FinalReason::NoValidBid));
    desk.buyer("Own", |_| {});
    assert_eq!(desk.voice(2), "dial Own");
    assert_eq!(desk.verdict_words(2), [Verdict::Refused]);
}

#[test]
fn a_full_target_is_not_asked_and_one_that_filled_up_gives_way() {
    let mut desk = Desk::open();
    let one = Some(Caps { concurrent: Some(1), ..Caps::default() });
    desk.target("a", |target| target.caps = one);
    desk.target("b", |_| {});
    desk.activate(|campaign| campaign.routing_type = crate::model::RoutingType::Rtb);
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "8", "0002");
    assert_eq!(desk.voice(1), "dial +12125550001");
    desk.bidders.asked();
    assert_eq!(desk.voice_from(2, "+14155550101"), "dial +12125550002");
    assert_eq!(desk.bidders.asked(), ["b"]);
    assert_eq!(desk.verdict_words(2), [Verdict::Capped, Verdict::Won]);
    desk.status(1, CallStatus::Completed);
    assert_eq!(desk.voice_from(3, "+14155550102"), "dial +12125550001", "the place is free again");
}

#[test]
fn floors_and_maxima_hold_and_a_paused_target_is_not_asked() {
    let mut desk = Desk::open();
    desk.target("a", |target| target.max_bid = dollars("10"));
    desk.target("b", |target| target.min_bid = dollars("2"));
    desk.target("c", |_| {});
    desk.target("d", |target| target.status = TargetStatus::Paused);
    desk.activate(|campaign| {
        campaign.routing_type = crate::model::RoutingType::Rtb;
        campaign.auction =
            Some(AuctionSettings { min_bid: dollars("1.50"), ..AuctionSettings::default() });
    });
    desk.bidders.bids("a", "10.01", "0001");
    desk.bidders.bids("b", "1.99", "0002");
    desk.bidders.bids("c", "1.50", "0003");
    assert_eq!(desk.voice(1), "dial +12125550003");
    let expected = [Verdict::AboveMax, Verdict::BelowFloor, Verdict::Won, Verdict::Closed];
    assert_eq!(desk.verdict_words(1), expected);
}

#[test]
fn a_winner_confirms_before_it_is_dialled() {
    let mut desk = Desk::open();
    desk.target("a", confirmed);
    desk.target("b", |_| {});
    desk.activate(|campaign| campaign.routing_type = crate::model::RoutingType::Rtb);
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "8", "0002");
    let elsewhere = r#"{"status":"accepted","destinationNumber":"+12125550009"}"#;
    desk.bidders.will("confirm/a", Does::Says(elsewhere.into()));
    assert_eq!(desk.voice(1), "dial +12125550009");
    assert_eq!(desk.bidders.asked(), ["a", "b", "confirm/a"]);
    desk.bidders.will("confirm/a", Does::Says(r#"{"status":"rejected"}"#.into()));
    assert_eq!(desk.voice_from(2, "+14155550101"), "dial +12125550002");
    assert_eq!(desk.verdict_words(2), [Verdict::ConfirmFailed, Verdict::Won]);
    // The place that was held for the first is given back.
    assert_eq!(desk.held_by_target("a"), 1);
    desk.status(1, CallStatus::Completed);
    desk.status(2, CallStatus::Completed);
    assert_eq!(desk.held(), 0);
}

#[test]
fn a_bid_that_still_holds_is_not_asked_for_again() {
    let desk = auction(&["a", "b"]);
    let bid = r#"{"bidAmount":5,"destinationNumber":"+12125550001","expireInSeconds":60}"#;
    desk.bidders.will("a", Does::Says(bid.into()));
    desk.bidders.will("b", Does::Says(r#"{"accepted":false}"#.into()));
    assert_eq!(desk.voice(1), "dial +12125550001");
    desk.bidders.asked();
    desk.wait(10);
    // The same caller calls again.
    assert_eq!(desk.voice(2), "dial +12125550001");
    assert_eq!(desk.bidders.asked(), ["b"]);
    desk.wait(60);
    assert_eq!(desk.voice(3), "dial +12125550001");
    assert_eq!(desk.bidders.asked(), ["a", "b"]);
}

#[test]
fn the_log_alone_gives_the_same_winner() {
    let desk = auction(&["a", "b"]);
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "9", "0002");
    desk.voice(1);
    desk.result(1, 1, DialOutcome::Busy, 0);
    let record = desk.auction(1);
    let json = serde_json::to_string(&record.log).unwrap();
    let log = serde_json::from_str(&json).unwrap();
    let settled = crate::auction::replay(&log);
    assert_eq!(settled.winner().map(|winner| winner.target_id), record.request.winner);
    assert_eq!(serde_json::to_string(&settled.log).unwrap(), json);
}

#[test]
fn a_bidder_that_repeats_its_secret_does_not_get_it_recorded() {
    let mut desk = Desk::open();
    desk.target("a", |target| {
        target.auth = Some(TargetAuth::Bearer { token: "hunter2hunter2".into() });
        target.expose_caller_id = false;
    });
    desk.activate(|campaign| campaign.routing_type = crate::model::RoutingType::Rtb);
    let echo = r#"{"accepted":false,"rejectReason":"Bearer hunter2hunter2 of +14155550100"}"#;
    desk.bidders.will("a", Does::Says(echo.into()));
    desk.voice(1);
    let kept = format!("{:?}", desk.auction(1));
    assert!(kept.contains("redacted"), "{kept}");
    assert!(!kept.contains("hunter2"), "{kept}");
    let detail = &desk.auction(1).responses[0].detail;
    assert!(!detail.contains("4155550100"), "{detail}");
}
