//! Winners that fall out after the auction: rerouted, without a destination, closed, of a campaign that
//! sells no more, and while somebody sets the clock. And what their falls say of their health.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::json;

use super::auctions::{auction, confirmed, dollars};
use super::bidders::Does;
use super::desk::Desk;
use super::flows::flow;
use super::sales::{accepts, confirming, detail, holding, refuses};
use super::targets::with;
use crate::auction::Verdict;
use crate::call::{CallStatus, DialOutcome};
use crate::model::{Reroute, RoutingType};

/// A campaign that offers conversations of less than 20 s once more, and pays by no rule.
fn rerouting() -> Desk {
    let desk = auction(&["a", "b"]);
    desk.activate(|campaign| campaign.reroute = Some(Reroute { under_secs: 20, attempts: 1 }));
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "8", "0002");
    assert_eq!(desk.voice(1), "dial +12125550001");
    desk
}

#[test]
fn whoever_is_rerouted_pays_nothing_and_the_next_pays_its_own_bid() {
    let desk = rerouting();
    assert_eq!(desk.result(1, 1, DialOutcome::Answered, 3), "dial +12125550002");
    let call = desk.call(1);
    assert_eq!((call.converted, call.revenue, call.reroutes), (false, None, 1));
    assert_eq!(desk.verdict_words(1), [Verdict::Lost, Verdict::Won]);
    assert_eq!(detail(&desk, "a"), "rerouted: it hung up after 3 s");
    assert_eq!(desk.result(1, 2, DialOutcome::Answered, 300), "hangup");
    desk.status(1, CallStatus::Completed);
    let call = desk.call(1);
    assert_eq!((call.converted_by, call.revenue), (Some(2), dollars("8")));
    assert_eq!((desk.conversions("a"), desk.conversions("b")), (0, 1));
    assert_eq!(call.attempts.iter().map(|one| one.rerouted).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_bid_that_is_paid_from_the_first_second_pays_nothing_once_rerouted() {
    let desk = auction(&["a"]);
    desk.activate(|campaign| campaign.reroute = Some(Reroute { under_secs: 20, attempts: 1 }));
    let bid = json!({ "bidAmount": 9, "destinationNumber": "+12125550001", "durationSeconds": 1 });
    desk.bidders.will("a", Does::Says(bid.to_string()));
    assert_eq!(desk.voice(1), "dial +12125550001");
    // There is nobody to offer it to, and it was not worth a call all the same.
    assert_eq!(desk.result(1, 1, DialOutcome::Answered, 19), "say sorry, hangup");
    assert_eq!((desk.call(1).converted, desk.conversions("a")), (false, 0));
    assert_eq!(desk.auction(1).request.winner, None);
    // From 20 s on it is a conversation, and one of which the bid says what it is worth.
    assert_eq!(desk.voice(2), "dial +12125550001");
    assert_eq!(desk.result(2, 1, DialOutcome::Answered, 20), "hangup");
    assert_eq!(desk.call(2).revenue, dollars("9"));
}

#[test]
fn what_is_too_short_and_can_be_rerouted_no_more_is_no_conversation() {
    let desk = rerouting();
    desk.result(1, 1, DialOutcome::Answered, 3);
    assert_eq!(desk.result(1, 2, DialOutcome::Answered, 19), "hangup");
    assert_eq!((desk.call(1).converted, desk.call(1).revenue), (false, None));
    // Where it was the caller who hung up, that is no reason to pay either.
    desk.voice(2);
    desk.status(2, CallStatus::Completed);
    assert_eq!(desk.result(2, 1, DialOutcome::Answered, 19), "hangup");
    assert!(!desk.call(2).converted);
}

#[test]
fn whoever_talked_stays_the_winner_when_a_buyer_behind_is_busy() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    desk.target("one", |_| {});
    desk.bidders.bids("one", "9", "0001");
    desk.flow(&flow(
        &[
            ("bids", "advanced_router", json!({ "strategy": "rtb" })),
            ("buyers", "advanced_router", json!({ "campaignBuyers": true })),
        ],
        &[("bids", "connected", "buyers")],
    ));
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "dial +12125550001");
    assert_eq!(desk.result(1, 1, DialOutcome::Answered, 300), "dial A");
    let sold = desk.auction(1);
    assert_eq!(sold.request.winner, Some(desk.target_id("one")));
    desk.result(1, 2, DialOutcome::Busy, 0);
    assert_eq!(desk.auction(1), sold);
    assert_eq!(desk.call(1).revenue, dollars("9"));
}

