//! Calls through flows: what the carrier is told, what is kept, and what happens when a flow breaks.

use serde_json::{Value, json};

use super::desk::Desk;
use crate::call::{
    CallStatus, CallerInput, DialOutcome, FinalReason, FlowStatus, LegStatus, Payload,
    RecordingReady,
};
use crate::model::{Availability, Conversion, Strategy};
use crate::vocabulary::Money;

/// A flow of nodes (id, type, settings) and connections (source, exit, target) behind a start that
/// leads to the first node.
pub(super) fn flow(nodes: &[(&str, &str, Value)], connections: &[(&str, &str, &str)]) -> Value {
    let start = json!({ "id": "start", "type": "start" });
    let nodes =
        nodes.iter().map(|(id, kind, config)| json!({ "id": id, "type": kind, "config": config }));
    let nodes: Vec<Value> = std::iter::once(start).chain(nodes).collect();
    let first = nodes[1]["id"].as_str().unwrap().to_owned();
    let connections =
        std::iter::once(("start", "next", first.as_str())).chain(connections.iter().copied());
    let connections = connections.enumerate().map(|(index, (source, handle, target))| {
        json!({ "id": format!("c{index}"), "source": source, "sourceHandle": handle, "target": target })
    });
    json!({ "name": "Test", "nodes": nodes, "connections": connections.collect::<Vec<_>>() })
}

fn menu() -> Value {
    flow(
        &[
            (
                "menu",
                "ivr_menu",
                json!({ "message": "1 or 2?", "options": [
                { "key": "1", "label": "Sales" }, { "key": "2", "label": "Bye" } ] }),
            ),
            ("sales", "advanced_router", json!({ "campaignBuyers": true })),
            ("after", "play_audio", json!({ "text": "Thank you." })),
            ("bye", "end", json!({ "message": "Goodbye." })),
        ],
        &[
            ("menu", "key:1", "sales"),
            ("menu", "key:2", "bye"),
            ("sales", "connected", "after"),
            ("sales", "no_route", "bye"),
            ("after", "next", "bye"),
        ],
    )
}

#[test]
fn a_menu_leads_to_a_buyer_and_on_after_the_conversation() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    desk.flow(&menu());
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "ask 1: 1 or 2?");
    assert_eq!(desk.keys(1, 1, "9"), "ask 2: 1 or 2?");
    assert_eq!(desk.keys(1, 2, "1"), "dial A");
    // A repeated webhook gets what was answered the first time.
    assert_eq!(desk.keys(1, 1, "2"), "ask 2: 1 or 2?");
    assert_eq!(desk.keys(1, 2, "2"), "dial A");
    // A step that was never asked ends the call for whoever made it up.
    assert_eq!(desk.keys(1, 7, "1"), "hangup");
    desk.wait(60);
    assert_eq!(
        desk.result(1, 1, DialOutcome::Answered, 50),
        "say Thank you., say Goodbye., hangup"
    );
    desk.status(1, CallStatus::Completed);
    let call = desk.call(1);
    assert_eq!(call.final_reason(), Some(FinalReason::Answered));
    assert_eq!(call.flow.unwrap().status, FlowStatus::Completed);
    assert_eq!(desk.held(), 0);
    let way = [
        "start:next",
        "menu:-",
        "menu:-",
        "menu:key:1",
        "sales:-",
        "sales:connected",
        "after:next",
        "bye:-",
    ];
    assert_eq!(desk.way(1), way);
}

#[test]
fn nobody_answers_and_the_flow_goes_on() {
    let mut desk = Desk::open();
    desk.buyer("A", |buyer| buyer.priority = 1);
    desk.buyer("B", |buyer| buyer.priority = 2);
    desk.flow(&menu());
    desk.activate(|_| {});
    desk.voice(1);
    assert_eq!(desk.keys(1, 1, "1"), "dial A");
    assert_eq!(desk.result(1, 1, DialOutcome::Busy, 0), "dial B");
    assert_eq!(desk.result(1, 2, DialOutcome::NoAnswer, 0), "say Goodbye., hangup");
    desk.status(1, CallStatus::Completed);
    assert_eq!(desk.call(1).final_reason(), Some(FinalReason::NoAnswer));
    assert_eq!(desk.held(), 0);
}

#[test]
fn a_caller_who_hangs_up_abandons_the_flow() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    desk.flow(&menu());
    desk.activate(|_| {});
    desk.voice(1);
    desk.status(1, CallStatus::Completed);
    assert_eq!(desk.call(1).flow.unwrap().status, FlowStatus::Abandoned);
    assert_eq!(desk.call(1).final_reason(), Some(FinalReason::CallerHungUp));
}

