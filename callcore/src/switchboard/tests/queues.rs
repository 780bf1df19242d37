//! Callers whom somebody takes out of a queue: no attempt tells of that conversation, and everything
//! that asks whether the caller was served knows of it all the same.

use serde_json::{Value, json};

use super::desk::Desk;
use super::flows::flow;
use crate::call::{
    Call, CallStatus, CallerInput, DialOutcome, EventKind, FinalReason, FlowSession, FlowStatus,
    FlowStep, NoRouteReason, QueueOutcome,
};
use crate::model::Caps;

const BRIDGED: CallerInput = CallerInput::LeftQueue { outcome: QueueOutcome::Bridged };

/// A router for one caller at a time, a queue for all others, and a question after the queue whose
/// silence leads nowhere.
fn overflow() -> Value {
    flow(
        &[
            ("sales", "advanced_router", json!({ "campaignBuyers": true })),
            ("queue", "action", json!({ "actionType": "queue", "queue": "agents" })),
            ("survey", "gather_input", json!({ "prompt": "How was it?", "maxRetries": 0 })),
            ("bye", "end", json!({ "message": "Bye." })),
        ],
        &[
            ("sales", "overflow", "queue"),
            ("queue", "connected", "survey"),
            ("queue", "failed", "bye"),
            ("survey", "valid", "bye"),
        ],
    )
}

/// A desk where call 1 has the only buyer and call 2 waits in the queue.
fn desk() -> Desk {
    let mut desk = Desk::open();
    desk.buyer("A", |buyer| buyer.caps = Some(Caps { concurrent: Some(1), ..Caps::default() }));
    desk.flow(&overflow());
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "dial A");
    assert_eq!(desk.voice(2), "enqueue agents");
    assert_eq!(desk.call(2).no_route, Some(NoRouteReason::NoBuyerAllCapped));
    desk
}

/// How call 2 ended.
fn end(desk: &Desk) -> (Option<FinalReason>, FlowStatus) {
    let call: Call = desk.call(2);
    (call.final_reason(), call.flow.unwrap().status)
}

/// Somebody took the caller out of the queue, and the caller hung up.
fn hung_up(desk: &Desk, at: CallerInput) -> String {
    let call_status = Some(CallStatus::Completed);
    desk.deliver(2, EventKind::FlowStep(FlowStep { step: 1, input: at, call_status }))
}

#[test]
fn a_caller_whom_the_queue_served_is_not_rung_through_when_the_flow_fails() {
    let desk = desk();
    assert_eq!(desk.step(2, 1, BRIDGED), "ask 2: How was it?");
    assert_eq!(desk.call(2).no_route, None);
    // The buyer is free by now, and must not be rung.
    assert_eq!(desk.result(1, 1, DialOutcome::Answered, 50), "hangup");
    assert_eq!(desk.step(2, 2, CallerInput::Silence), "hangup");
    desk.status(2, CallStatus::Completed);
    assert_eq!(end(&desk), (Some(FinalReason::Answered), FlowStatus::Failed));
    assert_eq!(desk.call(2).attempts, []);
}

#[test]
fn a_caller_who_hangs_up_while_talking_was_served_whichever_news_comes_first() {
    let (one, other) = (desk(), desk());
    assert_eq!(hung_up(&one, BRIDGED), "ask 2: How was it?");
    one.status(2, CallStatus::Completed);

    other.status(2, CallStatus::Completed);
    assert_eq!(end(&other), (Some(FinalReason::NoBuyerAllCapped), FlowStatus::Abandoned));
    assert_eq!(hung_up(&other, BRIDGED), "ask 2: How was it?");

    for desk in [one, other] {
        assert_eq!(end(&desk), (Some(FinalReason::Answered), FlowStatus::Completed));
        assert_eq!(desk.call(2).no_route, None);
        assert_eq!(desk.way(2)[3..], ["queue:-", "queue:connected", "survey:-"]);
    }
}

#[test]
fn a_caller_who_was_never_served_leaves_as_before() {
    for outcome in [QueueOutcome::HungUp, QueueOutcome::Full, QueueOutcome::Left] {
        let desk = desk();
        hung_up(&desk, CallerInput::LeftQueue { outcome });
        desk.status(2, CallStatus::Completed);
        let ended = match outcome {
            QueueOutcome::HungUp => FlowStatus::Abandoned,
            _ => FlowStatus::Completed,
        };
        assert_eq!(end(&desk), (Some(FinalReason::NoBuyerAllCapped), ended), "{outcome:?}");
    }
}

#[test]
fn a_session_that_was_saved_before_queues_were_remembered_still_reads() {
    let desk = desk();
    let session = desk.call(2).flow.unwrap();
    let saved = serde_json::to_value(&session).unwrap();
    assert_eq!(saved.get("reached"), None);
    assert_eq!(serde_json::from_value::<FlowSession>(saved).unwrap(), session);
    desk.step(2, 1, BRIDGED);
    let session = desk.call(2).flow.unwrap();
    let saved = serde_json::to_value(&session).unwrap();
    assert_eq!(saved["reached"], true);
    assert_eq!(serde_json::from_value::<FlowSession>(saved).unwrap(), session);
}

#[test]
fn an_answer_that_is_told_after_the_end_of_the_call_completes_the_flow() {
    let desk = desk();
    desk.status(1, CallStatus::Completed);
    assert_eq!(desk.call(1).flow.unwrap().status, FlowStatus::Abandoned);
    assert_eq!(desk.result(1, 1, DialOutcome::Answered, 50), "hangup");
    let call = desk.call(1);
    assert_eq!(call.final_reason(), Some(FinalReason::Answered));
    assert_eq!(call.flow.unwrap().status, FlowStatus::Completed);
}