#[test]
fn a_bid_without_destination_whose_confirmation_is_taken_out_gives_way_to_the_next() {
    let mut desk = Desk::open();
    desk.target("b", |_| {});
    desk.target("c", confirmed);
    desk.target("d", |_| {});
    desk.activate(|campaign| campaign.routing_type = RoutingType::Rtb);
    desk.bidders.bids("b", "9", "0001");
    desk.bidders.will("c", Does::Says(r#"{"bidAmount":8}"#.into()));
    desk.bidders.bids("d", "7", "0003");
    assert_eq!(desk.voice(1), "dial +12125550001");
    desk.change_target("c", |target| target.confirm = None);
    assert_eq!(desk.result(1, 1, DialOutcome::Busy, 0), "dial +12125550003");
    assert_eq!(desk.verdict_words(1), [Verdict::Lost, Verdict::ConfirmFailed, Verdict::Won]);
    assert!(detail(&desk, "c").contains("names no destination"), "{}", detail(&desk, "c"));
    desk.status(1, CallStatus::Completed);
    assert_eq!(desk.held(), 0);
}

#[test]
fn a_campaign_that_sells_no_more_offers_the_call_to_its_buyers() {
    let mut desk = auction(&["a", "b"]);
    desk.buyer("Own", |_| {});
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "8", "0002");
    assert_eq!(desk.voice(1), "dial +12125550001");
    desk.activate(|campaign| campaign.routing_type = RoutingType::Direct);
    assert_eq!(desk.result(1, 1, DialOutcome::Busy, 0), "dial Own");
    assert_eq!(desk.verdict_words(1), [Verdict::Lost, Verdict::Closed]);
    assert_eq!(detail(&desk, "a"), "the dial failed: busy");
    assert_eq!(detail(&desk, "b"), "no longer in the campaign");
    assert_eq!(desk.auction(1).request.winner, None);
    assert_eq!(desk.result(1, 2, DialOutcome::Busy, 0), "say sorry, hangup");
    assert_eq!(desk.held(), 0);
}

#[test]
fn a_target_that_closed_while_another_rang_is_not_dialled() {
    let mut desk = Desk::open();
    desk.target("a", |_| {});
    // It is Monday, 14:00 in UTC.
    let ranges = json!([{ "open": "09:00", "close": "14:01" }]);
    let hours = json!({ "businessHours": { "monday": { "enabled": true, "timeRanges": ranges } } });
    desk.target("b", with(json!({ "timezone": "UTC", "schedule": hours })));
    desk.target("c", |_| {});
    desk.activate(|campaign| campaign.routing_type = RoutingType::Rtb);
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "8", "0002");
    desk.bidders.bids("c", "7", "0003");
    desk.wait(40);
    assert_eq!(desk.voice(1), "dial +12125550001");
    desk.wait(40);
    assert_eq!(desk.result(1, 1, DialOutcome::NoAnswer, 0), "dial +12125550003");
    assert_eq!(desk.verdict_words(1), [Verdict::Lost, Verdict::Closed, Verdict::Won]);
    assert_eq!(detail(&desk, "b"), "outside its hours");
}

#[test]
fn a_clock_that_is_set_during_an_auction_ends_no_bid_and_leaves_time_to_confirm() {
    for hours in [-1, 1] {
        let mut desk = confirming(&["a"]);
        desk.target("b", |_| {});
        desk.bidders.will("a", holding(9, "0001", 60));
        desk.bidders.bids("b", "8", "0002");
        desk.bidders.will("confirm/a", accepts());
        let clock = Arc::clone(&desk.clock);
        desk.bidders.meanwhile_at("b", move || clock.step(TimeDelta::hours(hours)));
        assert_eq!(desk.voice(1), "dial +12125550001", "{hours}");
        // What is kept of the dial goes by the time of day, like all that follows.
        assert_eq!(desk.call(1).attempts[0].dialled_at, crate::port::Clock::now(&*desk.clock));
    }
}

#[test]
fn a_clock_that_is_set_back_revives_no_bid() {
    let mut desk = confirming(&["a"]);
    desk.target("b", |_| {});
    desk.bidders.will("a", holding(9, "0001", 5));
    desk.bidders.bids("b", "8", "0002");
    desk.bidders.will("confirm/a", accepts());
    let clock = Arc::clone(&desk.clock);
    desk.bidders.meanwhile_at("confirm/a", move || {
        clock.advance(TimeDelta::seconds(5));
        clock.step(TimeDelta::hours(-1));
    });
    assert_eq!(desk.voice(1), "dial +12125550002");
    assert_eq!(desk.verdict_words(1), [Verdict::Expired, Verdict::Won]);
}

/// What became of target `a` in each of these calls, all from callers of their own.
fn verdicts(desk: &Desk, calls: std::ops::Range<u32>) -> Vec<Verdict> {
    let verdict = |call: u32| {
        desk.voice_from(call, &format!("+1415555{call:04}"));
        desk.verdict_words(call)[0]
    };
    calls.map(verdict).collect()
}

fn throttled(verdicts: &[Verdict]) -> usize {
    verdicts.iter().filter(|one| **one == Verdict::Throttled).count()
}

#[test]
fn a_target_that_bids_well_and_never_confirms_is_throttled_like_one_that_never_answers() {
    for does in [Does::TimesOut, Does::IsGone, Does::Fails(503)] {
        let mut desk = confirming(&["a"]);
        desk.target("b", |_| {});
        desk.bidders.bids("a", "9", "0001");
        desk.bidders.bids("b", "8", "0002");
        desk.bidders.will("confirm/a", does);
        verdicts(&desk, 1..200);
        let later = verdicts(&desk, 200..300);
        assert!((80..=97).contains(&throttled(&later)), "{}", throttled(&later));
        let failed = later.iter().filter(|one| **one == Verdict::ConfirmFailed).count();
        assert_eq!(failed + throttled(&later), 100);
        // Once it confirms it is asked for every call again.
        desk.bidders.will("confirm/a", accepts());
        verdicts(&desk, 300..600);
        assert_eq!(verdicts(&desk, 600..650), [Verdict::Won; 50]);
    }
}

#[test]
fn a_target_that_refuses_to_confirm_or_is_given_no_time_to_does_well() {
    let desk = confirming(&["a", "b"]);
    desk.bidders.bids("a", "8", "0001");
    desk.bidders.bids("b", "9", "0002");
    desk.bidders.will("confirm/b", refuses());
    desk.bidders.will("confirm/a", Does::TimesOut);
    for call in 1..60 {
        let clock = Arc::clone(&desk.clock);
        // Of the 8.5 s that a caller is kept waiting the first takes 8.
        desk.bidders.meanwhile_at("confirm/b", move || clock.advance(TimeDelta::seconds(8)));
        let verdicts = [Verdict::ConfirmFailed; 2];
        desk.voice_from(call, &format!("+1415555{call:04}"));
        assert_eq!(desk.verdict_words(call), verdicts, "{call}");
    }
}
