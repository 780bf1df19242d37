//! The example `bidding_server` tells where its bidders are, and each answers by its rule in
//! `bidders.json`.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../bidding_server.rs"]
#[expect(dead_code, reason = "the test calls what main calls, with arguments of its own")]
mod bidding_server;

use std::sync::Arc;

use callcore::auction::{BidReply, BidRequest, Reply};
use callcore::model::{HttpMethod, Target};
use callcore::switchboard::ask;
use callcore::vocabulary::{Destination, TenantId};
use callcore_server::egress::{GuardedClient, Options, Policy};
use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use uuid::Uuid;

/// What each bidder of `bidders.json` answers.
const ANSWERS: [(&str, &str); 6] = [
    ("acme", "bids 24.75 for +12125550141, holds 39 s"),
    ("north", "bids 22.50 for sip:sales@north.example.com"),
    ("slate", "refused"),
    ("harbor", "timeout"),
    ("broken", "http_error"),
    ("garbage", "malformed"),
];

#[tokio::test]
async fn each_bidder_answers_by_its_rule() {
    let (tell, told) = mpsc::unbounded_channel();
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/bidders.json");
    let arguments = [rules, "127.0.0.1:0"].map(str::to_owned).into_iter();
    let serves = bidding_server::run(arguments, move |line| tell.send(line).unwrap());
    tokio::select! {
        ended = serves => panic!("it ended: {ended:?}"),
        () = asks(told) => {}
    }
}

async fn asks(mut told: mpsc::UnboundedReceiver<String>) {
    let policy = Policy::new(true);
    let client = GuardedClient::new(Options { policy, ..Options::default() }).unwrap();
    let http = client.tenant(TenantId::from_uuid(Uuid::from_u128(1)));
    for (name, answer) in ANSWERS {
        let line = told.recv().await.unwrap();
        let (told, url) = line.split_once(" bids at ").unwrap();
        assert_eq!(told, name);
        let target = Target::new(name, url).compile().unwrap();
        let request = BidRequest {
            method: HttpMethod::Post,
            url: url.to_owned(),
            headers: vec![("Content-Type".into(), "application/json".into())],
            credential: None,
            secrets: Arc::default(),
            body: r#"{"callerId":"+13105550100"}"#.into(),
            // The one that hangs is not waited for as long as those that answer.
            timeout_ms: if name == "harbor" { 300 } else { 8_000 },
        };
        // A clock that stands still, so that a bid's end is how long it holds.
        let asked = ask(&target, &request, http.as_ref(), || DateTime::UNIX_EPOCH).await;
        assert_eq!(said(&asked.reply), answer, "{name}");
    }
    assert!(told.is_empty(), "a bidder is not asked here");
}

fn said(reply: &Reply) -> String {
    let bid = match reply {
        Reply::Answered(BidReply::Bid(bid)) => bid,
        Reply::Answered(reply) => return reply.verdict().unwrap().to_string(),
        Reply::Unanswered(unanswered) => return unanswered.verdict().to_string(),
    };
    let destination = bid.destination.as_ref().map(Destination::as_str);
    let holds = |until: DateTime<Utc>| format!(", holds {} s", until.timestamp());
    let holds = bid.expires_at.map(holds).unwrap_or_default();
    format!("bids {} for {}{holds}", bid.amount.amount, destination.unwrap())
}
