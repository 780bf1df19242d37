//! `business_hours`, `condition` and `traffic_splitter`: which exit a call takes.

use serde_json::{Value, json};

use super::driver::{Facts, NOON, flow, one, play, program, runs, walk};
use crate::call::CallerInput;
use crate::flow::{Input, Run};

fn exit(kind: &str, config: &Value, exits: &[&str], facts: &Facts, inputs: &[&str]) -> String {
    let told = play(&one(kind, config.clone(), exits), facts, inputs);
    let last = told.last().unwrap();
    last.strip_prefix("n.")
        .and_then(|rest| rest.split_once(" | "))
        .unwrap_or(("", last))
        .0
        .to_owned()
}

#[test]
fn business_hours_by_the_wall_clock_of_their_zone() {
    let night = json!({ "enabled": true, "timeRanges": [{ "open": "22:00", "close": "02:00" }] });
    let day = json!({ "enabled": true, "timeRanges": [{ "open": "09:00", "close": "12:00" },
        { "open": "13:00", "close": "24:00" }] });
    let config = json!({ "timezone": "America/New_York",
        "businessHours": { "monday": day, "friday": night, "tuesday": { "enabled": false,
            "timeRanges": [{ "open": "09:00", "close": "17:00" }] } },
        "holidays": [{ "date": "2026-12-21", "enabled": true, "name": "Party" },
                     { "date": "2026-12-28", "enabled": false, "name": "Not kept" }] });
    let regular = json!({ "timezone": "America/New_York", "holidayBehavior": "regular",
        "businessHours": config["businessHours"], "holidays": config["holidays"] });
    let exits = ["open", "closed", "holiday"];
    for (at, expected) in [
        ("2026-11-23T13:59:59Z", "closed"),
        ("2026-11-23T14:00:00Z", "open"),
        ("2026-11-23T17:00:00Z", "closed"),
        ("2026-11-23T18:00:00Z", "open"),
        ("2026-11-24T04:59:59Z", "open"),
        ("2026-11-24T05:00:00Z", "closed"),
        ("2026-11-24T15:00:00Z", "closed"),
        ("2026-11-28T03:00:00Z", "open"),
        ("2026-11-28T06:59:00Z", "open"),
        ("2026-11-28T07:00:00Z", "closed"),
        ("2026-12-21T15:00:00Z", "holiday"),
        ("2026-12-28T15:00:00Z", "open"),
    ] {
        let facts = Facts::at(at);
        assert_eq!(exit("business_hours", &config, &exits, &facts, &[]), expected, "{at}");
    }
    let party = Facts::at("2026-12-21T15:00:00Z");
    assert_eq!(exit("business_hours", &regular, &exits, &party, &[]), "open");
    let program = program(&one("business_hours", config, &["open", "closed"]));
    let (told, turn) = walk(&program, &party, &[]);
    assert_eq!(told, ["n.holiday | hangup | end"]);
    assert_eq!(runs(&turn), ["start/next//", "n/holiday//Party", "at closed///"]);
}

#[test]
fn caller_rules() {
    let rule = |rule: &str, value: Value| json!({ "conditionType": "caller_id", "rule": rule, "value": value });
    let list = json!(["+1 310 555 0123", "anonymous"]);
    for (config, caller, expected) in [
        (rule("starts_with", json!("+1310")), "+13105550123", "yes"),
        (rule("starts_with", json!("+1310")), "+12125550123", "no"),
        (rule("equals", json!("+13105550123")), "+13105550123", "yes"),
        (rule("equals", json!("+13105550123")), "+131055501234", "no"),
        (rule("equals", json!("anonymous")), "anonymous", "yes"),
        (rule("in_list", json!(["+13105550123", "anonymous"])), "+13105550123", "yes"),
        (rule("in_list", list), "anonymous", "yes"),
        (rule("in_list", json!("+12125550123, +13105550123\n+14155550123")), "+14155550123", "yes"),
        (rule("in_list", json!("+12125550123;+13105550123")), "+13105550124", "no"),
        (rule("matches", json!("^\\+1(310|424)")), "+14245550123", "yes"),
        (rule("matches", json!("^\\+1(310|424)")), "sip:a@example.com", "no"),
    ] {
        let taken = exit("condition", &config, &["yes", "no"], &Facts::from(caller), &[]);
        assert_eq!(taken, expected, "{config} {caller}");
    }
}

