//! Prometheus metrics: how long webhooks take and what calls reach. Nothing in them tells one tenant
//! or caller from another.

use std::sync::OnceLock;
use std::time::Duration;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use callcore::call::{Milestone, NodeRun, Payload};
use callcore::port::Tried;
use callcore_twiml::webhook::Webhook;
use metrics::{counter, describe_counter, describe_histogram, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::App;

const WEBHOOKS: &str = "callcore_webhooks_total";
const WEBHOOK_SECONDS: &str = "callcore_webhook_seconds";
const CALLS: &str = "callcore_calls_total";
const OFFERS: &str = "callcore_offers_total";
const CONNECTED: &str = "callcore_calls_connected_total";
const CONNECT_SECONDS: &str = "callcore_connect_seconds";
const CONVERTED: &str = "callcore_calls_converted_total";
const WITHDRAWN: &str = "callcore_conversions_withdrawn_total";
const ENDED: &str = "callcore_calls_ended_total";
const NODES: &str = "callcore_flow_nodes_total";
const DELIVERIES: &str = "callcore_deliveries_total";

const WEBHOOK_BUCKETS: [f64; 10] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1.0, 5.0, 10.0];
const CONNECT_BUCKETS: [f64; 8] = [1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0];

/// The one recorder of this process.
static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// Installs the recorder. Further calls do nothing.
pub fn install() {
    RECORDER.get_or_init(|| {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(WEBHOOK_SECONDS.into()), &WEBHOOK_BUCKETS)
            .and_then(|builder| {
                let connect = Matcher::Full(CONNECT_SECONDS.into());
                builder.set_buckets_for_metric(connect, &CONNECT_BUCKETS)
            })
            .expect("the buckets are not empty")
            .build_recorder();
        let handle = recorder.handle();
        // An error says that the program that embeds this server has a recorder of its own; the
        // numbers then go there.
        let _ = metrics::set_global_recorder(recorder);
        describe_counter!(WEBHOOKS, "Webhooks by kind and by what was answered");
        describe_histogram!(WEBHOOK_SECONDS, "From a webhook to its answer");
        describe_counter!(CALLS, "Calls that came in");
        describe_counter!(OFFERS, "Dials to buyers, and whether they were fallbacks");
        describe_counter!(CONNECTED, "Dials that a buyer answered");
        describe_histogram!(CONNECT_SECONDS, "From dialling to the answer");
        describe_counter!(CONVERTED, "Calls that converted");
        describe_counter!(WITHDRAWN, "Conversions that a target's report took back");
        describe_counter!(ENDED, "Calls by the reason of their end");
        describe_counter!(NODES, "Nodes of flows that calls went through, by type and outcome");
        describe_counter!(DELIVERIES, "Tries to send a delivery, by what came of them");
        handle
    });
}

/// Counts a webhook.
pub fn webhook(webhook: Webhook, outcome: &'static str, taken: Duration) {
    let kind = match webhook {
        Webhook::Voice => "voice",
        Webhook::Status => "status",
        Webhook::DialResult { .. } => "dial",
        Webhook::FlowStep { .. } => "flow",
        Webhook::Leg { .. } => "leg",
        Webhook::Recording { .. } => "recording",
        Webhook::Transcription { .. } => "transcription",
        Webhook::Trial { .. } => "trial",
    };
    counter!(WEBHOOKS, "webhook" => kind, "outcome" => outcome).increment(1);
    histogram!(WEBHOOK_SECONDS, "webhook" => kind).record(taken);
}

/// Counts what a call reached.
pub fn milestones(reached: &[Milestone]) {
    for milestone in reached {
        match milestone {
            Milestone::Incoming { .. } => counter!(CALLS).increment(1),
            Milestone::Offered { fallback, .. } => {
                counter!(OFFERS, "fallback" => fallback.to_string()).increment(1);
            }
            Milestone::Connected { ring_ms, .. } => {
                counter!(CONNECTED).increment(1);
                histogram!(CONNECT_SECONDS).record(Duration::from_millis(*ring_ms));
            }
            Milestone::Converted => counter!(CONVERTED).increment(1),
            Milestone::ConversionWithdrawn => counter!(WITHDRAWN).increment(1),
            Milestone::Ended { reason } => {
                // The reason's word is the one of the API.
                let reason = match serde_json::to_value(reason) {
                    Ok(Value::String(word)) => word,
                    _ => "unknown".to_owned(),
                };
                counter!(ENDED, "reason" => reason).increment(1);
            }
        }
    }
}

/// Counts the nodes of a flow that a call went through. How an exit is called is up to whoever writes
/// the flow, so those that have a name of their own count as one.
pub fn nodes(passed: &[NodeRun]) {
    for node in passed {
        let outcome = match node.exit.as_deref() {
            None => "stayed",
            Some(exit) if exit.starts_with("key:") => "key",
            Some(exit) => EXITS.into_iter().find(|known| *known == exit).unwrap_or("other"),
        };
        counter!(NODES, "type" => node.kind.clone(), "outcome" => outcome).increment(1);
    }
}

/// Exits of nodes whose names are fixed.
const EXITS: [&str; 16] = [
    "next",
    "valid",
    "failed",
    "timeout",
    "invalid",
    "open",
    "closed",
    "holiday",
    "yes",
    "no",
    "error",
    "connected",
    "no_route",
    "overflow",
    "done",
    "fallback",
];

/// Counts a try to send a delivery.
pub fn delivery(payload: &Payload, tried: &Tried) {
    let kind = match payload {
        Payload::Http { .. } => "http",
        Payload::Invite { .. } => "invite",
        Payload::Recall { .. } => "recall",
        Payload::HangUp { .. } => "hang_up",
    };
    let outcome = match tried {
        Tried::Delivered => "delivered",
        Tried::Again { .. } => "retried",
        Tried::GivenUp { .. } => "given_up",
    };
    counter!(DELIVERIES, "kind" => kind, "outcome" => outcome).increment(1);
}

/// The path of the metrics. It needs no session: put it where only your monitoring reaches it.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show))
}

/// Shows the metrics in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, content_type = "text/plain", body = String)))]
async fn show() -> Response {
    let text = RECORDER.get().map(PrometheusHandle::render).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
