//! The shield: a bid that holds is taken again for the next call of the same caller, so that nobody is
//! asked twice. Which bids are not.

use super::auctions::auction;
use super::bidders::Does;
use super::desk::Desk;
use super::sales::{accepts, confirming, holding, refuses};
use crate::auction::{Verdict, replay};
use crate::call::DialOutcome;
use crate::model::Reroute;
use crate::port::Clock as _;
use crate::vocabulary::limits;

/// Whether the bids of a call's auction that are told to hold now are those of targets that are not
/// asked for the next call of the caller.
fn holds_as_told(desk: &Desk, before: u32, next: u32) -> bool {
    let settled = replay(&desk.auction(before).log);
    let now = desk.clock.now();
    let told: Vec<_> = settled.holding(now).map(|ranked| ranked.target_name.clone()).collect();
    desk.bidders.asked();
    desk.voice(next);
    let asked = desk.bidders.asked();
    let names = settled.entries.iter().map(|entry| &entry.target_name);
    assert!(names.clone().count() > 0);
    for name in names {
        assert_eq!(asked.contains(name), !told.contains(name), "{name}: {asked:?}, {told:?}");
    }
    !told.is_empty()
}

#[test]
fn a_bid_that_we_had_no_place_to_have_confirmed_still_stands() {
    let desk = confirming(&["a"]);
    desk.bidders.will("a", holding(9, "0001", 3_600));
    desk.bidders.will("confirm/a", Does::FindsNoPlace);
    assert_eq!(desk.voice(1), "say sorry, hangup");
    assert_eq!(desk.verdict_words(1), [Verdict::Capped]);
    assert!(holds_as_told(&desk, 1, 2));
}

#[test]
fn a_bid_that_was_not_confirmed_is_asked_for_again() {
    for does in [Does::TimesOut, Does::Fails(500), refuses()] {
        let desk = confirming(&["a"]);
        desk.bidders.will("a", holding(9, "0001", 3_600));
        desk.bidders.will("confirm/a", does);
        assert_eq!(desk.voice(1), "say sorry, hangup");
        assert_eq!(desk.verdict_words(1), [Verdict::ConfirmFailed]);
        assert!(!holds_as_told(&desk, 1, 2));
    }
}

#[test]
fn a_bid_that_did_not_fail_is_taken_again_whatever_became_of_the_call() {
    let desk = auction(&["a"]);
    desk.bidders.will("a", holding(9, "0001", 3_600));
    desk.voice(1);
    desk.result(1, 1, DialOutcome::Answered, 90);
    assert!(holds_as_told(&desk, 1, 2), "it is worth as much again");
    // The phone may be free by then, and whoever is asked again refuses the caller as a duplicate.
    for outcome in [DialOutcome::Busy, DialOutcome::NoAnswer, DialOutcome::Failed] {
        let desk = auction(&["a"]);
        desk.bidders.will("a", holding(9, "0001", 3_600));
        desk.voice(1);
        desk.result(1, 1, outcome, 0);
        assert!(holds_as_told(&desk, 1, 2), "{outcome}");
    }
    let desk = auction(&["a"]);
    desk.activate(|campaign| campaign.reroute = Some(Reroute { under_secs: 20, attempts: 1 }));
    desk.bidders.will("a", holding(9, "0001", 3_600));
    desk.voice(1);
    desk.result(1, 1, DialOutcome::Answered, 3);
    assert!(holds_as_told(&desk, 1, 2));
    let desk = auction(&["a", "b"]);
    desk.activate(|campaign| campaign.max_attempts = 1);
    desk.bidders.will("a", holding(9, "0001", 3_600));
    desk.bidders.will("b", holding(8, "0002", 3_600));
    desk.voice(1);
    desk.result(1, 1, DialOutcome::Busy, 0);
    assert_eq!(desk.verdict_words(1), [Verdict::Lost, Verdict::Lost]);
    assert!(holds_as_told(&desk, 1, 2), "the limit cut b off, a's phone was busy");
}

#[test]
fn a_bid_that_fails_when_it_is_taken_again_is_not_taken_a_third_time() {
    let desk = confirming(&["a"]);
    desk.bidders.will("a", holding(9, "0001", 3_600));
    desk.bidders.will("confirm/a", accepts());
    assert_eq!(desk.voice(1), "dial +12125550001");
    desk.result(1, 1, DialOutcome::Answered, 90);
    desk.wait(10);
    desk.bidders.asked();
    desk.bidders.will("confirm/a", refuses());
    assert_eq!(desk.voice(2), "say sorry, hangup");
    assert_eq!(desk.bidders.asked(), ["confirm/a"]);
    desk.wait(10);
    // The bid of the first call is the same one.
    desk.bidders.will("a", holding(7, "0007", 3_600));
    desk.bidders.will("confirm/a", accepts());
    assert_eq!(desk.voice(3), "dial +12125550007");
    assert_eq!(desk.bidders.asked(), ["a", "confirm/a"]);
    assert_eq!(desk.voice(4), "dial +12125550007");
    assert_eq!(desk.bidders.asked(), ["confirm/a"]);
}

#[test]
fn no_bid_is_taken_again_for_longer_than_the_limit() {
    let desk = auction(&["a"]);
    desk.bidders.will("a", holding(9, "0001", 99_999_999));
    desk.voice(1);
    desk.wait(limits::SHIELD_SECS - 1);
    desk.bidders.asked();
    assert_eq!(desk.voice(2), "dial +12125550001");
    assert_eq!(desk.bidders.asked(), [""; 0]);
    desk.wait(1);
    // To take it again is not to make it anew.
    desk.bidders.will("a", holding(7, "0007", 99_999_999));
    assert_eq!(desk.voice(3), "dial +12125550007");
    assert_eq!(desk.bidders.asked(), ["a"]);
}

#[test]
fn a_bid_from_before_its_target_was_changed_is_not_taken_again() {
    let desk = auction(&["a", "b"]);
    desk.bidders.will("a", holding(9, "0001", 86_400));
    desk.bidders.will("b", holding(8, "0002", 86_400));
    assert_eq!(desk.voice(1), "dial +12125550001");
    desk.wait(10);
    // From the sandbox to production.
    desk.change_target("a", |target| target.endpoint_url = "https://production".into());
    desk.bidders.will("production", holding(7, "0007", 86_400));
    desk.bidders.asked();
    assert_eq!(desk.voice(2), "dial +12125550002");
    assert_eq!(desk.bidders.asked(), ["production"], "b was not changed");
    desk.wait(10);
    assert_eq!(desk.voice(3), "dial +12125550002");
    assert_eq!(desk.bidders.asked(), [""; 0]);
}
