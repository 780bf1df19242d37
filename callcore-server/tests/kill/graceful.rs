//! SIGTERM while requests are on their way: all of them are answered, and the server is gone soon.

use std::net::SocketAddr;
use std::time::Duration;

use callcore::call::CarrierCall;
use callcore::port::Calls;
use callcore_store_sqlite::SqliteStore;
use callcore_twiml::signature::{Body, sign};
use callcore_twiml::webhook::CARRIER;
use callcore_twiml::{Form, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::STOPS_WITHIN;
use crate::server::Server;
use crate::world::{self, ACCOUNT, CALLED, TENANT, TOKEN};

/// Requests that are sent at once, right before the signal.
const WHOLE: u32 = 24;
/// Requests of which only one half is sent before the signal.
const HALF: u32 = 8;

pub(crate) async fn run() {
    let mut server = Server::install(&[]);
    world::configure(&server.database()).await;
    server.start().await;

    let mut answers = JoinSet::new();
    let mut signals = Vec::new();
    for number in 0..HALF {
        let (mut connection, request) = dial(&server, number).await;
        let (first, rest) = request.split_at(request.len() - 40);
        connection.write_all(first.as_bytes()).await.expect("the server reads");
        let (signal, signalled) = oneshot::channel::<()>();
        signals.push(signal);
        let rest = rest.to_owned();
        answers.spawn(async move {
            signalled.await.expect("the signal is sent");
            connection.write_all(rest.as_bytes()).await.expect("the server still reads");
            answer(connection, number).await;
        });
    }
    for number in HALF..HALF + WHOLE {
        let (mut connection, request) = dial(&server, number).await;
        connection.write_all(request.as_bytes()).await.expect("the server reads");
        answers.spawn(answer(connection, number));
    }
    server.ask_to_stop().await;
    refused(server.address()).await;
    for signal in signals {
        signal.send(()).expect("the request waits for it");
    }
    answers.join_all().await;
    let stopped_in = server.stopped().await;
    assert!(stopped_in <= STOPS_WITHIN, "the server took {stopped_in:?} to stop");

    let store = SqliteStore::open(&server.database()).await.expect("the file opens");
    for number in 0..HALF + WHOLE {
        let (account, call_id) = (ACCOUNT.to_owned(), sid(number));
        let id = CarrierCall { carrier: CARRIER.to_owned(), account, call_id }.id();
        let journey = store.read(TENANT, id).await.expect("the store answers");
        assert!(journey.is_some(), "call {number} was answered and forgotten");
    }
}

fn sid(number: u32) -> String {
    format!("CA{number:032}")
}

/// A connection, and the request of a call that comes in.
async fn dial(server: &Server, number: u32) -> (TcpStream, String) {
    let form = Form::from_iter([
        ("CallSid", sid(number)),
        ("AccountSid", ACCOUNT.to_owned()),
        ("From", format!("+1415555{number:04}")),
        ("To", CALLED.to_owned()),
        ("CallStatus", "ringing".to_owned()),
    ]);
    let (url, body) = (format!("{}/api/webhooks/voice", server.url()), form.encode());
    let signature = sign(TOKEN, &url, Body::Form(&form));
    let request = format!(
        "POST /api/webhooks/voice HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nX-Twilio-Signature: {signature}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        server.address(),
        body.len()
    );
    let connection = TcpStream::connect(server.address()).await.expect("the server listens");
    (connection, request)
}

async fn answer(mut connection: TcpStream, number: u32) {
    let mut answer = String::new();
    let read = connection.read_to_string(&mut answer).await;
    read.unwrap_or_else(|error| panic!("request {number} got no answer: {error}"));
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    assert!(head.starts_with("HTTP/1.1 200"), "request {number} is answered {answer:?}");
    Response::parse(body).unwrap_or_else(|error| panic!("request {number}: {error}: {body}"));
}

/// Waits until nobody listens any more.
async fn refused(address: SocketAddr) {
    while TcpStream::connect(address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
