//! Webhooks of somebody who is invited into a caller's conference: what they hear when they answer,
//! and how their leg goes.

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

/// The paths of invitations.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(whisper)).routes(routes!(invited))
}

/// Whether a caller still waits for whoever this attempt rings.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn waits(
    app: &App,
    tenant: TenantId,
    call: CallId,
    attempt: u32,
) -> Result<bool, StoreError> {
    let journey = app.stores.calls.read(tenant, call).await?;
    Ok(journey.is_some_and(|journey| {
        let of_it = |one: &&callcore::call::Attempt| one.attempt == attempt;
        let waits = journey.call.attempts.iter().find(of_it).is_some_and(|one| !one.is_over());
        waits && !journey.call.is_over()
    }))
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
    if let Err(failure) = verified(&app, request).await {
        return failure.into_response();
    }
    let text = Form::parse(&query).ok().and_then(|query| query.get("text").map(str::to_owned));
    let (tenant, call) = (TenantId::from_uuid(tenant), CallId::from_uuid(call));
    let document = match tokio::time::timeout_at(deadline, waits(&app, tenant, call, attempt)).await
    {
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
