//! Documents that existing users have: every shape of the format's description, as it stands.

use serde_json::{Value, json};

use super::driver::{Facts, NOON, flow, one, play};
use crate::flow::{FlowDefinition, Surroundings, check};

/// The codes of all problems.
fn codes(definition: &FlowDefinition) -> Vec<String> {
    let problems = check(definition, Some(&Surroundings::default())).problems;
    problems.iter().map(|problem| problem.code.clone().into_owned()).collect()
}

#[test]
fn the_menu_of_a_sales_line() {
    let document = json!({
      "name": "Sales line",
      "nodes": [
        { "id": "start", "type": "start", "label": "Start", "position": { "x": 0, "y": 0 }, "config": {} },
        { "id": "menu",  "type": "ivr_menu", "label": "Main menu", "position": { "x": 240, "y": 0 },
          "config": { "message": "Press 1 for sales, 2 for support", "timeout": 10, "maxRetries": 3,
                      "options": [ { "key": "1", "label": "Sales" }, { "key": "2", "label": "Support" } ] } },
        { "id": "sales", "type": "end" } ],
      "connections": [
        { "id": "c1", "source": "start", "sourceHandle": "next",  "target": "menu", "label": "" },
        { "id": "c2", "source": "menu",  "sourceHandle": "key:1", "target": "sales", "label": "Sales" },
        { "id": "c3", "source": "menu",  "sourceHandle": "key:2", "target": "sales" },
        { "id": "c4", "source": "menu",  "sourceHandle": "timeout", "target": "sales" } ] });
    let definition: FlowDefinition = serde_json::from_value(document.clone()).unwrap();
    assert_eq!(codes(&definition), [""; 0]);
    assert_eq!(serde_json::to_value(&definition).unwrap(), document, "nothing is lost");
    let told = play(&definition, &Facts::at(NOON), &["keys:2"]);
    assert_eq!(told[1], "menu.key:2 | hangup | end");
}

#[test]
fn business_hours_with_two_ranges_and_a_holiday() {
    let config = json!({ "timezone": "America/New_York",
      "businessHours": { "monday": { "enabled": true,
          "timeRanges": [ { "open": "09:00", "close": "12:00" }, { "open": "13:00", "close": "17:00" } ] } },
      "holidays": [ { "date": "2025-12-25", "enabled": true, "name": "Christmas" } ] });
    let definition = one("business_hours", config, &["open", "closed"]);
    assert_eq!(codes(&definition), [""; 0]);
    let christmas = play(&definition, &Facts::at("2025-12-25T15:00:00Z"), &[]);
    assert_eq!(christmas, ["n.holiday | hangup | end"]);
}

#[test]
fn a_weekday_that_does_not_say_that_it_is_enabled_is_closed() {
    let hours = json!([{ "open": "09:00", "close": "17:00" }]);
    let config = json!({ "timezone": "UTC", "businessHours": {
        "monday": { "timeRanges": hours }, "tuesday": { "enabled": null, "timeRanges": hours },
        "wednesday": { "enabled": true, "timeRanges": hours }, "thursday": {} } });
    let definition = one("business_hours", config, &["open", "closed"]);
    assert_eq!(codes(&definition), ["unused", "unused"]);
    for (day, exit) in [("23", "closed"), ("24", "closed"), ("25", "open"), ("26", "closed")] {
        let facts = Facts::at(&format!("2026-11-{day}T12:00:00Z"));
        assert_eq!(play(&definition, &facts, &[]), [format!("n.{exit} | hangup | end")], "{day}");
    }
}

#[test]
fn weighted_splits_that_name_their_nodes() {
    let splitter = json!({ "strategy": "weighted",
      "splits": [ { "name": "Premium Route", "weight": 3, "nodeId": "premium" },
                  { "name": "Standard Route", "weight": 2, "nodeId": "standard" } ],
      "enableFailover": true, "enableAnalytics": true });
    let nodes = |config: &Value| {
        json!([ { "id": "start", "type": "start" },
        { "id": "n", "type": "traffic_splitter", "config": config },
        { "id": "premium", "type": "end", "config": { "message": "Premium" } },
        { "id": "standard", "type": "end", "config": { "message": "Standard" } } ])
    };
    let definition = flow(nodes(&splitter), "start.next>n");
    // Failover without a fallback: allowed, and told.
    assert_eq!(codes(&definition), ["not_connected"]);
    let last = |definition: &FlowDefinition, ordinal: &str| {
        play(definition, &Facts::at(NOON), &[ordinal]).pop().unwrap()
    };
    assert_eq!(last(&definition, "ordinal:0"), "n.Premium Route | say(Premium) | hangup | end");
    assert_eq!(last(&definition, "ordinal:1"), "n.Standard Route | say(Standard) | hangup | end");
    // The other way to write the same.
    let mut connected = splitter;
    for split in connected["splits"].as_array_mut().unwrap() {
        let id = split["nodeId"].clone();
        split.as_object_mut().unwrap().extend([("id".into(), id), ("nodeId".into(), json!(""))]);
    }
    let definition = flow(nodes(&connected), "start.next>n n.premium>premium n.standard>standard");
    assert_eq!(codes(&definition), ["not_connected"]);
    assert_eq!(last(&definition, "ordinal:1"), "n.standard | say(Standard) | hangup | end");
}

#[test]
fn pixels_with_parameters_and_events() {
    let config = json!({ "pixelUrl": "https://analytics.example.com/track",
      "parameters": { "campaign_id": "{campaign_id}", "caller_number": "{caller_number}", "session_id": "{session_id}",
                      "flow_id": "{flow_id}", "timestamp": "{timestamp}" },
      "customPixels": [ { "name": "Conversion Pixel", "url": "https://conversion.example.com/pixel",
                          "parameters": { "event": "call_start", "value": "1.00" } } ],
      "events": [ { "name": "qualified", "value": "12.50", "currency": "USD" } ],
      "method": "GET", "timeout": 3, "retries": 2 });
    let definition = one("tracking_pixel", config, &["next"]);
    assert_eq!(codes(&definition), [""; 0]);
    let id = |last: u8| format!("00000000-0000-0000-0000-00000000000{last}");
    let told = play(&definition, &Facts::at(NOON), &[]);
    assert_eq!(
        told,
        [format!(
            "n.next | hangup | qualified: Get https://analytics.example.com/track?caller_number=%2B13105550123&campaign_id={}&currency=USD&event=qualified&flow_id={}&session_id={}&timestamp=2026-11-22T12%3A00%3A00Z&value=12.50 [] 3000ms x2 | Conversion Pixel: Get https://conversion.example.com/pixel?event=call_start&value=1.00 [] 3000ms x2 | end",
            id(3),
            id(4),
            id(2)
        )]
    );
}

#[test]
fn what_editors_write_for_fields_that_were_never_filled_in() {
    let menu = json!({ "message": "?", "audioUrl": null, "invalidMessage": "", "voice": null,
        "options": [ { "key": "1", "label": "", "nodeId": "" } ], "timeout": 10.0 });
    assert_eq!(codes(&one("ivr_menu", menu, &["key:1", "timeout"])), [""; 0]);
    let gather = json!({ "prompt": "?", "pattern": "", "variable": "", "retryPrompt": "",
        "finishOnKey": "", "hints": "yes, no", "maxLength": null, "inputType": "both" });
    assert_eq!(codes(&one("gather_input", gather, &["valid", "failed"])), [""; 0]);
}
