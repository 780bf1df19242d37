//! Pixels: sent after the answer, at least once, always with the same id, and given up with a reason.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use callcore::memory::Offline;
use callcore::port::DeliveryStatus;
use callcore_server::clock::SystemClock;
use callcore_server::config::Settings;
use callcore_server::outbox::Sender;
use callcore_server::{app, outgoing, start};
use callcore_twiml::Form;
use callcore_twiml::signature::{Body as Signed, sign};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower::ServiceExt;

use crate::flow::pixel;
use crate::office::{Office, PATIENCE, configure, journey, settings, settled};
use crate::receiver::Receiver;
use crate::world::{ACCOUNT, CALLED, CALLER, PUBLIC_URL, TENANT, TOKEN};

/// The receiver says nothing until it is told to, and its pixel would wait for twice this.
const WITHOUT_WAITING: Duration = Duration::from_secs(9);

#[tokio::test]
async fn a_caller_does_not_wait_for_a_receiver_that_does_not_answer() {
    let mut receiver = Receiver::silent().await;
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(settings(&folder)).await;
    configure(&office.app.stores, pixel(&format!("{}/p", receiver.url), 0)).await;
    let heard = office.line.voice("CA1").await;
    assert!(heard.text.contains("Goodbye."), "{heard:?}");
    assert!(heard.after < WITHOUT_WAITING, "{heard:?}");
    let arrived = receiver.next().await;
    // Another call is answered while the first one's receiver is silent, and its pixel is sent too.
    let heard = office.line.voice("CA2").await;
    assert!(heard.after < WITHOUT_WAITING, "{heard:?}");
    assert_ne!(receiver.next().await.id, arrived.id);
    receiver.answer();
    receiver.answer();
    for call in ["CA1", "CA2"] {
        let delivery = settled(&office.app.stores, call).await;
        assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Delivered, 1));
    }
    office.close().await;
}

#[tokio::test]
async fn whoever_stops_finishes_what_is_being_sent_for_as_long_as_there_is_time() {
    for (left, expected) in
        [(PATIENCE, DeliveryStatus::Delivered), (Duration::ZERO, DeliveryStatus::Waiting)]
    {
        let mut receiver = Receiver::silent().await;
        let folder = tempfile::tempdir().unwrap();
        let config = settings(&folder).check().unwrap();
        let server = start::bind(config, Arc::new(Offline)).await.unwrap();
        let app = Arc::clone(server.app());
        configure(&app.stores, pixel(&receiver.url, 0)).await;
        let sender = Sender::start(Arc::clone(&app));
        call_in(&app, "CA1").await;
        receiver.next().await;
        let mut stopping = Box::pin(sender.stop(Instant::now() + left));
        if left > Duration::ZERO {
            let early = tokio::time::timeout(Duration::from_millis(100), stopping.as_mut()).await;
            assert!(early.is_err(), "it does not wait for the answer");
            receiver.answer();
        }
        stopping.await;
        let call = journey(&app.stores, "CA1").await.call.id;
        let deliveries = app.stores.outbox.of_call(TENANT, call).await.unwrap();
        assert_eq!(deliveries.iter().map(|one| one.status).collect::<Vec<_>>(), [expected]);
    }
}

#[tokio::test]
async fn a_failure_is_tried_again_with_the_same_id() {
    let mut receiver = Receiver::answering(&[500, 200]).await;
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(settings(&folder)).await;
    configure(&office.app.stores, pixel(&format!("{}/p?a=1", receiver.url), 2)).await;
    office.line.voice("CA1").await;
    let (first, second) = (receiver.next().await, receiver.next().await);
    let delivery = settled(&office.app.stores, "CA1").await;
    assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Delivered, 2));
    assert_eq!((first.path.as_str(), &first.id), ("/p?a=1", &second.id));
    assert_eq!(first.id, delivery.delivery.id.to_string());
    office.close().await;
}

