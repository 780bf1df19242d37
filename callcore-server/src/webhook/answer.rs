//! From a verified form to the answer.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use callcore::switchboard::Reply;
use callcore_twiml::Form;
use callcore_twiml::render::FALLBACK_TWIML;
use callcore_twiml::webhook::{self, Webhook};
use tokio::time::Instant;

use super::verify::verified;
use crate::metrics;
use crate::state::App;

/// From the first byte of a webhook to the fallback. The carrier waits for 15 s; a caller who hears
/// nothing for more than 10 s is gone.
const DEADLINE: Duration = Duration::from_millis(9_500);

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
    let deadline = Instant::now() + DEADLINE;
    let form = match verified(&app, request).await {
        Ok(form) => form,
        Err(failure) => return failure.into_response(),
    };
    match handled(app, webhook, form, deadline).await {
        Some(_) => StatusCode::NO_CONTENT.into_response(),
        // The carrier then knows that we do not know, and may say it again.
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// The carrier turns here when another webhook of ours failed. A voice webhook is tried again, which
/// is safe: if it was handled after all, the stored reply is answered. In the middle of a call there
/// is nothing to go back to.
pub(super) async fn after_failure(app: App, request: Request) -> Response {
    let deadline = Instant::now() + DEADLINE;
    let form = match verified(&app, request).await {
        Ok(form) => form,
        Err(failure) => return failure.into_response(),
    };
    let code = form.get("ErrorCode").unwrap_or_default().to_owned();
    tracing::warn!(code, "the carrier could not use our answer and asks for the fallback");
    let path =
        form.get("ErrorUrl").unwrap_or_default().split(['?', '#']).next().unwrap_or_default();
    let at_the_beginning = path.is_empty() || path.ends_with("/voice");
    if at_the_beginning {
        twiml(handled(app, Webhook::Voice, form, deadline).await)
    } else {
        twiml(None)
    }
}

/// Handles a form in a task of its own. `None` where the deadline passed, the store failed, the
/// handler panicked or the form makes no sense: all of it is in the log.
async fn handled(app: App, webhook: Webhook, form: Form, deadline: Instant) -> Option<String> {
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
    match app.renderer.response(reply.tenant, &reply.directives).to_xml() {
        Ok(document) => Some(document),
        Err(error) => {
            tracing::error!(%error, call = %reply.call, "a reply cannot be written as TwiML");
            None
        }
    }
}

fn twiml(document: Option<String>) -> Response {
    let document = document.unwrap_or_else(|| FALLBACK_TWIML.to_owned());
    ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], document).into_response()
}
