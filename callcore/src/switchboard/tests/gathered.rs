//! What a flow gathered reaches those who buy the call, and custom code.

use serde_json::{Value, json};

use super::bidders::Does;
use super::desk::Desk;
use super::flows::flow;
use super::targets::with;
use crate::flow::templates;

/// A bidder who is told a ZIP code, and in which campaign it takes part.
fn bidder(desk: &mut Desk, body: &str) {
    desk.target("a", with(json!({ "method": "POST", "requestBody": body })));
    desk.bidders.bids("a", "5", "0001");
}

#[test]
fn the_zip_code_that_a_caller_enters_reaches_the_bidders() {
    let mut desk = Desk::open();
    bidder(&mut desk, r#"{"zip":"{tag.zip|callerZip}"}"#);
    let template = templates().iter().find(|template| template.id == "zip-to-auction").unwrap();
    desk.flow(&serde_json::to_value(&template.definition).unwrap());
    desk.activate(|_| {});
    assert!(desk.voice(1).starts_with("ask 1:"));
    assert_eq!(desk.keys(1, 1, "90210"), "dial +12125550001");
    assert_eq!(desk.bidders.bodies(), [r#"{"zip":"90210"}"#]);
}

fn asking(name: &str, sensitive: bool) -> Value {
    let config = json!({ "prompt": "?", "variable": name, "sensitive": sensitive });
    let auction = json!({ "strategy": "rtb", "campaignBuyers": true });
    flow(
        &[("ask", "gather_input", config), ("auction", "advanced_router", auction)],
        &[("ask", "valid", "auction")],
    )
}

#[test]
fn what_is_sensitive_is_told_to_no_bidder() {
    for (sensitive, told) in [(true, ""), (false, "4321")] {
        let mut desk = Desk::open();
        bidder(&mut desk, r#"{"card":"{tag.card}"}"#);
        desk.flow(&asking("card", sensitive));
        desk.activate(|_| {});
        desk.voice(1);
        assert_eq!(desk.keys(1, 1, "4321"), "dial +12125550001");
        assert_eq!(desk.bidders.bodies(), [format!(r#"{{"card":"{told}"}}"#)]);
    }
}

#[test]
fn what_is_gathered_counts_for_modifiers_and_for_a_confirmation() {
    let mut desk = Desk::open();
    let confirm = json!({ "endpointUrl": "https://post", "requestBody": r#"{"zip":"{tag.zip}"}"# });
    desk.target("a", with(json!({ "confirm": confirm })));
    desk.target("b", |_| {});
    desk.bidders.bids("a", "5", "0001");
    desk.bidders.bids("b", "6", "0002");
    desk.bidders.will("post", Does::Says(r#"{"accepted":true}"#.into()));
    desk.flow(&asking("zip", false));
    desk.activate(|_| {});
    let row = json!({ "tag": "zip", "test": "begins_with", "value": "9", "action": "multiply",
        "amount": "2" });
    let assignment = serde_json::from_value(json!({ "modifiers": [row] })).unwrap();
    desk.assigned("a", assignment);
    desk.voice(1);
    assert_eq!(desk.keys(1, 1, "90210"), "dial +12125550001");
    let bodies = desk.bidders.bodies();
    assert!(bodies.last().is_some_and(|body| body == r#"{"zip":"90210"}"#), "{bodies:?}");
}
