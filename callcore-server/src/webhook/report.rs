//! What a target says became of a call that it won.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use callcore::model::{Kind, Stored, Target};
use callcore::vocabulary::{CallId, Money, Problem, TargetId, TenantId};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::report_proof::is_proven;
use crate::directory::open_target;
use crate::http::body::{self, document};
use crate::http::problem::ProblemDocument;
use crate::http::{Document, Failure, Id};
use crate::state::App;

/// Largest body of a report.
const REPORT_BYTES: usize = 64 * 1024;

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ReportStatus {
    /// It led to a sale, or whatever the target pays for.
    Converted,
    /// The target does not take it.
    Rejected,
    /// The target sold it on.
    Sold,
}

/// What a target reports of a call that it won.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Report {
    /// The call: the `{callId}` that the target was told.
    call_id: Uuid,
    /// What became of it.
    status: ReportStatus,
    /// What the target pays for it.
    #[serde(default)]
    amount: Option<Money>,
    /// Why, in the target's own words.
    #[serde(default)]
    #[schema(max_length = 200)]
    reason: Option<String>,
}

impl Document for Report {
    fn check(&self) -> Vec<Problem> {
        let negative = self.amount.is_some_and(|amount| amount.is_negative());
        let problem =
            || Problem::error("negative_money", "/amount/amount", "0 or more is expected");
        negative.then(problem).into_iter().collect()
    }
}

/// The paths of targets.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(report))
}

/// A target reports the result of a call that it won, and proves itself as we do to it: with the
/// same header, or with a signature over this body.
#[utoipa::path(post, path = "/api/rtb/webhook/{targetId}", tag = "webhooks", params(("targetId" = Uuid, Path)),
    request_body = Report, responses((status = 202), (status = 403, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn report(
    State(app): State<App>,
    Id(id): Id<Uuid>,
    request: Request,
) -> Result<StatusCode, Failure> {
    let (parts, body) = request.into_parts();
    let bytes = body::read(&parts.headers, body, REPORT_BYTES).await?;
    let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let proven = proven(&app, id, &parts, &bytes, &value).await?;
    let Some(tenant) = proven else {
        tracing::warn!(target: "security", %id, "a target's report was refused");
        return Err(Failure::Forbidden("The target's secret is missing or wrong."));
    };
    let Report { call_id, status, amount, reason } = document(value)?;
    let journey = app.stores.calls.read(tenant, CallId::from_uuid(call_id)).await?;
    let target = Some(TargetId::from_uuid(id));
    let had_it = journey.is_some_and(|journey| {
        journey.call.attempts.iter().any(|attempt| attempt.target.target() == target)
    });
    if !had_it {
        return Err(Failure::NotFound);
    }
    let amount = amount.map(|amount| amount.to_string());
    tracing::info!(%tenant, target = %id, call = %call_id, ?status, ?amount, ?reason,
        "a target reported the result of a call");
    Ok(StatusCode::ACCEPTED)
}

/// Whose target says this, if it is the target. The call says which tenant may be meant.
async fn proven(
    app: &App,
    id: Uuid,
    parts: &Parts,
    body: &[u8],
    value: &Value,
) -> Result<Option<TenantId>, Failure> {
    let call = value.get("callId").and_then(Value::as_str).and_then(|text| text.parse().ok());
    let Some(call) = call.map(CallId::from_uuid) else { return Ok(None) };
    let Some(tenant) = app.stores.system.call(call).await? else { return Ok(None) };
    let Some(stored) = app.stores.registry.read(tenant, Kind::Target, id).await? else {
        return Ok(None);
    };
    let mut stored: Stored<Target> = stored.of()?;
    if let Err(error) = open_target(app.sealer.as_deref(), id, &mut stored.value) {
        tracing::error!(%error, %tenant, target = %id, "a target's report cannot be checked");
        return Ok(None);
    }
    let auth = stored.value.auth.unwrap_or_default();
    Ok(is_proven(&auth, &parts.headers, body, app.clock.now()).then_some(tenant))
}
