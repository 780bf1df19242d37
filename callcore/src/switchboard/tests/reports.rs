//! What targets report of calls that they were dialled for.

use super::auctions::{auction, dollars};
use super::desk::Desk;
use crate::call::{DialOutcome, Milestone, ReportStatus};
use crate::model::{Conversion, Reroute};
use crate::switchboard::ReportOutcome;
use crate::vocabulary::{Money, limits};

use ReportStatus::{Converted, Rejected, Sold};

/// A desk whose call 1 went to target `a` for 9, and whose conversations have to last 60 s.
fn sold() -> Desk {
    let desk = auction(&["a", "b"]);
    desk.activate(|campaign| campaign.conversion = Some(Conversion { after_secs: 60 }));
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "8", "0002");
    assert_eq!(desk.voice(1), "dial +12125550001");
    desk
}

fn worth(desk: &Desk) -> (bool, Option<Money>) {
    let call = desk.call(1);
    (call.converted, call.revenue)
}

/// What a report that counted made the call reach, and whether it had come before.
fn reached(outcome: ReportOutcome) -> (Vec<Milestone>, bool) {
    let ReportOutcome::Kept { reply, .. } = outcome else { panic!("{outcome:?}") };
    (reply.milestones, reply.repeated)
}

#[test]
fn a_report_outweighs_the_talk_time_whichever_comes_first() {
    for (status, talked, converted) in
        [(Rejected, 300, false), (Converted, 5, true), (Sold, 5, true)]
    {
        for first in [true, false] {
            let desk = sold();
            let report = || desk.report(1, ("a", status), None, None);
            if first {
                let _ = report();
            }
            desk.result(1, 1, DialOutcome::Answered, talked);
            if !first {
                assert_eq!(desk.call(1).converted, !converted, "by the talk time");
                let _ = report();
            }
            let revenue = dollars("9").filter(|_| converted);
            assert_eq!(worth(&desk), (converted, revenue), "{status:?}, first: {first}");
            assert_eq!(desk.conversions("a"), u64::from(converted));
        }
    }
}

#[test]
fn the_reported_amount_is_the_revenue_and_the_last_report_counts() {
    let desk = sold();
    desk.result(1, 1, DialOutcome::Answered, 300);
    assert_eq!(worth(&desk), (true, dollars("9")));
    let _ = desk.report(1, ("a", Sold), dollars("12.50"), None);
    assert_eq!(worth(&desk), (true, dollars("12.50")));
    let _ = desk.report(1, ("a", Converted), None, None);
    assert_eq!(worth(&desk), (true, dollars("9")));
    let _ = desk.report(1, ("a", Rejected), dollars("3"), None);
    assert_eq!(worth(&desk), (false, None));
    assert_eq!(desk.conversions("a"), 0);
    let _ = desk.report(1, ("a", Sold), dollars("1"), None);
    assert_eq!((worth(&desk), desk.conversions("a")), ((true, dollars("1")), 1));
}

#[test]
fn the_same_report_counts_once_and_its_id_tells_which_is_the_same() {
    let desk = sold();
    let report = |status, id| reached(desk.report(1, ("a", status), None, id));
    assert_eq!(report(Sold, None), (vec![Milestone::Converted], false));
    let facts = desk.facts(1).len();
    assert_eq!(report(Sold, None), (vec![], true));
    assert_eq!(desk.facts(1).len(), facts);
    assert_eq!(report(Rejected, None), (vec![Milestone::ConversionWithdrawn], false));
    // The first report, delivered once more, is old news; a new one has another id.
    assert_eq!(report(Sold, None), (vec![], true));
    assert!(!desk.call(1).converted);
    assert_eq!(report(Sold, Some("2")), (vec![Milestone::Converted], false));
    assert_eq!(report(Rejected, Some("2")), (vec![], true));
    assert!(desk.call(1).converted);
    assert_eq!(desk.conversions("a"), 1);
}

#[test]
fn only_a_target_that_was_dialled_is_listened_to() {
    let desk = sold();
    let facts = desk.facts(1);
    assert_eq!(desk.report(1, ("b", Sold), None, None), ReportOutcome::NotDialled);
    assert_eq!(desk.report(2, ("a", Sold), None, None), ReportOutcome::NotDialled);
    assert_eq!((desk.facts(1), worth(&desk)), (facts, (false, None)));
    // After the failed dial of the first it is the second's.
    desk.result(1, 1, DialOutcome::Busy, 0);
    let _ = desk.report(1, ("b", Sold), None, None);
    assert_eq!(worth(&desk), (true, dollars("8")));
    assert_eq!((desk.conversions("a"), desk.conversions("b")), (0, 1));
}

