//! Warm transfers where the carrier was asked twice, so that one attempt rings two legs.

use serde_json::json;

use super::desk::Desk;
use super::flows::{flow, transfer};
use crate::call::{
    CallerInput, DialOutcome, EventKind, FinalReason, LegProgress, LegStatus, Payload,
};

fn desk() -> Desk {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    desk.flow(&transfer("warm"));
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "confer 1");
    assert_eq!(desk.outbox(1).len(), 2, "an invitation, and a recall should no news come");
    desk
}

/// News of another leg than the one that was heard of first.
fn second_leg(desk: &Desk, status: LegStatus, outcome: Option<DialOutcome>) {
    let leg = "the second".to_owned();
    let news = EventKind::LegProgress(LegProgress { attempt: 1, leg, status, outcome });
    assert_eq!(desk.deliver(1, news), "");
}

#[test]
fn a_second_leg_that_is_busy_ends_no_conversation() {
    let desk = desk();
    desk.leg(1, 1, LegStatus::Answered);
    second_leg(&desk, LegStatus::Ringing, None);
    second_leg(&desk, LegStatus::Ended, Some(DialOutcome::Busy));
    assert_eq!(desk.outbox(1).len(), 2, "nobody takes the caller out of the conference");
    let attempt = &desk.call(1).attempts[0];
    assert_eq!((attempt.status, attempt.outcome), (LegStatus::Answered, None));
    assert_eq!((attempt.leg.as_deref(), attempt.ringing_at), (Some("LEG1-1"), None));
    desk.wait(30);
    assert_eq!(desk.step(1, 1, CallerInput::Returned), "hangup");
    assert_eq!(desk.call(1).attempts[0].talk_secs, Some(30));
    desk.status(1, crate::call::CallStatus::Completed);
    assert_eq!(desk.call(1).final_reason(), Some(FinalReason::Answered));
}

#[test]
fn a_refusal_to_ring_again_does_not_end_the_leg_that_rings() {
    let desk = desk();
    desk.leg(1, 1, LegStatus::Ringing);
    second_leg(&desk, LegStatus::Ended, Some(DialOutcome::Failed));
    assert_eq!(desk.outbox(1).len(), 2);
    assert!(!desk.call(1).attempts[0].is_over());
    desk.leg_ended(1, 1, DialOutcome::NoAnswer);
    let outbox = desk.outbox(1);
    assert!(matches!(outbox[2].payload, Payload::Recall { after_secs: 0, .. }), "{outbox:?}");
    assert_eq!(desk.call(1).attempts[0].outcome, Some(DialOutcome::NoAnswer));
}

#[test]
fn a_caller_whom_nobody_met_in_the_conference_was_not_served() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    let config =
        json!({ "actionType": "transfer", "number": "+13105550100", "transferType": "warm" });
    desk.flow(&flow(&[("hand", "action", config)], &[]));
    desk.activate(|_| {});
    for call in 1..=2 {
        assert_eq!(desk.voice(call), "confer 1");
        // Whoever was rung answers and hangs up again before the two meet.
        desk.leg(call, 1, LegStatus::Answered);
        desk.leg_ended(call, 1, DialOutcome::Answered);
    }
    // Where the exit leads nowhere, the call is left to plain routing.
    assert_eq!(desk.step(1, 1, CallerInput::Silence), "dial A");
    assert_eq!(desk.result(1, 2, DialOutcome::Busy, 0), "say sorry, hangup");
    desk.status(1, crate::call::CallStatus::Completed);
    assert_eq!(desk.call(1).final_reason(), Some(FinalReason::NoAnswer));
    // The two met.
    assert_eq!(desk.step(2, 1, CallerInput::Returned), "hangup");
    desk.status(2, crate::call::CallStatus::Completed);
    assert_eq!(desk.call(2).final_reason(), Some(FinalReason::Answered));
}
