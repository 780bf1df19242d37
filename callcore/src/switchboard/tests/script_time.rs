//! Custom code has so much time in an event and no more, so that the caller hears something in time.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::bidders::Does;
use super::clock::SetClock;
use super::desk::Desk;
use super::flows::flow;
use crate::call::{CallerInput, DialOutcome};
use crate::port::{Clock as _, Script, ScriptError};
use crate::vocabulary::TenantId;

/// Whose code was run, and what it was given.
type Given = Arc<Mutex<Vec<(TenantId, Value)>>>;

/// Says yes to everything, each time after so many milliseconds; keeps what it was given.
#[derive(Clone, Debug)]
struct Slow {
    clock: Arc<SetClock>,
    each_ms: i64,
    given: Given,
}

#[async_trait]
impl Script for Slow {
    async fn check(&self, _: &str) -> Result<(), ScriptError> {
        Ok(())
    }

    async fn run(&self, tenant: TenantId, code: &str, call: &Value) -> Result<bool, ScriptError> {
        self.given.lock().unwrap().push((tenant, call.clone()));
        if code == "never" {
            std::future::pending().await
        } else {
            self.clock.advance(TimeDelta::milliseconds(self.each_ms));
            Ok(true)
        }
    }
}

/// A desk whose custom code takes so long.
fn desk(each_ms: i64) -> (Desk, Given) {
    let given = Given::default();
    let script = |clock: &Arc<SetClock>| -> Arc<dyn Script> {
        Arc::new(Slow { clock: Arc::clone(clock), each_ms, given: Arc::clone(&given) })
    };
    let mut desk = Desk::open_with(script);
    desk.buyer("A", |_| {});
    (desk, given)
}

/// Ten conditions in a row, each with custom code, in front of a router.
fn conditions(code: &str, router: &Value) -> Value {
    let names: Vec<String> = (0..10).map(|index| format!("c{index}")).collect();
    let config = json!({ "conditionType": "custom", "code": code });
    let mut nodes: Vec<(&str, &str, Value)> =
        names.iter().map(|name| (name.as_str(), "condition", config.clone())).collect();
    nodes.push(("sales", "advanced_router", router.clone()));
    nodes.push(("bye", "end", json!({ "message": "Bye." })));
    let mut connections = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let next = names.get(index + 1).map_or("sales", String::as_str);
        connections.push((name.as_str(), "yes", next));
        connections.push((name.as_str(), "no", "bye"));
        connections.push((name.as_str(), "error", "sales"));
    }
    flow(&nodes, &connections)
}

fn plainly() -> Value {
    json!({ "campaignBuyers": true })
}

#[test]
fn codes_share_the_time_of_an_event() {
    let (desk, given) = desk(700);
    desk.flow(&conditions("slow", &plainly()));
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "dial A");
    assert_eq!(given.lock().unwrap().len(), 3);
    assert_eq!(desk.way(1)[..5], ["start:next", "c0:yes", "c1:yes", "c2:yes", "c3:error"]);
    assert!(desk.journal(1).contains("no time is left for custom code"));
}

#[test]
fn code_that_takes_no_time_runs_as_often_as_it_is_asked() {
    let (desk, given) = desk(0);
    desk.flow(&conditions("fast", &plainly()));
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "dial A");
    let given = given.lock().unwrap();
    assert_eq!(given.len(), 10);
    assert!(given.iter().all(|(tenant, _)| *tenant == desk.tenant));
}

#[test]
fn code_that_never_answers_is_left_behind() {
    let (desk, given) = desk(0);
    desk.flow(&conditions("never", &plainly()));
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "dial A");
    assert_eq!(given.lock().unwrap().len(), 1);
    assert_eq!(desk.way(1)[1], "c0:error");
}

#[test]
fn an_auction_behind_slow_code_is_a_step_of_its_own() {
    let (mut desk, _) = desk(700);
    desk.target("a", |_| {});
    desk.bidders.bids("a", "5", "0001");
    desk.flow(&conditions("slow", &json!({ "strategy": "rtb", "campaignBuyers": true })));
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "continue 1");
    assert_eq!(desk.bidders.asked(), Vec::<String>::new());
    assert_eq!(desk.step(1, 1, CallerInput::Silence), "dial +12125550001");
}

