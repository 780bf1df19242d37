//! Ready-made flows have no problem at all, and a call through each goes as one would expect.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::simulated::simulate;
use crate::flow::{Surroundings, check, templates};

const MONDAY: &str = "2026-11-23T17:00:00Z";
const NIGHT: &str = "2026-11-23T09:00:00Z";
const CHRISTMAS: &str = "2026-12-25T17:00:00Z";

#[test]
fn none_has_a_problem_in_any_tenant() {
    let ids: Vec<&str> = templates().iter().map(|template| template.id).collect();
    assert_eq!(
        ids,
        [
            "ab-split",
            "after-hours-voicemail",
            "agent-queue",
            "caller-screening",
            "day-and-night-teams",
            "holiday-closure",
            "sales-and-support",
            "zip-to-auction"
        ]
    );
    for template in templates() {
        let checked = check(&template.definition, Some(&Surroundings::default()));
        assert_eq!(checked.problems, [], "{}", template.id);
        assert_eq!(template.definition.check(), [], "{}", template.id);
        assert!(template.name.len() > 5 && template.description.len() > 30, "{}", template.id);
    }
}

/// Every call of the table: template, instant, inputs, the way through the flow, how it ends.
fn calls() -> Vec<(&'static str, &'static str, Value, &'static str, &'static str)> {
    let busy = || json!({ "dial": "busy" });
    vec![
        ("ab-split", MONDAY, json!([]), "split.a greeting_a.next agents_a.connected", "connected"),
        (
            "ab-split",
            MONDAY,
            json!([busy(), busy()]),
            "split.a greeting_a.next agents_a.no_route",
            "ended",
        ),
        ("after-hours-voicemail", MONDAY, json!([]), "hours.open agents.connected", "connected"),
        (
            "after-hours-voicemail",
            NIGHT,
            json!([{ "record": 9 }]),
            "hours.closed voicemail.done",
            "ended",
        ),
        ("agent-queue", MONDAY, json!(["2"]), "language.key:2 spanish.connected", "connected"),
        (
            "agent-queue",
            MONDAY,
            json!(["", "", busy(), busy()]),
            "language.timeout english.no_route voicemail.done",
            "ended",
        ),
        ("caller-screening", MONDAY, json!([]), "shown.yes agents.connected", "connected"),
        (
            "day-and-night-teams",
            MONDAY,
            json!([busy(), busy()]),
            "shift.day day_team.no_route busy.next anybody.connected",
            "connected",
        ),
        ("day-and-night-teams", NIGHT, json!([]), "shift.night night_team.connected", "connected"),
        ("holiday-closure", CHRISTMAS, json!([]), "hours.holiday", "ended"),
        ("holiday-closure", MONDAY, json!([{ "hangup": true }]), "hours.open", "caller_hung_up"),
        (
            "sales-and-support",
            MONDAY,
            json!(["7", "2"]),
            "menu.key:2 support.connected",
            "connected",
        ),
        (
            "sales-and-support",
            MONDAY,
            json!(["1", busy(), busy(), { "record": 20 }]),
            "menu.key:1 sales.no_route voicemail.done",
            "ended",
        ),
        (
            "zip-to-auction",
            MONDAY,
            json!(["123#", "90210"]),
            "zip.valid auction.connected",
            "connected",
        ),
        (
            "zip-to-auction",
            MONDAY,
            json!(["x", "x", "x"]),
            "zip.failed buyers.connected",
            "connected",
        ),
    ]
}

#[test]
fn a_call_through_each() {
    let mut played = BTreeSet::new();
    for (id, at, given, way, ends) in calls() {
        let template = templates().iter().find(|template| template.id == id).unwrap();
        let transcript = simulate(&template.definition, at, &given);
        let exits = transcript.exits.iter().map(|exit| format!("{}.{}", exit.node_id, exit.exit));
        let taken: Vec<String> = exits.skip(1).collect();
        assert_eq!(taken.join(" "), way, "{id} {given}");
        let outcome = serde_json::to_value(&transcript.outcome).unwrap();
        assert_eq!(outcome["kind"], ends, "{id} {given}");
        assert_eq!(transcript.unused_inputs, 0, "{id} {given}");
        played.insert(id);
    }
    assert_eq!(played.len(), templates().len(), "each has a call");
}
