//! Whole calls on the in-memory store: what the carrier is told, what is held, what is recorded.

mod auctions;
mod bidders;
mod clock;
mod desk;
mod early;
mod exchanges;
mod falls;
mod flows;
mod gathered;
mod hiccups;
mod queues;
mod reports;
mod sales;
mod script_time;
mod secrets;
mod shield;
mod targets;
mod terms;
mod throttling;
mod transcriptions;
mod transfers;
mod trials;

use chrono::TimeDelta;

use self::desk::Desk;
use crate::call::{CallStatus, DialOutcome, FinalReason, LegStatus};
use crate::model::{
    Caps, Conversion, DuplicateRule, DuplicateScope, NoRoute, Reroute, RestrictAfter, Strategy,
};
use crate::vocabulary::Money;

#[test]
fn an_answered_call_is_dialled_released_and_recorded() {
    let mut desk = Desk::open();
    desk.buyer("A", |buyer| buyer.caps = Some(Caps { concurrent: Some(1), ..Caps::default() }));
    desk.activate(|campaign| {
        campaign.conversion = Some(Conversion { after_secs: 30 });
        campaign.revenue =
            Some(Money { amount: "8.75".parse().unwrap(), currency: "USD".parse().unwrap() });
    });
    assert_eq!(desk.voice(1), "dial A");
    assert_eq!(desk.held(), 1);
    desk.wait(5);
    desk.leg(1, 1, LegStatus::Answered);
    assert_eq!(desk.call(1).status, CallStatus::InProgress);
    desk.wait(40);
    assert_eq!(desk.result(1, 1, DialOutcome::Answered, 40), "hangup");
    assert_eq!(desk.held(), 0);
    desk.status(1, CallStatus::Completed);
    let call = desk.call(1);
    assert_eq!(call.final_reason(), Some(FinalReason::Answered));
    assert_eq!(call.buyer(), Some(desk.id("A")));
    assert_eq!((call.duration(), call.attempts[0].talk_secs), (Some(45), Some(40)));
    assert_eq!(call.revenue.unwrap().to_string(), "8.75 USD");
    assert_eq!(call.answered_at().unwrap() - call.started_at, TimeDelta::seconds(5));
}

#[test]
fn busy_failed_and_no_answer_go_to_the_next_until_the_list_ends() {
    let mut desk = Desk::open();
    for (priority, name) in (1..).zip(["A", "B", "C"]) {
        desk.buyer(name, |buyer| buyer.priority = priority);
    }
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "dial A");
    assert_eq!(desk.result(1, 1, DialOutcome::Busy, 0), "dial B");
    assert_eq!(desk.result(1, 2, DialOutcome::Failed, 0), "dial C");
    assert_eq!(desk.result(1, 3, DialOutcome::NoAnswer, 0), "say sorry, hangup");
    assert_eq!(desk.held(), 0);
    desk.status(1, CallStatus::Completed);
    assert_eq!(desk.call(1).final_reason(), Some(FinalReason::NoAnswer));
}

#[test]
fn the_attempt_limit_ends_the_search() {
    let mut desk = Desk::open();
    for name in ["A", "B", "C"] {
        desk.buyer(name, |_| {});
    }
    desk.activate(|campaign| campaign.max_attempts = 2);
    desk.voice(1);
    assert!(desk.result(1, 1, DialOutcome::Busy, 0).starts_with("dial"));
    assert_eq!(desk.result(1, 2, DialOutcome::Busy, 0), "say sorry, hangup");
    desk.status(1, CallStatus::Completed);
    assert_eq!(desk.call(1).final_reason(), Some(FinalReason::AttemptLimit));
}

#[test]
fn a_full_cap_refuses_and_a_place_that_is_given_back_serves_the_next_call() {
    let mut desk = Desk::open();
    desk.buyer("A", |buyer| buyer.caps = Some(Caps { concurrent: Some(1), ..Caps::default() }));
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "dial A");
    assert_eq!(desk.voice(2), "say sorry, hangup");
    assert_eq!(desk.refusals(2), ["A: concurrent cap 1/1, with the concurrent cap +1"]);
    desk.status(2, CallStatus::Completed);
    assert_eq!(desk.call(2).final_reason(), Some(FinalReason::NoBuyerAllCapped));
    desk.result(1, 1, DialOutcome::Answered, 10);
    assert_eq!(desk.voice(3), "dial A");
}

#[test]
fn an_attempt_that_never_connected_gives_its_daily_place_back() {
    let mut desk = Desk::open();
    desk.buyer("A", |buyer| buyer.caps = Some(Caps { daily: Some(1), ..Caps::default() }));
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "dial A");
    desk.result(1, 1, DialOutcome::NoAnswer, 0);
    assert_eq!(desk.voice(2), "dial A");
    desk.result(2, 1, DialOutcome::Answered, 10);
    assert_eq!(desk.voice(3), "say sorry, hangup");
    desk.wait(24 * 3_600);
    assert_eq!(desk.voice(4), "dial A");
}