#[test]
fn a_running_call_stays_on_its_version_and_the_next_takes_the_new_one() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    desk.flow(&menu());
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "ask 1: 1 or 2?");
    let changed = flow(&[("bye", "end", json!({ "message": "We closed." }))], &[]);
    desk.flow(&changed);
    assert_eq!(desk.voice(2), "say We closed., hangup");
    assert_eq!(desk.keys(1, 1, "2"), "say Goodbye., hangup");
    assert_eq!(desk.call(1).flow.unwrap().version, 1);
    assert_eq!(desk.call(2).flow.unwrap().version, 2);
}

#[test]
fn a_flow_that_is_taken_away_in_mid_call_does_not_change_that_call() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    desk.flow(&menu());
    desk.activate(|_| {});
    desk.voice(1);
    desk.activate(|campaign| campaign.flow_id = None);
    assert_eq!(desk.voice(2), "dial A");
    assert_eq!(desk.keys(1, 1, "2"), "say Goodbye., hangup");
}

#[test]
fn a_flow_that_cannot_go_on_leaves_the_call_to_plain_routing() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    // Nothing behind the menu's time-out.
    desk.flow(&menu());
    desk.activate(|_| {});
    desk.voice(1);
    for step in 1..=3 {
        assert_eq!(desk.step(1, step, CallerInput::Silence), format!("ask {}: 1 or 2?", step + 1));
    }
    assert_eq!(desk.step(1, 4, CallerInput::Silence), "dial A");
    let session = desk.call(1).flow.unwrap();
    assert_eq!(session.status, FlowStatus::Failed);
    assert!(session.failure.unwrap().contains("timeout"));
    assert_eq!(desk.result(1, 1, DialOutcome::Busy, 0), "say sorry, hangup");
}

#[test]
fn one_event_routes_once_and_the_carrier_comes_back_for_the_next_router() {
    let mut desk = Desk::open();
    desk.buyer("A", |buyer| buyer.availability = Availability::Offline);
    let two = flow(
        &[
            ("one", "advanced_router", json!({ "campaignBuyers": true })),
            (
                "two",
                "advanced_router",
                json!({ "campaignBuyers": true, "strategy": "round_robin" }),
            ),
            ("bye", "end", json!({ "message": "Nobody." })),
        ],
        &[("one", "no_route", "two"), ("two", "no_route", "bye")],
    );
    desk.flow(&two);
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "continue 1");
    desk.change_buyer("A", |buyer| buyer.availability = Availability::Available);
    assert_eq!(desk.step(1, 1, CallerInput::Silence), "dial A");
    assert_eq!(desk.decisions(1), [Strategy::Priority, Strategy::RoundRobin]);
    assert_eq!(desk.result(1, 1, DialOutcome::Busy, 0), "say Nobody., hangup");
}

#[test]
fn a_flow_without_a_way_out_of_a_router_ends_in_the_no_route_treatment() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    let only = flow(&[("one", "advanced_router", json!({ "campaignBuyers": true }))], &[]);
    desk.flow(&only);
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "dial A");
    assert_eq!(desk.result(1, 1, DialOutcome::Busy, 0), "say sorry, hangup");
    assert_eq!(desk.call(1).flow.unwrap().status, FlowStatus::Completed);
}

#[test]
fn sensitive_input_is_in_neither_journal_nor_reply_and_still_decides() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    let ask = flow(
        &[
            (
                "card",
                "gather_input",
                json!({ "prompt": "Your card?", "variable": "card",
                "minLength": 4, "maxLength": 4, "sensitive": true }),
            ),
            (
                "pixel",
                "tracking_pixel",
                json!({ "pixelUrl": "https://p.example/x",
                "parameters": { "session": "{session_id}" } }),
            ),
            ("bye", "end", json!({ "message": "Thanks." })),
        ],
        &[("card", "valid", "pixel"), ("card", "failed", "bye"), ("pixel", "next", "bye")],
    );
    desk.flow(&ask);
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "ask 1: Your card?");
    assert_eq!(desk.keys(1, 1, "4321"), "say Thanks., hangup");
    let session = desk.call(1).flow.unwrap();
    assert_eq!(session.variables["card"], "****", "the flow is over and needs it no more");
    assert_eq!(session.shown_variables()["card"], "****");
    let journal = desk.journal(1);
    assert!(!journal.contains("4321") && journal.contains("****"), "{journal}");
    let outbox = desk.outbox(1);
    assert_eq!(outbox.len(), 1);
    let Payload::Http { url, .. } = &outbox[0].payload else { panic!("{outbox:?}") };
    let id = desk.call(1).id;
    assert_eq!(*url, format!("https://p.example/x?session={id}"));
}

