//! The flows that are measured, as documents.

use serde_json::{Value, json};

const BUYER: &str = "00000000-0000-4000-8000-000000000001";

/// One node of every type, each with settings as editors write them, by its type.
pub(crate) fn every_type() -> Vec<(&'static str, Value)> {
    vec![
        ("start", json!({})),
        ("ivr_menu", menu()),
        ("gather_input", gather()),
        ("play_audio", json!({ "messageType": "tts", "text": "Welcome, {caller_number}." })),
        ("business_hours", hours()),
        ("advanced_router", json!({ "buyers": [{ "buyerId": BUYER, "priority": 1 }] })),
        ("traffic_splitter", splitter()),
        ("tracking_pixel", pixel()),
        ("action", json!({ "actionType": "queue", "queue": "support" })),
        ("condition", condition()),
        ("end", json!({ "endType": "message", "message": "Goodbye." })),
    ]
}

/// A flow in which a node of each type stands beside an end, and is named after its type.
pub(crate) fn of_every_type() -> Value {
    let mut nodes = vec![node("bye", "end", &json!({}))];
    let mut connections = Vec::new();
    for (kind, config) in every_type() {
        nodes.push(node(kind, kind, &config));
        let exits: &[&str] = match kind {
            "start" | "play_audio" | "tracking_pixel" => &["next"],
            "ivr_menu" => &["key:1", "key:2", "timeout"],
            "gather_input" => &["valid", "failed"],
            "business_hours" => &["open", "closed"],
            "traffic_splitter" => &["day", "fallback"],
            "condition" => &["yes", "no"],
            _ => &[],
        };
        connections.extend(exits.iter().map(|exit| connection(kind, exit, "bye")));
    }
    flow(&nodes, &connections)
}

/// Ten nodes that ask nothing: a call goes through all of them at once.
pub(crate) fn in_one_go() -> Value {
    let say = |text: &str| json!({ "messageType": "tts", "text": text });
    chain(vec![
        ("start", json!({}), "next"),
        ("tracking_pixel", pixel(), "next"),
        ("business_hours", hours(), "closed"),
        ("play_audio", say("Welcome."), "next"),
        ("condition", condition(), "yes"),
        ("play_audio", say("You called {called_number}."), "next"),
        ("traffic_splitter", splitter(), "fallback"),
        ("tracking_pixel", pixel(), "next"),
        ("play_audio", say("Nobody is here now."), "next"),
        ("end", json!({ "endType": "message", "message": "Goodbye." }), ""),
    ])
}

/// Ten nodes of which four wait: a call comes back four times.
pub(crate) fn as_events() -> Value {
    chain(vec![
        ("start", json!({}), "next"),
        ("business_hours", hours(), "closed"),
        ("ivr_menu", menu(), "key:1"),
        ("tracking_pixel", pixel(), "next"),
        ("gather_input", gather(), "valid"),
        ("condition", condition(), "yes"),
        ("ivr_menu", menu(), "key:1"),
        ("play_audio", json!({ "messageType": "tts", "text": "One moment." }), "next"),
        ("action", json!({ "actionType": "queue", "queue": "support" }), "failed"),
        ("end", json!({ "endType": "message", "message": "Goodbye." }), ""),
    ])
}

/// As many nodes of every type as asked, one behind the other.
pub(crate) fn long(nodes: usize) -> Value {
    let exit = |kind: &str| match kind {
        "ivr_menu" => "key:1",
        "gather_input" => "valid",
        "business_hours" => "closed",
        "traffic_splitter" => "fallback",
        "action" | "advanced_router" => "connected",
        "condition" => "yes",
        _ => "next",
    };
    let types = every_type();
    let inner = types[1..types.len() - 1].iter().cycle().take(nodes - 2);
    let mut links = vec![("start", json!({}), "next")];
    links.extend(inner.map(|(kind, config)| (*kind, config.clone(), exit(kind))));
    links.push(("end", json!({}), ""));
    chain(links)
}

/// Nodes one behind the other. Their other exits lead to the last one.
fn chain(links: Vec<(&str, Value, &str)>) -> Value {
    let last = links.len() - 1;
    let (mut nodes, mut connections) = (Vec::new(), Vec::new());
    for (index, (kind, config, exit)) in links.into_iter().enumerate() {
        let id = format!("n{index}");
        nodes.push(node(&id, kind, &config));
        if index == last {
            break;
        }
        connections.push(connection(&id, exit, &format!("n{}", index + 1)));
        let others: &[&str] = match kind {
            "ivr_menu" => &["key:2", "timeout"],
            "gather_input" => &["failed"],
            "business_hours" => &["open"],
            "traffic_splitter" => &["day"],
            "condition" => &["no"],
            _ => &[],
        };
        connections.extend(others.iter().map(|exit| connection(&id, exit, &format!("n{last}"))));
    }
    flow(&nodes, &connections)
}

fn flow(nodes: &[Value], connections: &[Value]) -> Value {
    json!({ "name": "Measured", "nodes": nodes, "connections": connections })
}

fn node(id: &str, kind: &str, config: &Value) -> Value {
    let position = json!({ "x": 240, "y": 120 });
    json!({ "id": id, "type": kind, "label": "A node", "position": position, "config": config })
}

fn connection(source: &str, exit: &str, target: &str) -> Value {
    let id = format!("{source}-{exit}");
    json!({ "id": id, "source": source, "sourceHandle": exit, "target": target, "label": "" })
}

fn menu() -> Value {
    json!({
        "message": "Press 1 for sales, 2 for support.",
        "options": [{ "key": "1", "label": "Sales" }, { "key": "2", "label": "Support" }],
    })
}

fn gather() -> Value {
    json!({
        "inputType": "digits", "minLength": 5, "maxLength": 5, "pattern": "^[0-9]{5}$",
        "prompt": "What is your ZIP code?", "variable": "zip",
    })
}

/// Open on working days; what is measured happens on a Thursday night.
fn hours() -> Value {
    let day = json!({ "enabled": true, "timeRanges": [{ "open": "09:00", "close": "17:00" }] });
    json!({
        "timezone": "America/New_York",
        "businessHours": { "monday": day, "tuesday": day, "wednesday": day, "thursday": day },
        "holidays": [{ "date": "2025-12-25", "enabled": true, "name": "Christmas" }],
    })
}

/// By the time, so that nothing needs to be drawn first.
fn splitter() -> Value {
    let rule = json!({ "startHour": 9, "endHour": 17, "daysOfWeek": ["monday", "tuesday"] });
    json!({
        "strategy": "time_based", "timezone": "America/New_York",
        "splits": [{ "id": "day", "name": "By day", "rules": [rule] }],
    })
}

fn pixel() -> Value {
    json!({
        "pixelUrl": "https://analytics.example.com/track",
        "parameters": { "caller": "{caller_number}", "campaign": "{campaign_id}" },
    })
}

fn condition() -> Value {
    json!({ "conditionType": "caller_id", "rule": "starts_with", "value": "+1310" })
}