#[test]
fn time_conditions_know_nights_and_days() {
    let time = |from: &str, to: &str, days: Value| {
        json!({ "conditionType": "time",
        "timezone": "Europe/Berlin", "startTime": from, "endTime": to, "daysOfWeek": days })
    };
    // Noon in UTC is 13:00 in Berlin, on Sunday.
    for (config, at, expected) in [
        (time("13:00", "14:00", json!(["sunday"])), NOON, "yes"),
        (time("12:00", "13:00", json!(["sunday"])), NOON, "no"),
        (time("13:00", "14:00", json!(["mon", "tue"])), NOON, "no"),
        (time("13:00", "14:00", json!([0])), NOON, "yes"),
        (time("13:00", "14:00", json!([1, 6])), NOON, "no"),
        (time("13:00", "14:00", json!([])), NOON, "yes"),
        (time("22:00", "06:00", json!(["saturday"])), "2026-11-22T04:59:00Z", "yes"),
        (time("22:00", "06:00", json!(["saturday"])), "2026-11-22T05:00:00Z", "no"),
        (time("22:00", "06:00", json!(["sunday"])), "2026-11-22T04:59:00Z", "no"),
        (time("22:00", "06:00", json!(["Sunday"])), "2026-11-22T21:00:00Z", "yes"),
    ] {
        let taken = exit("condition", &config, &["yes", "no"], &Facts::at(at), &[]);
        assert_eq!(taken, expected, "{config} {at}");
    }
}

#[test]
fn custom_code_answers_or_takes_the_error_exit() {
    let config = json!({ "conditionType": "custom", "code": "return true" });
    let facts = Facts::at(NOON);
    let all = ["yes", "no", "error"];
    for (input, expected) in [("yes", "yes"), ("no", "no"), ("error:x is not defined", "error")] {
        assert_eq!(exit("condition", &config, &all, &facts, &[input]), expected);
    }
    let without = program(&one("condition", config, &["yes", "no"]));
    let (told, turn) = walk(&without, &facts, &["error:too slow"]);
    assert_eq!(told, ["script return true", "n.error | hangup | end"]);
    assert_eq!(runs(&turn)[1..], ["n/error//too slow", "at no///"]);
}

/// The splits that calls take, one letter each.
fn shares(config: &Value, calls: u64) -> String {
    let flow = one("traffic_splitter", config.clone(), &["a", "b", "c"]);
    let program = program(&flow);
    let taken = |ordinal: u64| {
        let (told, _) = walk(&program, &Facts::at(NOON), &[&format!("ordinal:{ordinal}")]);
        assert_eq!(told[0], "flow/00000000-0000-0000-0000-000000000004/1/n");
        told[1].chars().nth(2).unwrap()
    };
    (0..calls).map(taken).collect()
}

#[test]
fn splits_share_calls_exactly() {
    let percentages = |a: Value, b: Value, c: Value| {
        json!({ "strategy": "percentage", "splits": [
        { "id": "a", "name": "A", "percentage": a }, { "name": "b", "percentage": b },
        { "id": "c", "percentage": c }] })
    };
    let count = |taken: &str, which: char| taken.chars().filter(|taken| *taken == which).count();
    let taken = shares(&percentages(json!(50), json!(25), json!(25)), 8);
    assert_eq!(['a', 'b', 'c'].map(|which| count(&taken, which)), [4, 2, 2], "{taken}");
    // Hundredths: 33.34 + 33.33 + 33.33 in 300 calls.
    let taken = shares(&percentages(json!(33.34), json!(33.33), json!(33.33)), 300);
    assert_eq!(['a', 'b', 'c'].map(|which| count(&taken, which)), [100, 100, 100], "{taken}");
    let taken = shares(&percentages(json!(100), json!(0), json!(0.00)), 20);
    assert_eq!(taken, "a".repeat(20));
    let weighted = json!({ "strategy": "weighted", "splits": [
        { "id": "a", "weight": 3 }, { "id": "b" }, { "id": "c", "weight": 0 }] });
    assert_eq!(shares(&weighted, 8).matches('a').count(), 6);
    assert_eq!(shares(&weighted, 8).matches('b').count(), 2);
    let in_turn = json!({ "strategy": "round_robin",
        "splits": [{ "id": "a" }, { "id": "b" }, { "id": "c" }] });
    assert_eq!(shares(&in_turn, 6), "abcabc");
}

/// A splitter that a call comes back to takes another turn, and the same one for the same visit.
#[test]
fn each_visit_of_a_splitter_draws_a_turn_of_its_own() {
    let nodes = json!([{ "id": "start", "type": "start" },
        { "id": "n", "type": "traffic_splitter", "config": { "strategy": "round_robin",
            "splits": [{ "id": "a", "nodeId": "m" }, { "id": "b", "nodeId": "m" }] } },
        { "id": "m", "type": "ivr_menu", "config": { "message": "?", "options": [{ "key": "1", "nodeId": "n" }] } },
        { "id": "e", "type": "end" }]);
    let program = program(&flow(nodes, "start.next>n m.timeout>e"));
    let facts = Facts::at(NOON);
    let mut run = Run::open(&program, facts.context());
    let _ = run.start();
    let first = run.drawer();
    let _ = run.answer(&Input::Ordinal(0));
    let session = run.finish().session;
    let again = || {
        let mut run = Run::resume(&program, facts.context(), session.clone());
        let _ = run.answer(&Input::Caller(CallerInput::Keys { digits: "1".into() }));
        run.drawer()
    };
    assert_ne!(first, again());
    assert_eq!(again(), again());
    assert_ne!(first, facts.context().call);
}

