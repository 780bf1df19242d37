//! Test calls: the carrier rings a phone, and whoever answers goes through the draft.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use callcore::vocabulary::CallId;
use callcore_twiml::Password;
use callcore_twiml::phone::Phone;
use callcore_twiml::webhook::CARRIER;
use serde_json::{Value, json};

use crate::carrier::{Carrier, UNVERIFIED};
use crate::stage::{ACCOUNT, PUBLIC_URL, Stage, TOKEN};

const NUMBER: &str = "+18005550142";
const TESTER: &str = "+13105550177";
const BUYER: &str = "+12125550001";

/// A menu whose keys lead to a text, which ends the call, and to the campaign's buyers.
fn menu(says: &str) -> Value {
    let options = json!([{ "key": "1", "label": "Hear" }, { "key": "2", "label": "Talk" }]);
    json!({
        "name": "Menu",
        "nodes": [
            { "id": "start", "type": "start" },
            { "id": "menu", "type": "ivr_menu",
                "config": { "message": format!("This is {says}."), "options": options } },
            { "id": "bye", "type": "end", "config": { "message": format!("{says} ends.") } },
            { "id": "talk", "type": "advanced_router", "config": { "campaignBuyers": true } },
        ],
        "connections": [
            { "id": "1", "source": "start", "sourceHandle": "next", "target": "menu" },
            { "id": "2", "source": "menu", "sourceHandle": "key:1", "target": "bye" },
            { "id": "3", "source": "menu", "sourceHandle": "key:2", "target": "talk" },
        ],
    })
}

impl Stage {
    /// What is answered to a test call that is refused.
    async fn refused(&self, flow: &str, body: &Value, with: StatusCode) -> Value {
        let path = format!("/api/flows/{flow}/test-call");
        self.api.send(Method::POST, &path, Some(body), with).await
    }

    /// The phone that the carrier was asked to ring, with the call's id of this seed.
    fn rung(&self, carrier: &Carrier, seed: u64) -> Phone {
        let asked = carrier.asked().pop().expect("it was asked");
        let url = |name: &str| asked.get(name).unwrap().to_owned();
        let mut phone = Phone::new(self.http(), Password::new(TOKEN), url("Url"));
        phone.status_callback = Some(url("StatusCallback"));
        phone.fallback_url = Some(url("FallbackUrl"));
        phone.account_sid = ACCOUNT.to_owned();
        // A call that the carrier makes is from our number to the phone.
        (phone.from, phone.to) = (url("From"), url("To"));
        phone.seed = seed;
        phone.send_twice = true;
        phone
    }
}

/// What the carrier calls the call of a phone with this seed.
async fn sid(seed: u64) -> String {
    let nowhere = Arc::new(crate::stage::Nowhere);
    let mut phone = Phone::new(nowhere, Password::new(TOKEN), "https://nowhere.example.com/");
    phone.seed = seed;
    phone.call(&"".parse().unwrap()).await.call_sid
}

