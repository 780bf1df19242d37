//! Every node type once, from the API to what the caller hears and back to the session's log.

use serde_json::{Value, json};

use crate::stage::Stage;

const BUYER: &str = "+12125550001";

/// A node with what follows each of its exits, what the people on the phone do, and what comes of it.
struct Scene {
    kind: &'static str,
    settings: Value,
    /// Each leads to an end that says its name.
    exits: &'static [&'static str],
    script: &'static str,
    heard: &'static [&'static str],
    taken: &'static str,
}

impl Scene {
    fn flow(&self) -> Value {
        let mut nodes = vec![
            json!({ "id": "begin", "type": "start" }),
            json!({ "id": "node", "type": self.kind, "config": self.settings }),
        ];
        let mut connections =
            vec![json!({ "id": "c", "source": "begin", "sourceHandle": "next", "target": "node" })];
        for (index, exit) in self.exits.iter().enumerate() {
            let (id, message) = (format!("n{index}"), format!("It is {exit}."));
            nodes.push(json!({ "id": id, "type": "end", "config": { "message": message } }));
            connections.push(json!({ "id": format!("c{index}"), "source": "node",
                "sourceHandle": exit, "target": id }));
        }
        json!({ "name": self.kind, "nodes": nodes, "connections": connections })
    }
}

const fn scene(
    kind: &'static str,
    settings: Value,
    exits: &'static [&'static str],
    script: &'static str,
    heard: &'static [&'static str],
    taken: &'static str,
) -> Scene {
    Scene { kind, settings, exits, script, heard, taken }
}

/// Nodes that ask or tell something.
fn talking() -> Vec<Scene> {
    vec![
        scene(
            "ivr_menu",
            json!({ "message": "Press 1.", "invalidMessage": "No.",
                "options": [{ "key": "1", "label": "One" }] }),
            &["key:1"],
            "digits 9\ndigits 1",
            &["Press 1.", "No.", "Press 1.", "It is key:1."],
            "node:key:1",
        ),
        scene(
            "gather_input",
            json!({ "prompt": "Your code?", "retryPrompt": "Again?", "minLength": 4,
                "maxRetries": 1, "variable": "code", "sensitive": true }),
            &["valid", "failed"],
            "digits 12#\ndigits 86753#",
            &["Your code?", "Again?", "It is valid."],
            "node:valid",
        ),
        scene(
            "play_audio",
            json!({ "text": "Hello {caller_number}.", "loop": 2 }),
            &["next"],
            "",
            &["Hello +14155550100.", "It is next."],
            "node:next",
        ),
        scene(
            "tracking_pixel",
            json!({ "pixelUrl": "https://pixel.invalid/", "retries": 0 }),
            &["next"],
            "",
            &["It is next."],
            "node:next",
        ),
        scene("end", json!({ "message": "Goodbye." }), &[], "", &["Goodbye."], ""),
    ]
}

/// Nodes that choose a way.
fn deciding() -> Vec<Scene> {
    let day = json!({ "enabled": true, "timeRanges": [{ "open": "00:00", "close": "24:00" }] });
    let week = json!({ "monday": day, "tuesday": day, "wednesday": day, "thursday": day,
        "friday": day, "saturday": day, "sunday": day });
    vec![
        scene(
            "business_hours",
            json!({ "timezone": "America/New_York", "businessHours": week }),
            &["open", "closed"],
            "",
            &["It is open."],
            "node:open",
        ),
        scene(
            "advanced_router",
            json!({ "campaignBuyers": true }),
            &["connected", "no_route"],
            "callee +12125550001 answers after 3s talks 20s",
            &["It is connected."],
            "node:connected",
        ),
        scene(
            "traffic_splitter",
            json!({ "strategy": "weighted", "splits": [{ "id": "a", "weight": 1 },
                { "id": "b", "weight": 0 }] }),
            &["a", "b"],
            "",
            &["It is a."],
            "node:a",
        ),
        scene(
            "condition",
            json!({ "conditionType": "caller_id", "rule": "starts_with", "value": "+1415" }),
            &["yes", "no"],
            "",
            &["It is yes."],
            "node:yes",
        ),
    ]
}

/// Every kind of action but a transfer, which needs the carrier's API.
fn acting(buyer: &str) -> Vec<Scene> {
    vec![
        scene(
            "action",
            json!({ "actionType": "route_to_buyer", "buyerId": buyer }),
            &["connected", "failed"],
            "callee +12125550001 busy",
            &["It is failed."],
            "node:failed",
        ),
        scene(
            "action",
            json!({ "actionType": "external", "number": "+13105550100" }),
            &["connected", "failed"],
            "callee +13105550100 answers after 3s talks 20s",
            &["It is connected."],
            "node:connected",
        ),
        scene(
            "action",
            json!({ "actionType": "queue", "queue": "sales" }),
            &["connected", "failed"],
            "queue * answers after 5s talks 6s",
            &["It is connected."],
            "node:connected",
        ),
        scene(
            "action",
            json!({ "actionType": "voicemail", "message": "Speak.", "transcribe": true }),
            &["done"],
            "talk 9s",
            &["Speak.", "It is done."],
            "node:done",
        ),
        scene(
            "action",
            json!({ "actionType": "hangup", "message": "Not now." }),
            &[],
            "",
            &["Not now."],
            "",
        ),
    ]
}

#[tokio::test]
async fn every_node_type_is_heard_on_the_phone_and_read_in_the_sessions_log() {
    let stage = Stage::open().await;
    let buyer = stage.buyer("East", BUYER).await;
    let scenes = talking().into_iter().chain(deciding()).chain(acting(&buyer));
    for (seed, scene) in (1..).zip(scenes) {
        let (kind, number) = (scene.kind, format!("+1800555{seed:04}"));
        stage.campaign(&number, &buyer, &scene.flow()).await;
        let played = stage.call(seed, &number, scene.script).await;
        assert_eq!(played.heard(), scene.heard, "{kind}: {}", played.report);
        let exits = format!("begin:next {}", scene.taken);
        assert_eq!(played.exits(), exits.trim(), "{kind}: {}", played.session);
        assert_eq!(played.session["status"], "completed", "{kind}: {}", played.session);
        let log = played.session.to_string();
        assert!(!log.contains("86753"), "what is sensitive is in the log: {log}");
        let sent = usize::from(kind == "tracking_pixel");
        assert_eq!(played.session["deliveries"].as_array().unwrap().len(), sent, "{kind}");
    }
    stage.close().await;
}

#[tokio::test]
async fn a_caller_who_hangs_up_abandons_the_flow() {
    let stage = Stage::open().await;
    let buyer = stage.buyer("East", BUYER).await;
    for (seed, kind, settings) in [
        (1, "ivr_menu", json!({ "message": "Press 1.", "options": [{ "key": "1" }] })),
        (2, "action", json!({ "actionType": "queue", "queue": "sales" })),
        (3, "advanced_router", json!({ "campaignBuyers": true })),
    ] {
        let exits: &[&str] = if kind == "ivr_menu" { &["key:1"] } else { &["connected"] };
        let scene = Scene { kind, settings, exits, script: "", heard: &[], taken: "" };
        let number = format!("+1800555{seed:04}");
        stage.campaign(&number, &buyer, &scene.flow()).await;
        let played = stage.call(seed, &number, "hang up at 5s").await;
        assert_eq!(played.session["status"], "abandoned", "{kind}: {}", played.report);
        assert_eq!(played.exits(), "begin:next", "{kind}");
    }
    stage.close().await;
}