#[tokio::test]
async fn what_fails_for_good_is_given_up_with_its_reason() {
    for (status, retries, tries) in [(503, 1, 2), (503, 0, 1), (404, 3, 1)] {
        let mut receiver = Receiver::answering(&[status]).await;
        let folder = tempfile::tempdir().unwrap();
        let office = Office::open(settings(&folder)).await;
        configure(&office.app.stores, pixel(&receiver.url, retries)).await;
        office.line.voice("CA1").await;
        let delivery = settled(&office.app.stores, "CA1").await;
        assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::GivenUp, tries));
        assert_eq!(delivery.reason, Some(format!("the answer was {status}")));
        assert_eq!(receiver.rest().len(), usize::try_from(tries).unwrap());
        office.close().await;
    }
}

#[tokio::test]
async fn a_private_address_is_not_asked() {
    let mut receiver = Receiver::answering(&[200]).await;
    let folder = tempfile::tempdir().unwrap();
    let guarded = Settings { allow_private_targets: None, ..settings(&folder) };
    let office = Office::open(guarded).await;
    configure(&office.app.stores, pixel(&receiver.url, 5)).await;
    office.line.voice("CA1").await;
    let delivery = settled(&office.app.stores, "CA1").await;
    assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::GivenUp, 1));
    assert_eq!(delivery.reason.as_deref(), Some("the address is not allowed"));
    assert_eq!(receiver.rest().len(), 0);
    office.close().await;
}

/// A call that comes in at a server that nobody lets send.
async fn call_in(app: &callcore_server::state::App, call: &str) {
    let form = Form::from_iter([
        ("CallSid", call),
        ("AccountSid", ACCOUNT),
        ("From", CALLER),
        ("To", CALLED),
        ("CallStatus", "ringing"),
    ]);
    let url = format!("{PUBLIC_URL}/api/webhooks/voice");
    let request = Request::post("/api/webhooks/voice")
        .header("X-Twilio-Signature", sign(TOKEN, &url, Signed::Form(&form)))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.encode()))
        .unwrap();
    let response = app::router(app).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_a_server_saved_and_did_not_send_is_sent_by_the_next_one() {
    let mut receiver = Receiver::answering(&[200]).await;
    let folder = tempfile::tempdir().unwrap();
    let config = settings(&folder).check().unwrap();
    // It answers the call and is gone before it begins to send.
    let killed = start::bind(config, Arc::new(Offline)).await.unwrap();
    configure(&killed.app().stores, pixel(&receiver.url, 2)).await;
    call_in(killed.app(), "CA1").await;
    drop(killed);
    assert_eq!(receiver.rest().len(), 0);
    let office = Office::open(settings(&folder)).await;
    receiver.next().await;
    let delivery = settled(&office.app.stores, "CA1").await;
    assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Delivered, 1));
    office.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_send_each_delivery_once() {
    const CALLS: usize = 16;
    let mut receiver = Receiver::answering(&[200]).await;
    let folder = tempfile::tempdir().unwrap();
    let config = settings(&folder).check().unwrap();
    let first = start::bind(config.clone(), Arc::new(Offline)).await.unwrap();
    let first = Arc::clone(first.app());
    let (egress, offline) = (outgoing::egress(&config), Arc::new(Offline));
    let clock = Arc::new(SystemClock::default());
    let second = start::shared(config, first.stores.clone(), clock, egress, offline);
    configure(&first.stores, pixel(&receiver.url, 2)).await;
    let senders = [&first, &second].map(|app| Sender::start(Arc::clone(app)));
    let mut calls = JoinSet::new();
    for number in 0..CALLS {
        let app = Arc::clone(if number % 2 == 0 { &first } else { &second });
        calls.spawn(async move { call_in(&app, &format!("CA{number}")).await });
    }
    calls.join_all().await;
    let mut ids = BTreeSet::new();
    for number in 0..CALLS {
        assert!(ids.insert(receiver.next().await.id), "one was sent twice");
        let delivery = settled(&first.stores, &format!("CA{number}")).await;
        assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Delivered, 1));
    }
    for sender in senders {
        sender.stop(Instant::now() + PATIENCE).await;
    }
    assert_eq!(receiver.rest().len(), 0);
}
