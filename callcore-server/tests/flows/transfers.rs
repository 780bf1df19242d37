//! Warm transfers: the caller waits, somebody else is rung over the carrier's API and joins, or does
//! not.

use callcore::call::{DialOutcome, FlowStatus};
use callcore::model::FlowDefinition;
use callcore::port::DeliveryStatus;
use callcore_server::config::Settings;
use callcore_twiml::{Form, Response};
use serde_json::json;
use tempfile::TempDir;

use crate::flow::flow;
use crate::office::{Office, configure, journey, settings};
use crate::twilio::{Fate, Happened, Twilio};
use crate::world::{CALLED, CALLER, PUBLIC_URL, TENANT};

const CALL: &str = "CA00000000000000000000000000000001";
const AGENT: &str = "+12125550111";

fn transfer() -> FlowDefinition {
    let settings = json!({ "actionType": "transfer", "transferType": "warm", "number": AGENT });
    flow(
        &[
            ("agent", "action", settings),
            ("talked", "end", json!({ "message": "Thank you." })),
            ("nobody", "end", json!({ "message": "Nobody is there." })),
        ],
        &[("agent", "connected", "talked"), ("agent", "failed", "nobody")],
    )
}

async fn open(fate: Fate) -> (Twilio, Office, TempDir) {
    let (twilio, folder) = (Twilio::serve(fate).await, tempfile::tempdir().unwrap());
    let settings = Settings { twilio_api_url: Some(twilio.url.clone()), ..settings(&folder) };
    let office = Office::open(settings).await;
    twilio.connect(&office.line);
    configure(&office.app.stores, transfer()).await;
    (twilio, office, folder)
}

/// The call comes in and waits; what the API was asked for the other leg.
async fn wait(twilio: &Twilio, office: &Office) -> (String, Form) {
    let heard = office.line.voice(CALL).await;
    assert!(heard.text.contains("<Conference "), "{heard:?}");
    let asked = twilio.asked("Calls.json").await;
    let answer = (asked.get("To"), asked.get("From"), asked.get("Method"));
    assert_eq!(answer, (Some(AGENT), Some(CALLED), Some("POST")));
    let events: Vec<_> =
        asked.iter().filter(|(name, _)| *name == "StatusCallbackEvent").map(|it| it.1).collect();
    assert_eq!(events, ["initiated", "ringing", "answered", "completed"]);
    (room(&heard.text), asked)
}

/// The conference of a document.
fn room(document: &str) -> String {
    Response::parse(document).unwrap();
    let (_, room) = document.split_once("<Conference ").unwrap();
    let (_, room) = room.split_once('>').unwrap();
    room.split_once('<').unwrap().0.to_owned()
}

async fn invited(twilio: &Twilio) -> String {
    match twilio.next().await {
        Happened::Invited(document) => document,
        other => panic!("somebody answers instead of {other:?}"),
    }
}

#[tokio::test]
async fn somebody_answers_and_the_flow_goes_on_after_the_talk() {
    let (twilio, office, _folder) = open(Fate::Answered).await;
    let (waits_in, asked) = wait(&twilio, &office).await;
    let document = invited(&twilio).await;
    assert!(document.contains(&format!("You have a call from {CALLER}.")), "{document}");
    assert_eq!(room(&document), waits_in);
    twilio.leg(&asked, "completed").await;
    let back = [("DialCallStatus", "answered"), ("DialBridged", "true")];
    let heard = office.line.step(CALL, 1, &back).await;
    assert!(heard.text.contains("Thank you."), "{heard:?}");
    assert_eq!(office.line.status(CALL, "completed").await.status, 204);
    let call = journey(&office.app.stores, CALL).await.call;
    assert_eq!(call.flow.unwrap().status, FlowStatus::Completed);
    assert_eq!(call.attempts[0].outcome, Some(DialOutcome::Answered));
    assert!(twilio.rest().await.is_empty(), "nobody is recalled");
    office.close().await;
}

/// Otherwise the caller, of whom nobody seems to have heard, would be taken out of the conversation.
#[tokio::test]
async fn whoever_asks_what_to_hear_has_answered() {
    let (twilio, office, _folder) = open(Fate::Unheard).await;
    wait(&twilio, &office).await;
    assert!(invited(&twilio).await.contains("<Conference "));
    let call = journey(&office.app.stores, CALL).await.call;
    assert!(call.attempts[0].connected(), "{:?}", call.attempts[0]);
    assert_eq!(call.attempts[0].leg.as_deref(), Some(crate::twilio::LEG));
    office.close().await;
}