#[test]
fn what_one_target_rejects_another_may_have_bought() {
    let desk = auction(&["a", "b"]);
    desk.activate(|campaign| {
        campaign.conversion = Some(Conversion { after_secs: 10 });
        campaign.reroute = Some(Reroute { under_secs: 30, attempts: 1 });
    });
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "8", "0002");
    desk.voice(1);
    // Short enough to be offered again is not paid, were it long enough to be.
    assert_eq!(desk.result(1, 1, DialOutcome::Answered, 20), "dial +12125550002");
    assert_eq!((worth(&desk), desk.conversions("a")), ((false, None), 0));
    desk.result(1, 2, DialOutcome::Answered, 90);
    assert_eq!((worth(&desk), desk.conversions("b")), ((true, dollars("8")), 1));
    // Its own word counts all the same.
    let converted = reached(desk.report(1, ("a", Converted), None, Some("first")));
    assert_eq!(converted, (vec![], false), "the call is converted as before, by another");
    assert_eq!((worth(&desk), desk.conversions("a")), ((true, dollars("9")), 1));
    let rejected = reached(desk.report(1, ("a", Rejected), None, None));
    assert_eq!(rejected, (vec![], false), "the call is converted as before, by another");
    assert_eq!(worth(&desk), (true, dollars("8")));
    assert_eq!((desk.conversions("a"), desk.conversions("b")), (0, 1));
    let _ = desk.report(1, ("a", Converted), dollars("7"), None);
    assert_eq!(worth(&desk), (true, dollars("7")));
    assert_eq!((desk.conversions("a"), desk.conversions("b")), (1, 0));
    let _ = desk.report(1, ("b", Rejected), None, None);
    assert_eq!(worth(&desk), (true, dollars("7")), "a still pays");
    let _ = desk.report(1, ("a", Rejected), None, Some("last"));
    assert_eq!((worth(&desk), desk.conversions("a"), desk.conversions("b")), ((false, None), 0, 0));
}

#[test]
fn a_target_whose_dial_never_connected_takes_nothing_from_the_one_who_talked() {
    for early in [true, false] {
        let desk = sold();
        if early {
            // While the phone rings nobody knows yet.
            let said = reached(desk.report(1, ("a", Converted), dollars("1000"), None));
            assert_eq!(said, (vec![Milestone::Converted], false));
        }
        assert_eq!(desk.result(1, 1, DialOutcome::Busy, 0), "dial +12125550002");
        assert_eq!((worth(&desk), desk.conversions("a")), ((false, None), 0), "early: {early}");
        desk.result(1, 2, DialOutcome::Answered, 300);
        assert_eq!(worth(&desk), (true, dollars("8")));
        let facts = desk.facts(1);
        for status in [Converted, Sold, Rejected] {
            let said = desk.report(1, ("a", status), dollars("1000"), Some("late"));
            assert_eq!(said, ReportOutcome::NotConnected);
        }
        assert_eq!((desk.facts(1), worth(&desk)), (facts, (true, dollars("8"))));
        assert_eq!((desk.conversions("a"), desk.conversions("b")), (0, 1));
    }
}

#[test]
fn an_answer_that_is_told_late_makes_an_early_report_count_again() {
    let desk = sold();
    let _ = desk.report(1, ("a", Converted), dollars("12"), None);
    desk.result(1, 1, DialOutcome::NoAnswer, 0);
    assert_eq!(worth(&desk), (false, None));
    let mut call = desk.call(1);
    let answered = crate::call::DialResult {
        attempt: 1,
        outcome: DialOutcome::Answered,
        leg: None,
        talk_secs: Some(5),
        call_status: None,
        recording: None,
    };
    let _ = call.dial_result(&answered, call.started_at);
    assert_eq!((call.converted, call.converted_by, call.revenue), (true, Some(1), dollars("12")));
}

#[test]
fn a_rejection_withdraws_nothing_from_a_call_that_was_converted_by_nobody_knows_whom() {
    let desk = sold();
    desk.result(1, 1, DialOutcome::Answered, 300);
    let mut call = desk.call(1);
    // As calls were kept before it was told by whom.
    call.converted_by = None;
    let rejected = crate::call::TargetReport {
        target: desk.target_id("a"),
        status: Rejected,
        amount: None,
        reason: None,
        report_id: None,
    };
    let _ = call.report(&rejected);
    assert_eq!((call.converted, call.revenue), (true, dollars("9")));
}

#[test]
fn a_target_says_twenty_things_about_a_call_and_no_more() {
    let desk = sold();
    desk.result(1, 1, DialOutcome::Answered, 300);
    let report = |id: u32, status| desk.report(1, ("a", status), None, Some(&id.to_string()));
    for id in 1..=20 {
        let _ = reached(report(id, Converted));
    }
    let facts = desk.facts(1).len();
    assert_eq!(report(21, Rejected), ReportOutcome::TooMany);
    assert_eq!(desk.facts(1).len(), facts);
    assert!(desk.call(1).converted);
    // What it said before it may say again.
    assert_eq!(reached(report(20, Converted)), (vec![], true));
}

#[test]
fn a_full_journal_takes_no_more_reports() {
    let desk = sold();
    let _ = desk.report(1, ("a", Converted), None, None);
    for recording in 0..limits::CALL_FACTS {
        desk.recording(1, recording);
    }
    assert_eq!(desk.report(1, ("a", Rejected), None, None), ReportOutcome::Full);
    assert!(desk.call(1).converted);
}
