//! Who is asked less, and who is not asked at all: targets that fail of late, and those whose bid for
//! the caller still holds.

use super::auctions::auction;
use super::bidders::Does;
use super::desk::Desk;
use crate::auction::Verdict;
use crate::model::AuctionSettings;

/// What became of the only target in each of these calls, all from callers of their own.
fn verdicts(desk: &Desk, calls: std::ops::Range<u32>) -> Vec<Verdict> {
    let verdict = |call: u32| {
        desk.voice_from(call, &format!("+1415555{call:04}"));
        desk.verdict_words(call)[0]
    };
    calls.map(verdict).collect()
}

fn of(verdicts: &[Verdict], verdict: Verdict) -> usize {
    verdicts.iter().filter(|one| **one == verdict).count()
}

fn asks_for(desk: &Desk, timeout_ms: u32) {
    desk.activate(|campaign| {
        campaign.auction = Some(AuctionSettings { timeout_ms, ..AuctionSettings::default() });
    });
}

#[test]
fn a_target_that_fails_is_probed_seldom_until_it_recovers() {
    let desk = auction(&["a"]);
    desk.bidders.will("a", Does::Fails(503));
    let first = verdicts(&desk, 1..3);
    assert_eq!(first, [Verdict::HttpError; 2], "two failures throttle nobody");
    verdicts(&desk, 3..300);
    desk.bidders.asked();
    let down = verdicts(&desk, 300..500);
    let probes = of(&down, Verdict::HttpError);
    assert!((10..=35).contains(&probes), "a tenth of 200 goes through, not {probes}");
    assert_eq!(of(&down, Verdict::Throttled), 200 - probes);
    assert_eq!(desk.bidders.asked().len(), probes, "who is throttled is not asked");
    assert!(desk.auction(499).responses[0].detail.contains("failing of late"));
    // A good answer to a probe lets more through, until all are.
    desk.bidders.bids("a", "5", "0001");
    verdicts(&desk, 500..700);
    let recovered = verdicts(&desk, 700..750);
    assert_eq!(recovered, [Verdict::Won; 50]);
}

#[test]
fn a_target_that_our_own_limit_kept_from_being_asked_is_neither_blamed_nor_throttled() {
    let desk = auction(&["a", "b"]);
    desk.bidders.will("a", Does::FindsNoPlace);
    desk.bidders.bids("b", "5", "0002");
    assert_eq!(verdicts(&desk, 1..300), [Verdict::Capped; 299]);
    assert_eq!(
        desk.auction(299).responses[0].detail,
        "nothing was sent: no place is free on our side: 256 are under way"
    );
    desk.bidders.bids("a", "9", "0001");
    assert_eq!(verdicts(&desk, 300..350), [Verdict::Won; 50]);
}

#[test]
fn time_alone_forgives_a_target() {
    let desk = auction(&["a"]);
    desk.bidders.will("a", Does::Hangs);
    verdicts(&desk, 1..200);
    assert!(of(&verdicts(&desk, 200..250), Verdict::Throttled) > 25);
    desk.bidders.bids("a", "5", "0001");
    desk.wait(15 * 60);
    assert_eq!(verdicts(&desk, 250..300), [Verdict::Won; 50]);
}

#[test]
fn what_a_hurried_campaign_does_not_wait_for_is_held_against_nobody() {
    let desk = auction(&["a"]);
    // The target has a second of its own, and the campaign none to spare.
    asks_for(&desk, 50);
    desk.bidders.will("a", Does::Hangs);
    assert_eq!(verdicts(&desk, 1..60), [Verdict::Timeout; 59]);
    asks_for(&desk, 2_000);
    desk.bidders.bids("a", "5", "0001");
    assert_eq!(verdicts(&desk, 60..120), [Verdict::Won; 60]);
}

#[test]
fn a_server_error_within_a_hurried_deadline_is_held_against_its_target() {
    let desk = auction(&["a"]);
    asks_for(&desk, 50);
    desk.bidders.will("a", Does::Fails(500));
    verdicts(&desk, 1..100);
    assert!(of(&verdicts(&desk, 100..150), Verdict::Throttled) > 25);
}

#[test]
fn a_bid_that_holds_is_taken_from_the_log_for_every_call_of_the_caller() {
    let desk = auction(&["a"]);
    let bid =
        r#"{"bidAmount":5,"destinationNumber":"+12125550001","bidId":"x1","expireInSeconds":60}"#;
    desk.bidders.will("a", Does::Says(bid.into()));
    assert_eq!(desk.voice(1), "dial +12125550001");
    assert_eq!(desk.bidders.asked(), ["a"]);
    desk.bidders.bids("a", "99", "0009");
    for call in 2..5 {
        desk.wait(10);
        assert_eq!(desk.voice(call), "dial +12125550001");
        assert_eq!(desk.verdicts(call), ["a: won at 5, rank 1"]);
        let record = desk.auction(call);
        assert_eq!((record.request.asked, record.exchanges.len()), (0, 0), "it was not asked");
    }
    assert_eq!(desk.bidders.asked(), [""; 0]);
    // Another caller's call is another matter, and so is the same caller's once the bid ran out.
    assert_eq!(desk.voice_from(5, "+14155550101"), "dial +12125550009");
    desk.wait(30);
    assert_eq!(desk.voice(6), "dial +12125550009");
    assert_eq!(desk.bidders.asked(), ["a", "a"]);
}