#[test]
fn a_duplicate_caller_goes_elsewhere_until_the_days_are_over() {
    let mut desk = Desk::open();
    desk.buyer("A", |buyer| {
        buyer.priority = 1;
        buyer.duplicates = Some(DuplicateRule {
            scope: DuplicateScope::Buyer,
            after: RestrictAfter::Connected,
            days: Some(7),
        });
    });
    desk.buyer("B", |_| {});
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "dial A");
    desk.result(1, 1, DialOutcome::Answered, 10);
    assert_eq!(desk.voice(2), "dial B");
    desk.wait(7 * 24 * 3_600);
    assert_eq!(desk.voice(3), "dial A");
}

#[test]
fn a_caller_who_is_gone_while_it_rings_is_not_dialled_on() {
    let mut desk = Desk::open();
    desk.buyer("A", |buyer| {
        buyer.caps = Some(Caps { concurrent: Some(1), daily: Some(1), ..Caps::default() });
    });
    desk.buyer("B", |_| {});
    desk.activate(|campaign| campaign.strategy = Strategy::Priority);
    // The status comes first, the dial's result after it.
    let first = desk.voice(1);
    desk.status(1, CallStatus::Completed);
    assert_eq!(desk.held(), 0);
    assert_eq!(desk.result(1, 1, DialOutcome::NoAnswer, 0), "hangup");
    assert_eq!(desk.call(1).final_reason(), Some(FinalReason::CallerHungUpWhileRinging));
    assert_eq!(desk.call(1).attempts.len(), 1);
    // The other way round.
    assert!(first.starts_with("dial") && desk.voice(2).starts_with("dial"));
    assert_eq!(desk.result(2, 1, DialOutcome::Canceled, 0), "hangup");
    desk.status(2, CallStatus::Completed);
    assert_eq!(desk.held(), 0);
    assert_eq!(desk.call(2).final_reason(), Some(FinalReason::CallerHungUpWhileRinging));
}

#[test]
fn the_daily_place_of_a_caller_who_was_gone_comes_back_with_the_late_result() {
    let mut desk = Desk::open();
    desk.buyer("A", |buyer| buyer.caps = Some(Caps { daily: Some(1), ..Caps::default() }));
    desk.activate(|_| {});
    desk.voice(1);
    desk.status(1, CallStatus::Completed);
    // Nobody knows yet whether the buyer answered, so the place stays taken.
    assert_eq!(desk.voice(2), "say sorry, hangup");
    desk.result(1, 1, DialOutcome::Canceled, 0);
    assert_eq!(desk.voice(3), "dial A");
}

#[test]
fn every_event_twice_is_as_good_as_once() {
    let mut desk = Desk::open();
    desk.buyer("A", |buyer| {
        buyer.priority = 1;
        buyer.caps = Some(Caps { concurrent: Some(1), ..Caps::default() });
    });
    desk.buyer("B", |_| {});
    desk.activate(|_| {});
    assert_eq!([desk.voice(1), desk.voice(1)], ["dial A", "dial A"]);
    let twice = [(); 2].map(|()| desk.result(1, 1, DialOutcome::Busy, 0));
    assert_eq!(twice, ["dial B", "dial B"]);
    // A conflicting repeat gets the stored reply as well.
    assert_eq!(desk.result(1, 1, DialOutcome::Answered, 99), "dial B");
    assert_eq!(desk.voice(1), "dial A");
    let before = desk.call(1);
    for _ in 0..2 {
        desk.status(1, CallStatus::InProgress);
    }
    assert_eq!(desk.result(1, 2, DialOutcome::Answered, 5), "hangup");
    for _ in 0..2 {
        desk.status(1, CallStatus::Completed);
    }
    assert_eq!(desk.held(), 0);
    assert_eq!(before.attempts.len(), desk.call(1).attempts.len());
    assert_eq!(
        desk.facts(1),
        ["voice", "dial/1", "status/in-progress", "dial/2", "status/completed"]
    );
}

#[test]
fn a_short_call_is_offered_again_if_the_buyer_hung_up() {
    let mut desk = Desk::open();
    for (priority, name) in (1..).zip(["A", "B", "C"]) {
        desk.buyer(name, |buyer| buyer.priority = priority);
    }
    desk.activate(|campaign| campaign.reroute = Some(Reroute { under_secs: 20, attempts: 1 }));
    desk.voice(1);
    assert_eq!(desk.result(1, 1, DialOutcome::Answered, 8), "dial B");
    assert_eq!(desk.result(1, 2, DialOutcome::Answered, 8), "hangup");
    desk.status(1, CallStatus::Completed);
    assert_eq!(desk.call(1).buyer(), Some(desk.id("B")));
    // A caller who hung up is not offered to anybody.
    desk.voice(2);
    desk.status(2, CallStatus::Completed);
    assert_eq!(desk.result(2, 1, DialOutcome::Answered, 8), "hangup");
}