/// Nobody is rung again who talks already, and a second leg that was made all the same joins nothing.
#[tokio::test]
async fn an_invitation_that_rang_although_the_carrier_failed_is_not_repeated() {
    let (twilio, office, _folder) = open(Fate::Unsure).await;
    let (_, asked) = wait(&twilio, &office).await;
    assert!(invited(&twilio).await.contains("<Conference "));
    let call = journey(&office.app.stores, CALL).await.call.id;
    let begun = std::time::Instant::now();
    let invitation = loop {
        let invitation = office.app.stores.outbox.of_call(TENANT, call).await.unwrap().remove(0);
        if invitation.status != DeliveryStatus::Waiting {
            break invitation;
        }
        assert!(begun.elapsed() < crate::office::PATIENCE, "{invitation:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!((invitation.status, invitation.attempts), (DeliveryStatus::Delivered, 2));
    let second = Form::from_iter([
        ("CallSid", "CA000000000000000000000000000000fe"),
        ("AccountSid", crate::world::ACCOUNT),
        ("CallStatus", "in-progress"),
    ]);
    let heard = office.line.post(asked.get("Url").unwrap(), &second).await;
    assert!(heard.text.contains("<Hangup/>"), "{heard:?}");
    let busy = Form::from_iter([
        ("CallSid", "CA000000000000000000000000000000fe"),
        ("AccountSid", crate::world::ACCOUNT),
        ("CallStatus", "busy"),
    ]);
    let told = office.line.post(asked.get("StatusCallback").unwrap(), &busy).await;
    assert_eq!(told.status, 204);
    let rest = twilio.rest().await;
    assert!(rest.is_empty(), "nobody is rung or recalled: {rest:?}");
    let attempt = &journey(&office.app.stores, CALL).await.call.attempts[0];
    assert!(attempt.connected() && !attempt.is_over(), "{attempt:?}");
    office.close().await;
}

#[tokio::test]
async fn where_it_is_busy_the_caller_is_taken_out_and_the_flow_goes_on() {
    let (twilio, office, _folder) = open(Fate::Busy).await;
    wait(&twilio, &office).await;
    recalled(&twilio).await;
    let call = journey(&office.app.stores, CALL).await.call;
    assert_eq!(call.attempts[0].outcome, Some(DialOutcome::Busy));
    office.close().await;
}

#[tokio::test]
async fn where_the_carrier_refuses_to_ring_the_caller_does_not_wait_for_ever() {
    let (twilio, office, _folder) = open(Fate::Refused).await;
    wait(&twilio, &office).await;
    recalled(&twilio).await;
    let journey = journey(&office.app.stores, CALL).await;
    assert_eq!(journey.call.attempts[0].outcome, Some(DialOutcome::Failed));
    let deliveries = office.app.stores.outbox.of_call(TENANT, journey.call.id).await.unwrap();
    assert_eq!(deliveries[0].status, DeliveryStatus::GivenUp);
    let reason = "the carrier answered 400: The number is not verified";
    assert_eq!(deliveries[0].reason.as_deref(), Some(reason));
    office.close().await;
}

/// The caller is taken out of the conference and hears what the flow says then.
async fn recalled(twilio: &Twilio) {
    let asked = twilio.asked(&format!("Calls/{CALL}.json")).await;
    let url = format!("{PUBLIC_URL}/api/webhooks/flow/{TENANT}/1");
    assert_eq!((asked.get("Url"), asked.get("Method")), (Some(url.as_str()), Some("POST")));
    match twilio.next().await {
        Happened::Redirected(document) => {
            assert!(document.contains("Nobody is there."), "{document}");
        }
        other => panic!("the caller is sent elsewhere instead of {other:?}"),
    }
}

#[tokio::test]
async fn who_answers_after_the_caller_has_hung_up_is_told_so() {
    let (twilio, office, _folder) = open(Fate::Answered).await;
    let (_, asked) = wait(&twilio, &office).await;
    assert!(invited(&twilio).await.contains("<Conference "));
    office.line.status(CALL, "completed").await;
    let whisper = asked.get("Url").unwrap();
    let leg = Form::from_iter([
        ("CallSid", crate::twilio::LEG),
        ("AccountSid", crate::world::ACCOUNT),
        ("CallStatus", "in-progress"),
    ]);
    let heard = office.line.post(whisper, &leg).await;
    let expected = "<Say>The caller has hung up. Goodbye.</Say><Hangup/>";
    assert!(heard.text.contains(expected), "{heard:?}");
    office.close().await;
}

#[tokio::test]
async fn webhooks_of_invitations_and_flows_need_the_carriers_signature() {
    let (twilio, office, _folder) = open(Fate::Answered).await;
    let (_, asked) = wait(&twilio, &office).await;
    invited(&twilio).await;
    let form = Form::from_iter([("CallSid", CALL), ("AccountSid", crate::world::ACCOUNT)]);
    let step = format!("{PUBLIC_URL}/api/webhooks/flow/{TENANT}/1");
    let transcription = format!("{PUBLIC_URL}/api/webhooks/transcription/{TENANT}");
    let own = [asked.get("Url").unwrap(), asked.get("StatusCallback").unwrap()];
    for url in own.into_iter().chain([step.as_str(), transcription.as_str()]) {
        let forged = office.line.post_signed(url, &form, "AAAA".into()).await;
        assert_eq!(forged.status, 403, "{url}");
    }
    // The signature covers the text that is spoken.
    let signature = {
        use callcore_twiml::signature::{Body, sign};
        sign(crate::world::TOKEN, own[0], Body::Form(&form))
    };
    let changed = own[0].replace("You", "They");
    assert_ne!(changed, own[0]);
    let forged = office.line.post_signed(&changed, &form, signature).await;
    assert_eq!(forged.status, 403);
    let mut form = form;
    form.push("RecordingSid", "RE1");
    form.push("TranscriptionStatus", "completed");
    form.push("TranscriptionText", "Hello.");
    assert_eq!(office.line.post(&transcription, &form).await.status, 204);
    office.close().await;
}