#[test]
fn splits_by_the_time() {
    let config = json!({ "strategy": "time_based", "timezone": "America/New_York", "splits": [
        { "id": "night", "rules": [{ "startHour": 22, "endHour": 6, "daysOfWeek": ["fri"] }] },
        { "id": "late", "rules": [{ "startHour": 20, "endHour": 24 }] },
        { "id": "sunday", "rules": [{ "daysOfWeek": [0] }, { "startHour": 3, "endHour": 4, "daysOfWeek": [6] }] }] });
    let exits = ["night", "late", "sunday", "fallback"];
    for (at, expected) in [
        ("2026-11-28T03:00:00Z", "night"),
        ("2026-11-28T10:59:00Z", "night"),
        ("2026-11-28T11:00:00Z", "fallback"),
        ("2026-11-28T08:00:00Z", "night"),
        ("2026-11-28T02:30:00Z", "late"),
        ("2026-11-30T01:30:00Z", "late"),
        ("2026-11-29T17:00:00Z", "sunday"),
        ("2026-11-24T17:00:00Z", "fallback"),
    ] {
        let facts = Facts::at(at);
        assert_eq!(exit("traffic_splitter", &config, &exits, &facts, &[]), expected, "{at}");
    }
}

/// A splitter over routers `a`, `b` and `c`, whose failures go back to it.
fn branches(splitter: &Value, fallback: &str) -> crate::flow::FlowDefinition {
    let router = |id: &str| {
        json!({ "id": id, "type": "advanced_router",
        "config": { "campaignBuyers": true } })
    };
    let nodes = json!([{ "id": "start", "type": "start" },
        { "id": "n", "type": "traffic_splitter", "config": splitter },
        router("a"), router("b"), router("c"),
        { "id": "bye", "type": "end", "config": { "message": "Bye." } }]);
    flow(nodes, &format!("start.next>n n.a>a n.b>b n.c>c {fallback}"))
}

#[test]
fn a_branch_that_cannot_take_the_call_leaves_it_to_the_next() {
    let config = json!({ "strategy": "round_robin", "enableFailover": true,
        "splits": [{ "id": "a" }, { "id": "b" }, { "id": "c" }] });
    let facts = Facts::at(NOON);
    let rotation = "flow/00000000-0000-0000-0000-000000000004/1/n";
    assert_eq!(
        play(
            &branches(&config, "n.fallback>bye"),
            &facts,
            &["ordinal:1", "full", "closed", "full"]
        ),
        [
            rotation,
            "n.b | route",
            "b.overflow | n.a | route",
            "a.no_route | n.c | route",
            "c.overflow | n.fallback | say(Bye.) | hangup | end"
        ]
    );
    // Without a fallback the last reason stands.
    let told = play(&branches(&config, ""), &facts, &["ordinal:0", "closed", "closed", "full"]);
    assert_eq!(told[4], "c.overflow | no route: NoBuyerAllCapped");
    // A branch that took the call is not left: what fails after the conversation goes nowhere else.
    let mut surveyed = branches(&config, "n.fallback>bye");
    surveyed.nodes.push(
        serde_json::from_value(json!({ "id": "q", "type": "gather_input",
        "config": { "prompt": "How was it?", "maxRetries": 0 } }))
        .unwrap(),
    );
    surveyed.connections.push(crate::flow::FlowConnection::new("x", "b", "connected", "q"));
    surveyed.connections.push(crate::flow::FlowConnection::new("y", "q", "valid", "bye"));
    assert_eq!(
        play(&surveyed, &facts, &["ordinal:1", "connected", "silence"])[2..],
        [
            "b.connected | ask say(How was it?) keys end # 10s",
            "q.failed | failed: the exit \"failed\" of the node \"q\" is not connected"
        ]
    );
    let off = json!({ "strategy": "round_robin", "splits": config["splits"] });
    assert_eq!(
        play(&branches(&off, ""), &facts, &["ordinal:1", "full"])[2],
        "b.overflow | no route: NoBuyerAllCapped"
    );
}

#[test]
fn only_branches_of_this_hour_take_over() {
    let hours = |from: u8, to: u8| json!([{ "startHour": from, "endHour": to }]);
    let config = json!({ "strategy": "time_based", "timezone": "UTC", "enableFailover": true,
        "splits": [{ "id": "a", "rules": hours(12, 13) }, { "id": "b", "rules": hours(13, 12) },
                   { "id": "c", "rules": hours(10, 20) }] });
    assert_eq!(
        play(&branches(&config, ""), &Facts::at(NOON), &["full", "full"]),
        ["n.a | route", "a.overflow | n.c | route", "c.overflow | no route: NoBuyerAllCapped"]
    );
}
