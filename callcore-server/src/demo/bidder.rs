//! Simulated bidders: an HTTP server that bids by rules. A bidder is a path of it, such as `/acme`,
//! and a rule says what it answers: a bid, a refusal, a failure, and after how long.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::net::TcpListener;

/// What one bidder does when it is asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Rule {
    /// Its name, which is the path that it is asked at.
    pub name: String,
    /// What it bids, in dollars; absent for none.
    pub bid: Option<String>,
    /// The number or URI that it wants the call at.
    pub destination: Option<String>,
    /// How long its bid holds, in seconds.
    pub expire_in_seconds: Option<u32>,
    /// How long a call must last to be paid, in seconds.
    pub min_duration_seconds: Option<u32>,
    /// The query that it must be asked with; any other is answered with status 400.
    pub query: Option<String>,
    /// Refuses with this reason.
    pub refuses: Option<String>,
    /// Answers this status, with nothing else.
    pub status: Option<u16>,
    /// Answers this instead, whatever it is.
    pub body: Option<String>,
    /// How long it thinks, in milliseconds.
    pub delay_ms: u64,
    /// Never answers.
    pub hangs: bool,
}

/// Serves these bidders until the task is dropped.
pub async fn serve(listener: TcpListener, rules: Vec<Rule>) -> std::io::Result<()> {
    axum::serve(listener, router(rules)).await
}

/// The bidders as a router.
pub fn router(rules: Vec<Rule>) -> Router {
    Router::new().route("/{name}", any(answer)).with_state(Arc::new(rules))
}

async fn answer(
    State(rules): State<Arc<Vec<Rule>>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(rule) = rules.iter().find(|rule| rule.name == name) else {
        return (StatusCode::NOT_FOUND, format!("no bidder is called {name:?}")).into_response();
    };
    if let Some(expected) = &rule.query
        && query.as_ref() != Some(expected)
    {
        let message = format!("the query {expected:?} is expected instead of {query:?}");
        return (StatusCode::BAD_REQUEST, message).into_response();
    }
    if rule.hangs {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(Duration::from_millis(rule.delay_ms)).await;
    if let Some(status) = rule.status {
        return StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT).into_response();
    }
    let body = rule.body.clone().unwrap_or_else(|| Value::Object(said(rule)).to_string());
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The answer in the plain format, whose names a target without paths looks for.
fn said(rule: &Rule) -> Map<String, Value> {
    let mut said = Map::new();
    let mut say = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            said.insert(name.to_owned(), value);
        }
    };
    say("accepted", Some(Value::Bool(rule.refuses.is_none() && rule.bid.is_some())));
    say("bidAmount", rule.bid.clone().map(Value::from));
    say("destinationNumber", rule.destination.clone().map(Value::from));
    say("expireInSeconds", rule.expire_in_seconds.map(Value::from));
    say("minDurationSeconds", rule.min_duration_seconds.map(Value::from));
    say("rejectReason", rule.refuses.clone().map(Value::from));
    said
}