/// A router with bidders alone, and behind it ten conditions, each with custom code.
fn conditions_after_an_auction(code: &str) -> Value {
    let names: Vec<String> = (0..10).map(|index| format!("c{index}")).collect();
    let config = json!({ "conditionType": "custom", "code": code });
    let mut nodes = vec![("sales", "advanced_router", json!({ "strategy": "rtb" }))];
    nodes.extend(names.iter().map(|name| (name.as_str(), "condition", config.clone())));
    nodes.push(("bye", "end", json!({ "message": "Bye." })));
    let mut connections = vec![("sales", "no_route", "c0")];
    for (index, name) in names.iter().enumerate() {
        let next = names.get(index + 1).map_or("bye", String::as_str);
        connections.extend([(name.as_str(), "yes", next), (name.as_str(), "no", "bye")]);
    }
    flow(&nodes, &connections)
}

/// What the carrier is told, and how long it waited for that.
fn timed(desk: &Desk, tell: impl FnOnce() -> String) -> (String, i64) {
    let began = desk.clock.now();
    let told = tell();
    (told, (desk.clock.now() - began).num_milliseconds())
}

#[test]
fn code_behind_a_long_auction_is_a_step_of_its_own() {
    for (auction_ms, waits) in [(0, false), (4_999, false), (5_000, true), (8_500, true)] {
        let (mut desk, given) = desk(700);
        desk.target("a", |_| {});
        desk.bidders.will("a", Does::Fails(500));
        desk.flow(&conditions_after_an_auction("slow"));
        desk.activate(|_| {});
        let clock = Arc::clone(&desk.clock);
        desk.bidders.meanwhile(move || clock.advance(TimeDelta::milliseconds(auction_ms)));
        let (mut told, mut took_ms) = timed(&desk, || desk.voice(1));
        assert!(took_ms < 9_000, "an auction of {auction_ms} ms takes {took_ms}");
        if waits {
            assert_eq!((told.as_str(), given.lock().unwrap().len()), ("continue 1", 0));
            (told, took_ms) = timed(&desk, || desk.step(1, 1, CallerInput::Silence));
            assert_eq!(took_ms, 2_100, "code has all its time");
        }
        assert_eq!(told, "say Bye., hangup", "after {auction_ms} ms");
        assert_eq!(given.lock().unwrap().len(), 3);
        let mut exits = desk.way(1);
        exits.retain(|run| !run.ends_with(":-"));
        let way = ["start:next", "sales:no_route", "c0:yes", "c1:yes", "c2:yes", "c3:error"];
        assert_eq!(exits, way);
        assert_eq!(desk.bidders.asked(), ["a"], "nobody is asked again");
    }
}

#[test]
fn code_behind_a_long_confirmation_is_a_step_of_its_own() {
    let (mut desk, given) = desk(700);
    let confirm = json!({ "endpointUrl": "https://confirm/b" });
    desk.target("a", |_| {});
    desk.target("b", |target| target.confirm = serde_json::from_value(confirm).unwrap());
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "5", "0002");
    desk.bidders.will("confirm/b", Does::Says(r#"{"status":"rejected"}"#.into()));
    desk.flow(&conditions_after_an_auction("slow"));
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "dial +12125550001");
    let clock = Arc::clone(&desk.clock);
    desk.bidders.meanwhile_at("confirm/b", move || clock.advance(TimeDelta::seconds(8)));
    let (told, took_ms) = timed(&desk, || desk.result(1, 1, DialOutcome::Busy, 0));
    assert_eq!((told.as_str(), took_ms, given.lock().unwrap().len()), ("continue 1", 8_000, 0));
    assert_eq!(desk.step(1, 1, CallerInput::Silence), "say Bye., hangup");
    assert_eq!(given.lock().unwrap().len(), 3);
}

#[test]
fn code_sees_what_every_session_knows() {
    let (desk, given) = desk(0);
    desk.flow(&conditions("fast", &plainly()));
    desk.activate(|_| {});
    desk.voice(1);
    let id = desk.call(1).id;
    let given = given.lock().unwrap();
    let vars = &given[0].1["vars"];
    assert_eq!(vars["campaign_id"], desk.campaign.to_string());
    assert_eq!(vars["session_id"], id.to_string());
    assert_eq!(vars["caller_number"], "+14155550100");
    assert_eq!(vars["called_number"], "+18005550199");
    assert_eq!(vars["timestamp"], "2026-11-23T14:00:00Z");
    assert_eq!(vars["flow_id"], uuid::Uuid::from_u128(4).to_string());
}