#[test]
fn a_call_that_comes_back_to_a_splitter_takes_the_next_turn() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    let splits = json!([{ "id": "a", "nodeId": "one" }, { "id": "b", "nodeId": "two" }]);
    let again = json!({ "message": "Again?", "options": [{ "key": "1", "nodeId": "split" }] });
    desk.flow(&flow(
        &[
            ("split", "traffic_splitter", json!({ "strategy": "round_robin", "splits": splits })),
            ("one", "play_audio", json!({ "text": "One." })),
            ("two", "play_audio", json!({ "text": "Two." })),
            ("menu", "ivr_menu", again),
            ("bye", "end", json!({})),
        ],
        &[("one", "next", "menu"), ("two", "next", "menu"), ("menu", "timeout", "bye")],
    ));
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "say One., ask 1: Again?");
    assert_eq!(desk.keys(1, 1, "1"), "say Two., ask 2: Again?");
    // A repeated webhook takes no turn.
    assert_eq!(desk.voice(1), "say One., ask 1: Again?");
    assert_eq!(desk.keys(1, 1, "1"), "say Two., ask 2: Again?");
    assert_eq!(desk.voice(2), "say One., ask 1: Again?");
    assert_eq!(desk.keys(1, 2, "1"), "say Two., ask 3: Again?");
    assert_eq!(desk.keys(2, 1, "1"), "say One., ask 2: Again?");
}

#[test]
fn a_voicemail_is_recorded_and_the_flow_completes() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    let voicemail = flow(
        &[("mail", "action", json!({ "actionType": "voicemail", "message": "Leave a message." }))],
        &[],
    );
    desk.flow(&voicemail);
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "say Leave a message., record 1");
    let recording = RecordingReady {
        recording_id: "RE1".into(),
        url: "https://example.com/RE1".into(),
        duration_secs: Some(7),
    };
    assert_eq!(desk.step(1, 1, CallerInput::Recorded(recording)), "hangup");
    desk.status(1, CallStatus::Completed);
    let call = desk.call(1);
    assert_eq!(call.final_reason(), Some(FinalReason::FlowCompleted));
    assert_eq!(call.recording.unwrap().recording_id, "RE1");
}

#[test]
fn a_buyer_that_only_a_node_names_converts_by_its_own_rule() {
    let mut desk = Desk::open();
    desk.buyer("A", |buyer| {
        buyer.conversion = Some(Conversion { after_secs: 30 });
        buyer.revenue =
            Some(Money { amount: "5".parse().unwrap(), currency: "USD".parse().unwrap() });
    });
    desk.unassign("A");
    let config = json!({ "actionType": "route_to_buyer", "buyerId": desk.id("A").to_string() });
    desk.flow(&flow(&[("hand", "action", config)], &[]));
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "dial A");
    assert_eq!(desk.result(1, 1, DialOutcome::Answered, 31), "hangup");
    assert_eq!(desk.call(1).revenue.unwrap().to_string(), "5 USD");
}

pub(super) fn transfer(kind: &str) -> Value {
    flow(
        &[
            (
                "hand",
                "action",
                json!({ "actionType": "transfer", "number": "+13105550100",
                "transferType": kind }),
            ),
            ("bye", "end", json!({ "message": "Nobody was there." })),
        ],
        &[("hand", "failed", "bye")],
    )
}

#[test]
fn a_cold_transfer_dials() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    desk.flow(&transfer("cold"));
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "dial +13105550100");
    desk.leg_ended(1, 1, DialOutcome::Busy);
    assert_eq!(desk.outbox(1).len(), 0);
    assert_eq!(desk.result(1, 1, DialOutcome::Busy, 0), "say Nobody was there., hangup");
    assert_eq!(desk.voice(2), "dial +13105550100");
    assert_eq!(desk.result(2, 1, DialOutcome::Answered, 20), "hangup");
    desk.status(2, CallStatus::Completed);
    assert_eq!(desk.call(2).final_reason(), Some(FinalReason::Answered));
}

#[test]
fn a_warm_transfer_waits_in_a_conference_and_comes_back_when_nobody_joins() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    desk.flow(&transfer("warm"));
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "confer 1");
    let outbox = desk.outbox(1);
    let Payload::Invite { attempt: 1, step: 1, destination, .. } = &outbox[0].payload else {
        panic!("{outbox:?}")
    };
    assert_eq!(destination.as_str(), "+13105550100");
    // Should the news of the leg be lost, the caller is brought back all the same.
    let watch =
        Payload::Recall { carrier_call: desk.call(1).carrier_call, step: 1, after_secs: 50 };
    assert_eq!(outbox[1].payload, watch);
    desk.leg_ended(1, 1, DialOutcome::Busy);
    desk.leg_ended(1, 1, DialOutcome::Busy);
    let outbox = desk.outbox(1);
    assert!(
        matches!(outbox[2].payload, Payload::Recall { step: 1, after_secs: 0, .. }),
        "{outbox:?}"
    );
    assert_eq!(outbox.len(), 3);
    assert_eq!(desk.step(1, 1, CallerInput::Silence), "say Nobody was there., hangup");

    assert_eq!(desk.voice(2), "confer 1");
    desk.leg(2, 1, LegStatus::Answered);
    desk.wait(30);
    assert_eq!(desk.step(2, 1, CallerInput::Returned), "hangup");
    desk.status(2, CallStatus::Completed);
    let call = desk.call(2);
    assert_eq!(call.final_reason(), Some(FinalReason::Answered));
    assert_eq!(call.attempts[0].talk_secs, Some(30));
}

