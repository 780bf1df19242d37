//! The demonstration's call flow: a menu, a question for the ZIP code, business hours, a router, a
//! pixel, and voicemail for who calls an office that is closed.

use callcore::call::FinalReason;
use callcore::model::FlowDefinition;
use callcore::schedule::{BusinessHours, DayHours, TimeRange};
use serde_json::{Value, json};

use super::scenario::{PlannedCall, Scenario, another_day, campaign, east};

/// The path at which the demo's receiver takes pixels.
pub(super) const PIXEL: &str = "pixel";

/// What the pixel tells it: the ZIP code that the first caller enters.
pub(super) const PIXEL_QUERY: &str = "zip=30303";

/// A flow and what must come of it.
#[derive(Debug)]
pub(super) struct FlowScene {
    /// The document, whose pixel goes to this address.
    pub(super) flow: fn(&str) -> Result<FlowDefinition, serde_json::Error>,
    /// The way of each call: the nodes that it left, with the exits.
    pub(super) ways: &'static [&'static str],
    /// How many deliveries each call leaves.
    pub(super) deliveries: &'static [usize],
}

/// One number, three callers.
pub(super) fn scenario() -> Scenario {
    let call = |from, script, dialled, reason| PlannedCall {
        from,
        script,
        dialled,
        reason,
        converted: false,
        refused: &[],
        verdicts: &[],
    };
    Scenario {
        title: "A call flow",
        story: "Press 1 for a quote: the ZIP code is asked, a pixel is fired, East gets the call. Press 2 for the office, which is closed: voicemail.",
        campaign: campaign("Windows"),
        buyers: vec![east()],
        bidders: &[],
        flow: Some(FlowScene {
            flow,
            ways: &[
                "start next, menu key:1, zip valid, fire next, quotes open, agents connected",
                "start next, menu key:2, office closed, voicemail done",
                "start next, menu timeout",
            ],
            deliveries: &[1, 0, 0],
        }),
        calls: vec![
            call(
                "+13105550109",
                "digits 1\ndigits 30303#\ncallee +12125550111 answers after 3s talks 45s",
                &["East"],
                FinalReason::Answered,
            ),
            call(
                "+13105550110",
                "digits 2\nsay please call me back",
                &[],
                FinalReason::FlowCompleted,
            ),
            call("+13105550111", "digits 9\nsilence", &[], FinalReason::FlowCompleted),
        ],
    }
}

fn flow(pixel_url: &str) -> Result<FlowDefinition, serde_json::Error> {
    let node =
        |id: &str, kind: &str, config: Value| json!({ "id": id, "type": kind, "config": config });
    let hours = |hours: BusinessHours| json!({ "timezone": "UTC", "businessHours": hours });
    let nodes = [
        node("start", "start", json!({})),
        node(
            "menu",
            "ivr_menu",
            json!({
                "message": "For a quote, press 1. For the office, press 2.",
                "invalidMessage": "There is no such option.",
                "options": [{ "key": "1", "label": "Quote" }, { "key": "2", "label": "Office" }],
                "timeout": 5,
                "maxRetries": 1
            }),
        ),
        node(
            "zip",
            "gather_input",
            json!({
                "prompt": "Please enter your ZIP code.",
                "variable": "zip",
                "pattern": "^[0-9]{5}$",
                "maxLength": 5
            }),
        ),
        node(
            "fire",
            "tracking_pixel",
            json!({ "pixelUrl": pixel_url, "parameters": { "zip": "{zip}" } }),
        ),
        node("quotes", "business_hours", hours(always())),
        node("office", "business_hours", hours(another_day().business_hours)),
        node("agents", "advanced_router", json!({ "campaignBuyers": true })),
        node(
            "voicemail",
            "action",
            json!({ "actionType": "voicemail", "message": "The office is closed. Please leave a message." }),
        ),
        node("goodbye", "end", json!({ "message": "Goodbye." })),
    ];
    let connections = [
        ("start", "next", "menu"),
        ("menu", "key:1", "zip"),
        ("menu", "key:2", "office"),
        ("menu", "timeout", "goodbye"),
        ("zip", "valid", "fire"),
        ("zip", "failed", "goodbye"),
        ("fire", "next", "quotes"),
        ("quotes", "open", "agents"),
        ("quotes", "closed", "voicemail"),
        ("office", "open", "agents"),
        ("office", "closed", "voicemail"),
        ("agents", "no_route", "voicemail"),
    ];
    let connection = |(index, (source, exit, target)): (usize, (&str, &str, &str))| json!({ "id": format!("c{index}"), "source": source, "sourceHandle": exit, "target": target });
    let connections: Vec<Value> = connections.into_iter().enumerate().map(connection).collect();
    serde_json::from_value(json!({ "name": "Windows", "nodes": nodes, "connections": connections }))
}

/// Open around the clock.
fn always() -> BusinessHours {
    let range = TimeRange { open: "00:00".into(), close: "24:00".into() };
    let day = Some(DayHours { enabled: true, time_ranges: vec![range] });
    BusinessHours {
        monday: day.clone(),
        tuesday: day.clone(),
        wednesday: day.clone(),
        thursday: day.clone(),
        friday: day.clone(),
        saturday: day.clone(),
        sunday: day,
    }
}