#[test]
fn a_campaign_that_is_not_active_says_sorry_and_records_the_call() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    desk.activate(|campaign| {
        campaign.no_route =
            NoRoute { message: Some("We moved.".into()), number: "+15550009999".parse().ok() };
    });
    desk.pause();
    assert_eq!(desk.voice(1), "say We moved., hangup");
    desk.status(1, CallStatus::Completed);
    assert_eq!(desk.call(1).final_reason(), Some(FinalReason::CampaignNotActive));
}

#[test]
fn the_no_route_number_is_dialled_once_and_then_the_call_is_over() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    desk.activate(|campaign| campaign.no_route.number = "+15550009999".parse().ok());
    desk.voice(1);
    assert_eq!(desk.result(1, 1, DialOutcome::Busy, 0), "dial +15550009999");
    assert_eq!(desk.result(1, 2, DialOutcome::Answered, 60), "hangup");
    desk.status(1, CallStatus::Completed);
    assert_eq!(desk.call(1).final_reason(), Some(FinalReason::NoAnswer));
    assert_eq!(desk.call(1).buyer(), None);
}

#[test]
fn who_is_paused_while_the_call_rings_is_passed_over() {
    let mut desk = Desk::open();
    for (priority, name) in (1..).zip(["A", "B", "C"]) {
        desk.buyer(name, |buyer| buyer.priority = priority);
    }
    desk.activate(|_| {});
    desk.voice(1);
    desk.change_buyer("B", |buyer| buyer.status = crate::model::BuyerStatus::Paused);
    assert_eq!(desk.result(1, 1, DialOutcome::Busy, 0), "dial C");
}

#[test]
fn weighted_shares_are_never_a_whole_call_off() {
    let mut desk = Desk::open();
    for (weight, name) in [(5u32, "A"), (3, "B"), (2, "C")] {
        desk.buyer(name, |buyer| buyer.weight = weight);
    }
    desk.activate(|_| {});
    let mut counts = std::collections::BTreeMap::<String, u32>::new();
    for call in 1..=40 {
        let reply = desk.voice(call);
        // A repeat draws no turn of its own.
        assert_eq!(desk.voice(call), reply);
        *counts.entry(reply).or_default() += 1;
        for (weight, name) in [(5u32, "dial A"), (3, "dial B"), (2, "dial C")] {
            let count = counts.get(name).copied().unwrap_or(0);
            assert!((count * 10).abs_diff(call * weight) < 10, "{name}: {count} of {call}");
        }
    }
}

#[test]
fn nobody_answers_a_number_that_nobody_holds_and_nothing_is_recorded() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    desk.activate(|_| {});
    assert_eq!(desk.voice_to(1, "+15550000000"), "say sorry, hangup");
    assert_eq!(desk.voice_to(1, "sip:nobody@example.com"), "say sorry, hangup");
    assert_eq!(desk.result(1, 1, DialOutcome::Busy, 0), "hangup");
    assert_eq!(desk.calls(), 0);
}

#[test]
fn all_orders_of_six_news_end_in_the_same_state() {
    let orders = permutations(6);
    assert_eq!(orders.len(), 720);
    let mut expected = None;
    for order in orders {
        let mut desk = Desk::open();
        desk.buyer("A", |_| {});
        desk.activate(|_| {});
        desk.voice(1);
        for event in order {
            match event {
                0 => desk.leg(1, 1, LegStatus::Ringing),
                1 => desk.leg(1, 1, LegStatus::Answered),
                2 => desk.leg(1, 1, LegStatus::Ended),
                3 => desk.status(1, CallStatus::InProgress),
                4 => drop(desk.result(1, 1, DialOutcome::Answered, 40)),
                _ => desk.status(1, CallStatus::Completed),
            }
        }
        assert_eq!(desk.held(), 0);
        let call = desk.call(1);
        let state = (
            call.status,
            call.final_reason(),
            call.buyer(),
            call.attempts[0].status,
            call.attempts[0].outcome,
        );
        assert_eq!(*expected.get_or_insert(state), state);
    }
}

#[test]
fn a_flood_of_news_fills_no_journal_and_the_end_is_still_heard() {
    let mut desk = Desk::open();
    desk.buyer("A", |buyer| {
        buyer.caps = Some(Caps { concurrent: Some(1), ..Caps::default() });
    });
    desk.activate(|_| {});
    desk.voice(1);
    for recording in 0..crate::vocabulary::limits::CALL_FACTS + 100 {
        desk.recording(1, recording);
    }
    assert_eq!(desk.facts(1).len(), 500);
    desk.status(1, CallStatus::Completed);
    assert_eq!((desk.held(), desk.call(1).status), (0, CallStatus::Completed));
}

fn permutations(of: usize) -> Vec<Vec<usize>> {
    if of == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(of - 1);
    let longer = |place: usize| {
        shorter.iter().map(move |order| {
            let mut order = order.clone();
            order.insert(place, of - 1);
            order
        })
    };
    (0..of).flat_map(longer).collect()
}