#[test]
fn whoever_answers_and_leaves_before_the_conference_was_nobody() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    desk.flow(&transfer("warm"));
    desk.activate(|_| {});
    desk.voice(1);
    desk.leg(1, 1, LegStatus::Answered);
    desk.leg_ended(1, 1, DialOutcome::Answered);
    let outbox = desk.outbox(1);
    assert!(matches!(outbox[2].payload, Payload::Recall { after_secs: 3, .. }), "{outbox:?}");
    assert_eq!(desk.step(1, 1, CallerInput::Silence), "say Nobody was there., hangup");
}

#[test]
fn a_message_that_ends_the_call_completes_the_flow_whichever_news_comes_first() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    let voicemail = flow(&[("mail", "action", json!({ "actionType": "voicemail" }))], &[]);
    desk.flow(&voicemail);
    desk.activate(|_| {});
    desk.voice(1);
    desk.status(1, CallStatus::Completed);
    let recording = RecordingReady {
        recording_id: "RE1".into(),
        url: "https://example.com/RE1".into(),
        duration_secs: Some(7),
    };
    assert_eq!(desk.step(1, 1, CallerInput::Recorded(recording)), "hangup");
    let call = desk.call(1);
    assert_eq!(call.final_reason(), Some(FinalReason::FlowCompleted));
    assert!(call.flow.unwrap().variables.contains_key("voicemail_url"));
}

#[test]
fn news_that_come_during_an_auction_cost_neither_the_caller_nor_the_bidders_a_second_one() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    desk.target("one", |_| {});
    desk.bidders.bids("one", "9", "0001");
    let two = flow(
        &[
            ("buyers", "advanced_router", json!({ "campaignBuyers": true })),
            ("bids", "advanced_router", json!({ "strategy": "rtb" })),
        ],
        &[("buyers", "no_route", "bids")],
    );
    desk.flow(&two);
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "dial A");
    desk.recorded_meanwhile(1);
    assert_eq!(desk.result(1, 1, DialOutcome::Busy, 0), "dial +12125550001");
    assert_eq!(desk.bidders.asked(), ["one"]);
    assert_eq!(desk.call(1).recording.unwrap().recording_id, "RE9");
    assert_eq!(desk.auction(1).request.winner, Some(desk.target_id("one")));
}

#[test]
fn a_caller_who_was_served_is_not_rung_through_again() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    let survey = flow(
        &[
            ("sales", "advanced_router", json!({ "campaignBuyers": true })),
            ("survey", "gather_input", json!({ "prompt": "How was it?", "maxRetries": 0 })),
            ("bye", "end", json!({})),
        ],
        &[("sales", "connected", "survey"), ("survey", "valid", "bye")],
    );
    desk.flow(&survey);
    desk.activate(|_| {});
    desk.voice(1);
    assert_eq!(desk.result(1, 1, DialOutcome::Answered, 9), "ask 1: How was it?");
    assert_eq!(desk.step(1, 1, CallerInput::Silence), "hangup");
}

#[test]
fn an_expired_session_ends_the_call() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    desk.flow(&menu());
    desk.activate(|_| {});
    desk.voice(1);
    desk.wait(crate::vocabulary::limits::FLOW_SESSION_SECS + 1);
    assert_eq!(desk.keys(1, 1, "1"), "hangup");
    assert_eq!(desk.call(1).flow.unwrap().status, FlowStatus::Expired);
}

#[test]
fn splits_are_exact_per_version() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    let split = flow(
        &[
            (
                "split",
                "traffic_splitter",
                json!({ "strategy": "percentage", "splits": [
                { "id": "a", "name": "A", "percentage": 75, "nodeId": "a" },
                { "id": "b", "name": "B", "percentage": 25, "nodeId": "b" } ] }),
            ),
            ("a", "end", json!({ "message": "a" })),
            ("b", "end", json!({ "message": "b" })),
        ],
        &[],
    );
    desk.flow(&split);
    desk.activate(|_| {});
    let mut taken = 0_i32;
    for call in 1..=40 {
        taken += i32::from(desk.voice(call) == "say b, hangup");
        assert!((4 * taken - call as i32).abs() < 4, "{taken} of {call}");
    }
    assert_eq!(taken, 10);
}