/// A flow whose published version and draft differ, on the number of an active campaign.
async fn edited(stage: &Stage) -> (String, String) {
    let buyer = stage.buyer("Acme", BUYER).await;
    stage.campaign(NUMBER, &buyer, &menu("The published version")).await;
    let campaign = stage.api.get("/api/campaigns").await["items"][0].clone();
    let flow = campaign["flowId"].as_str().unwrap().to_owned();
    stage.api.put(&format!("/api/flows/{flow}"), &menu("The draft")).await;
    (flow, campaign["id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_phone_is_rung_and_goes_through_the_draft_and_callers_through_what_is_published() {
    let carrier = Carrier::serve().await;
    let stage = Stage::open_on(Some(carrier.url.clone())).await;
    let (flow, campaign) = edited(&stage).await;
    let sid = sid(7).await;
    carrier.names(&sid);
    let path = format!("/api/flows/{flow}/test-call");
    let made = stage.api.post(&path, &json!({ "to": TESTER })).await;
    let call = CallId::derive(CARRIER, ACCOUNT, &sid).to_string();
    let told = [&made["carrierCallId"], &made["callId"], &made["campaignId"], &made["from"]];
    assert_eq!(told, [&json!(sid), &json!(call), &json!(campaign), &json!(NUMBER)]);
    assert_eq!(made["version"], Value::Null);
    let problems = made["problems"].as_array().unwrap().iter();
    let warnings: Vec<_> = problems.map(|one| (&one["severity"], &one["code"])).collect();
    let unconnected = (&json!("warning"), &json!("not_connected"));
    assert_eq!(warnings, [unconnected; 2], "the menu's other exits");
    let asked = carrier.asked().pop().unwrap();
    let shown = (asked.get("From"), asked.get("To"), asked.get("Method"));
    assert_eq!(shown, (Some(NUMBER), Some(TESTER), Some("POST")));
    let test = made["testId"].as_str().unwrap();
    assert!(asked.get("Url").unwrap().starts_with(PUBLIC_URL));
    assert!(asked.get("Url").unwrap().ends_with(&format!("/{test}")), "{asked:?}");

    // The draft is edited while the phone rings: the test hears what was there when it began.
    stage.api.put(&format!("/api/flows/{flow}"), &menu("A later draft")).await;
    let script = format!("digits 2\ncallee {BUYER} answers after 3s talks 90s");
    let report = stage.rung(&carrier, 7).call(&script.parse().unwrap()).await;
    assert_eq!(report.warnings().collect::<Vec<_>>(), Vec::<&_>::new(), "{report}");
    assert_eq!(report.heard().collect::<Vec<_>>(), ["This is The draft."]);
    let known = stage.api.get(&format!("/api/calls/{call}")).await;
    let facts = (&known["test"], &known["caller"], &known["called"], &known["finalReason"]);
    assert_eq!(facts, (&json!(true), &json!(TESTER), &json!(NUMBER), &json!("answered")));
    assert_eq!((&known["converted"], &known["revenue"]), (&json!(false), &Value::Null));
    let session = stage.api.get(&format!("/api/flow-sessions/{call}")).await;
    assert_eq!((&session["test"], &session["flowId"]), (&json!(true), &json!(flow)));

    let caller = stage.call(8, NUMBER, "digits 1").await;
    let expected = ["This is The published version.", "The published version ends."];
    assert_eq!(caller.heard(), expected);
    assert_eq!((&caller.session["test"], &caller.session["version"]), (&json!(false), &json!(1)));
    let versions = stage.api.get(&format!("/api/flows/{flow}/versions")).await;
    assert_eq!(versions["items"].as_array().unwrap().len(), 1, "{versions}");
    let stats = stage.api.get(&format!("/api/stats/campaign/{campaign}")).await;
    assert_eq!((&stats["calls"], &stats["answered"]), (&json!(1), &json!(0)));
    stage.close().await;
}

#[tokio::test]
async fn the_published_version_is_tested_where_that_is_asked_for() {
    let carrier = Carrier::serve().await;
    let stage = Stage::open_on(Some(carrier.url.clone())).await;
    let (flow, campaign) = edited(&stage).await;
    carrier.names(&sid(3).await);
    let body = json!({ "to": TESTER, "from": NUMBER, "campaignId": campaign, "draft": false });
    let made = stage.api.post(&format!("/api/flows/{flow}/test-call"), &body).await;
    assert_eq!(made["version"], 1);
    let report = stage.rung(&carrier, 3).call(&"digits 1".parse().unwrap()).await;
    let expected = ["This is The published version.", "The published version ends."];
    assert_eq!(report.heard().collect::<Vec<_>>(), expected, "{report}");
    stage.close().await;
}

#[tokio::test]
async fn what_stands_in_the_way_is_told_and_nobody_is_rung() {
    let carrier = Carrier::serve().await;
    let stage = Stage::open_on(Some(carrier.url.clone())).await;
    let (flow, _) = edited(&stage).await;
    let other = stage.api.post("/api/flows", &menu("Another flow")).await;
    let other = other["id"].as_str().unwrap();
    let broken =
        json!({ "name": "Broken", "nodes": [{ "id": "a", "type": "end" }], "connections": [] });
    let broken = stage.api.post("/api/flows", &broken).await;
    let broken = broken["id"].as_str().unwrap();
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    for (id, body, code) in [
        (broken, json!({ "to": TESTER }), "no_start"),
        (other, json!({ "to": TESTER }), "no_campaign"),
        (other, json!({ "to": TESTER, "draft": false }), "not_published"),
        (&flow, json!({ "to": TESTER, "from": "+18005550143" }), "unknown_number"),
        (&flow, json!({ "to": TESTER, "campaignId": flow }), "unknown_reference"),
        (&flow, json!({ "to": NUMBER }), "same_number"),
    ] {
        let refused = stage.refused(id, &body, unprocessable).await;
        assert_eq!(refused["errors"][0]["code"], code, "{refused}");
    }
    assert_eq!(carrier.asked().len(), 0);
    let path = format!("/api/flows/{flow}/test-call");
    let body = json!({ "to": UNVERIFIED });
    let refused = stage.refused(&flow, &body, StatusCode::BAD_GATEWAY).await;
    let fault = &refused["errors"][0];
    let words = "the carrier answered 400: The number is unverified.";
    assert_eq!((&fault["code"], &fault["message"]), (&json!("21219"), &json!(words)));
    // One is made already, though nobody was rung.
    carrier.names("CA1");
    for _ in 1..5 {
        stage.api.post(&path, &json!({ "to": TESTER })).await;
    }
    let often = stage.refused(&flow, &body, StatusCode::TOO_MANY_REQUESTS).await;
    assert_eq!(often["detail"], "At most 5 test calls a minute are made.");
    assert_eq!(carrier.asked().len(), 5);
    stage.close().await;
}

#[tokio::test]
async fn a_made_up_trial_and_a_forged_signature_begin_no_call() {
    let carrier = Carrier::serve().await;
    let stage = Stage::open_on(Some(carrier.url.clone())).await;
    let (flow, _) = edited(&stage).await;
    carrier.names(&sid(4).await);
    stage.api.post(&format!("/api/flows/{flow}/test-call"), &json!({ "to": TESTER })).await;
    let phone = stage.rung(&carrier, 4);
    let forged = Phone { auth_token: Password::new("another-token"), ..phone.clone() };
    let report = forged.call(&"digits 1".parse().unwrap()).await;
    assert!(!report.heard().any(|heard| heard.contains("draft")), "{report}");
    let (before, _) = phone.voice_url.rsplit_once('/').unwrap();
    let voice_url = format!("{before}/{}", uuid::Uuid::from_u128(5));
    let made_up = Phone { voice_url, ..phone };
    let report = made_up.call(&"digits 1".parse().unwrap()).await;
    let sorry = "We are sorry, nobody is available to take your call. Please try again later.";
    assert_eq!(report.heard().collect::<Vec<_>>(), [sorry]);
    assert_eq!(stage.api.get("/api/calls").await["items"], json!([]));
    stage.close().await;
}
