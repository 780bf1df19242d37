//! From a verified form to the answer.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use callcore::switchboard::Reply;
use callcore_twiml::render::FALLBACK_TWIML;
use callcore_twiml::webhook::{self, Webhook};
use callcore_twiml::{Form, Response as Document};
use tokio::time::Instant;

use super::verify::verified;
use crate::metrics;
use crate::state::App;

/// From the first byte of a webhook to the fallback. The carrier waits for 15 s; a caller who hears
/// nothing for more than 10 s is gone.
pub(super) const DEADLINE: Duration = Duration::from_millis(9_500);

/// What is answered to a webhook that the caller waits for.
pub(super) async fn with_twiml(app: App, webhook: Webhook, request: Request) -> Response {
    let deadline = Instant::now() + DEADLINE;
    match verified(&app, request).await {
        Ok(form) => twiml(handled(app, webhook, form, deadline).await),
        Err(failure) => failure.into_response(),
    }
}

/// What is answered to a webhook that only tells us something.
pub(super) async fn with_nothing(app: App, webhook: Webhook, request: Request) -> Response {
    with_nothing_of(app, webhook, request, |form| form).await
}

/// The same for a form that lacks what the address says.
pub(super) async fn with_nothing_of(
    app: App,
    webhook: Webhook,
    request: Request,
    complete: impl FnOnce(Form) -> Form,
) -> Response {
    let deadline = Instant::now() + DEADLINE;
    let form = match verified(&app, request).await {
        Ok(form) => form,
        Err(failure) => return failure.into_response(),
    };
    match handled(app, webhook, complete(form), deadline).await {
        Some(_) => StatusCode::NO_CONTENT.into_response(),
        // The carrier then knows that we do not know, and may say it again.
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// The carrier turns here when another webhook of ours failed. A voice webhook and a step of a flow
/// are tried again, which is safe: if one was handled after all, the stored reply is answered. In the
/// middle of a dial there is nothing to go back to.
pub(super) async fn after_failure(app: App, request: Request) -> Response {
    let deadline = Instant::now() + DEADLINE;
    let form = match verified(&app, request).await {
        Ok(form) => form,
        Err(failure) => return failure.into_response(),
    };
    let code = form.get("ErrorCode").unwrap_or_default().to_owned();
    tracing::warn!(code, "the carrier could not use our answer and asks for the fallback");
    let failed = failed_webhook(form.get("ErrorUrl").unwrap_or_default());
    let Some(webhook) = failed else { return twiml(None) };
    let document = handled(app, webhook, form, deadline).await;
    // What is no TwiML would fail again, and there is no fallback for the fallback.
    twiml(document.filter(|document| Document::parse(document).is_ok()))
}

/// The webhook that is to be tried again, where the one at this address failed.
fn failed_webhook(url: &str) -> Option<Webhook> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    if path.is_empty() || path.ends_with("/voice") {
        return Some(Webhook::Voice);
    }
    if let Some((_, trial)) = path.split_once("/api/webhooks/trial/") {
        let (tenant, trial) = trial.split_once('/')?;
        return Some(Webhook::Trial { tenant: tenant.parse().ok()?, trial: trial.parse().ok()? });
    }
    let (_, step) = path.split_once("/api/webhooks/flow/")?;
    let (tenant, step) = step.split_once('/')?;
    Some(Webhook::FlowStep { tenant: tenant.parse().ok()?, step: step.parse().ok()? })
}

/// Handles a form in a task of its own. `None` where the deadline passed, the store failed, the
/// handler panicked or the form makes no sense: all of it is in the log.
pub(super) async fn handled(
    app: App,
    webhook: Webhook,
    form: Form,
    deadline: Instant,
) -> Option<String> {
    let began = Instant::now();
    let task = tokio::spawn(document(app, webhook, form));
    let document = match tokio::time::timeout_at(deadline, task).await {
        Ok(Ok(document)) => document,
        Ok(Err(_)) => {
            tracing::error!("a webhook's handler panicked");
            None
        }
        Err(_) => {
            tracing::error!("a webhook's handler took too long");
            None
        }
    };
    let outcome = if document.is_some() { "answered" } else { "failed" };
    metrics::webhook(webhook, outcome, began.elapsed());
    document
}

async fn document(app: App, webhook: Webhook, form: Form) -> Option<String> {
    let event = match webhook::event(webhook, &form) {
        Ok(event) => event,
        Err(error) => {
            tracing::error!(%error, "a signed webhook makes no sense");
            return None;
        }
    };
    let switchboard = Arc::clone(&app.switchboard);
    match switchboard.handle(&event).await {
        Ok(reply) => {
            metrics::milestones(&reply.milestones);
            metrics::nodes(&reply.nodes);
            if reply.deliveries > 0 {
                app.outbox.ring();
            }
            rendered(&app, &reply)
        }
        Err(error) => {
            tracing::error!(%error, call = %event.carrier_call.id(), "a webhook could not be handled");
            None
        }
    }
}

fn rendered(app: &App, reply: &Reply) -> Option<String> {
    match reply.tenant {
        None => tracing::info!(call = %reply.call, "nobody answers this number or knows this call"),
        Some(tenant) => {
            tracing::info!(call = %reply.call, %tenant, repeated = reply.repeated, "a webhook was handled");
        }
    }
    match app.renderer.response(reply.call, reply.tenant, &reply.directives).to_xml() {
        Ok(document) => Some(document),
        Err(error) => {
            tracing::error!(%error, call = %reply.call, "a reply cannot be written as TwiML");
            None
        }
    }
}

pub(super) fn twiml(document: Option<String>) -> Response {
    let document = document.unwrap_or_else(|| FALLBACK_TWIML.to_owned());
    ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], document).into_response()
}

#[cfg(test)]
mod tests {
    use callcore::vocabulary::{TenantId, TrialId};

    use super::*;

    #[test]
    fn voice_and_steps_of_flows_are_tried_again_and_nothing_else() {
        let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(7));
        let base = "https://calls.example.com/base/api/webhooks";
        let step = format!("{base}/flow/{tenant}/12?x=1#y");
        assert_eq!(failed_webhook(&step), Some(Webhook::FlowStep { tenant, step: 12 }));
        assert_eq!(failed_webhook(&format!("{base}/voice")), Some(Webhook::Voice));
        let trial = TrialId::from_uuid(uuid::Uuid::from_u128(8));
        let test = failed_webhook(&format!("{base}/trial/{tenant}/{trial}"));
        assert_eq!(test, Some(Webhook::Trial { tenant, trial }));
        assert_eq!(failed_webhook(""), Some(Webhook::Voice));
        for other in [
            format!("{base}/dial/{tenant}/1"),
            format!("{base}/flow/{tenant}/x"),
            format!("{base}/flow/nobody/1"),
            format!("{base}/whisper/{tenant}/{tenant}/1"),
        ] {
            assert_eq!(failed_webhook(&other), None, "{other}");
        }
    }
}
