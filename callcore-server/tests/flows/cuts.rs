//! A last message that takes too long is cut: the carrier is asked to end the call, unless it is over.

use std::time::{Duration, Instant};

use callcore::call::{CallStatus, FlowStatus, Payload};
use callcore::port::DeliveryStatus;
use callcore_server::config::Settings;
use serde_json::json;
use tempfile::TempDir;

use crate::flow::flow;
use crate::office::{Office, PATIENCE, configure, journey, settings, settled};
use crate::twilio::{Fate, Twilio};

const CALL: &str = "CA00000000000000000000000000000001";

/// A server whose only flow says goodbye for so many seconds at the most.
async fn open(fate: Fate, most_playback_secs: u32) -> (Twilio, Office, TempDir) {
    let (twilio, folder) = (Twilio::serve(fate).await, tempfile::tempdir().unwrap());
    let settings = Settings { twilio_api_url: Some(twilio.url.clone()), ..settings(&folder) };
    let office = Office::open(settings).await;
    twilio.connect(&office.line);
    let goodbye =
        json!({ "message": "A very long goodbye.", "maxPlaybackSeconds": most_playback_secs });
    configure(&office.app.stores, flow(&[("bye", "end", goodbye)], &[])).await;
    (twilio, office, folder)
}

#[tokio::test]
async fn a_last_message_that_takes_too_long_is_cut_and_one_that_ended_is_not() {
    let (twilio, office, _folder) = open(Fate::Answered, 6).await;
    // The message of this call ends by itself.
    let over = CALL.replace('1', "2");
    let heard = office.line.voice(&over).await;
    assert!(heard.text.contains("A very long goodbye."), "{heard:?}");
    assert_eq!(office.line.status(&over, "completed").await.status, 204);
    let begun = Instant::now();
    let heard = office.line.voice(CALL).await;
    assert!(heard.text.contains("</Say><Hangup/>"), "{heard:?}");
    assert!(heard.after < Duration::from_secs(5), "{heard:?}");
    assert_eq!(
        journey(&office.app.stores, CALL).await.call.flow.unwrap().status,
        FlowStatus::Completed
    );
    let asked = twilio.asked(&format!("Calls/{CALL}.json")).await;
    assert_eq!(asked.iter().collect::<Vec<_>>(), [("Status", "completed")]);
    assert!(begun.elapsed() >= Duration::from_secs(6), "{:?}", begun.elapsed());
    for call in [CALL, &over] {
        let delivery = settled(&office.app.stores, call).await;
        assert_eq!(delivery.delivery.payload, Payload::HangUp { after_secs: 6 });
        assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Delivered, 2));
    }
    while journey(&office.app.stores, CALL).await.call.status != CallStatus::Completed {
        assert!(begun.elapsed() < PATIENCE, "the carrier says that the call is over");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(twilio.rest().await.is_empty(), "the other call is not ended");
    office.close().await;
}

#[tokio::test]
async fn where_the_carrier_refuses_to_end_a_call_the_reason_is_kept() {
    let (twilio, office, _folder) = open(Fate::Refused, 5).await;
    office.line.voice(CALL).await;
    let delivery = settled(&office.app.stores, CALL).await;
    assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::GivenUp, 2));
    let reason = "the carrier answered 400: Call is not in-progress. Cannot redirect.";
    assert_eq!(delivery.reason.as_deref(), Some(reason));
    drop(twilio);
    office.close().await;
}
