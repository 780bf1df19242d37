//! Webhooks of somebody who is invited into a caller's conference: what they hear when they answer,
//! and how their leg goes.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use callcore::port::StoreError;
use callcore::vocabulary::{CallId, TenantId};
use callcore_twiml::webhook::Webhook;
use callcore_twiml::{Form, Hangup, Response as Document, Say};
use tokio::time::Instant;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::answer;
use super::verify::verified;
use crate::http::Id;
use crate::http::problem::ProblemDocument;
use crate::state::App;

/// What somebody hears who answers too late.
const GONE: &str = "The caller has hung up. Goodbye.";
/// The parameter that says which call a leg belongs to.
const PARENT: &str = "ParentCallSid";
/// The parameter that says where a leg stands, and its word for one that was answered.
const STATUS: &str = "CallStatus";
const ANSWERED: &str = "in-progress";
/// What is left of the deadline for the answer, once it was noted that somebody answered.
const TO_ANSWER: Duration = Duration::from_secs(1);

/// The paths of invitations.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(whisper)).routes(routes!(invited))
}

/// A caller who waits for whoever an attempt rings.
pub(crate) struct Waiting {
    /// The carrier's id of the caller's call.
    call_id: String,
    /// The leg that was heard of.
    pub(crate) leg: Option<String>,
    /// Whether somebody answered.
    pub(crate) is_connected: bool,
}

/// The caller who still waits for whoever this attempt rings, or talks with them.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn waiting(
    app: &App,
    tenant: TenantId,
    call: CallId,
    attempt: u32,
) -> Result<Option<Waiting>, StoreError> {
    let Some(journey) = app.stores.calls.read(tenant, call).await? else { return Ok(None) };
    let call = journey.call;
    let is_over = call.is_over();
    let mut attempts = call.attempts.into_iter();
    let rung = attempts.find(|one| one.attempt == attempt && !one.is_over() && !is_over);
    Ok(rung.map(|rung| Waiting {
        call_id: call.carrier_call.call_id,
        is_connected: rung.connected(),
        leg: rung.leg,
    }))
}

/// Whether whoever answered meets the caller. That they answered is noted before they are told so: the
/// carrier's word of it may be lost, and then the caller would be taken away from them.
async fn meets(
    app: &App,
    (tenant, call, attempt): (TenantId, CallId, u32),
    form: &Form,
    deadline: Instant,
) -> Result<bool, StoreError> {
    let Some(caller) = waiting(app, tenant, call, attempt).await? else { return Ok(false) };
    let own = form.iter().filter(|(name, _)| *name != PARENT && *name != STATUS);
    let news = own.chain([(PARENT, caller.call_id.as_str()), (STATUS, ANSWERED)]).collect();
    // Where that fails, it is in the log, and the caller is not kept waiting because of it.
    let _ =
        answer::handled(Arc::clone(app), Webhook::Leg { tenant, attempt }, news, deadline).await;
    // Of two legs that the carrier made for one invitation, one is the attempt's.
    let leg = form.get("CallSid");
    let caller = waiting(app, tenant, call, attempt).await?;
    Ok(caller.is_some_and(|caller| caller.leg.is_none() || caller.leg.as_deref() == leg))
}

/// Somebody answered an invitation. They hear the text of the address, and then the caller.
#[utoipa::path(post, path = "/api/webhooks/whisper/{tenant}/{call}/{attempt}", tag = "webhooks",
    params(("tenant" = Uuid, Path), ("call" = Uuid, Path), ("attempt" = u32, Path),
    ("text" = Option<String>, Query)),
    request_body(content = HashMap<String, String>, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, content_type = "text/xml", body = String), (status = 403, body = ProblemDocument)))]
async fn whisper(
    State(app): State<App>,
    Id((tenant, call, attempt)): Id<(Uuid, Uuid, u32)>,
    request: Request,
) -> Response {
    let deadline = Instant::now() + answer::DEADLINE;
    let query = request.uri().query().unwrap_or_default().as_bytes().to_vec();
    let form = match verified(&app, request).await {
        Ok(form) => form,
        Err(failure) => return failure.into_response(),
    };
    let text = Form::parse(&query).ok().and_then(|query| query.get("text").map(str::to_owned));
    let (tenant, call) = (TenantId::from_uuid(tenant), CallId::from_uuid(call));
    let meets = meets(&app, (tenant, call, attempt), &form, deadline - TO_ANSWER);
    let document = match tokio::time::timeout_at(deadline, meets).await {
        Ok(Ok(true)) => app.renderer.whisper(call, attempt, &text.unwrap_or_default()),
        Ok(Ok(false)) => Document::new().then(Say::new(GONE)).then(Hangup::default()),
        // The caller waits, as far as we know.
        Ok(Err(error)) => {
            tracing::error!(%error, %call, "it cannot be read whether a caller still waits");
            app.renderer.whisper(call, attempt, &text.unwrap_or_default())
        }
        Err(_) => app.renderer.whisper(call, attempt, &text.unwrap_or_default()),
    };
    answer::twiml(document.to_xml().ok())
}

/// The leg to somebody who was invited moved.
#[utoipa::path(post, path = "/api/webhooks/invited/{tenant}/{callSid}/{attempt}", tag = "webhooks",
    params(("tenant" = Uuid, Path), ("callSid" = String, Path), ("attempt" = u32, Path)),
    request_body(content = HashMap<String, String>, content_type = "application/x-www-form-urlencoded"),
    responses((status = 204), (status = 403, body = ProblemDocument)))]
async fn invited(
    State(app): State<App>,
    Id((tenant, call_sid, attempt)): Id<(Uuid, String, u32)>,
    request: Request,
) -> Response {
    let tenant = TenantId::from_uuid(tenant);
    answer::with_nothing_of(app, Webhook::Leg { tenant, attempt }, request, |form| {
        let own = form.iter().filter(|(name, _)| *name != PARENT);
        own.chain([(PARENT, call_sid.as_str())]).collect()
    })
    .await
}
