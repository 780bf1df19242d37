//! What a target says became of a call that it won.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use callcore::call::{Call, ReportStatus, TargetReport};
use callcore::model::{Kind, Stored, Target};
use callcore::port::StoreError;
use callcore::switchboard::{HandleError, Reply, ReportOutcome};
use callcore::vocabulary::{CallId, Money, Problem, TargetId, TenantId, limits};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::report_proof::is_proven;
use crate::auth::Peer;
use crate::directory::open_target;
use crate::http::body::{self, document};
use crate::http::problem::ProblemDocument;
use crate::http::{Document, Failure, Id};
use crate::metrics;
use crate::state::App;

/// Largest body of a report.
const REPORT_BYTES: usize = 64 * 1024;

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
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
    status: Status,
    /// What the target pays for it; what it bid where absent.
    #[serde(default)]
    amount: Option<Money>,
    /// Why, in the target's own words.
    #[serde(default)]
    #[schema(max_length = 200)]
    reason: Option<String>,
    /// The target's own id of this report. Two reports with one id are the same one; without an id
    /// those are that say the same, and the second changes nothing.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    report_id: Option<String>,
}

/// How a call stands after a report.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ReportedCall {
    /// The call.
    call_id: Uuid,
    /// Whether it counts as converted.
    converted: bool,
    /// What it earned; null where it did not convert.
    revenue: Option<Money>,
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
/// same header, or with a signature over this body. Without that proof nothing of the body is read.
#[utoipa::path(post, path = "/api/rtb/webhook/{targetId}", tag = "webhooks", params(("targetId" = Uuid, Path)),
    request_body = Report, responses((status = 202, body = ReportedCall), (status = 400, body = ProblemDocument),
    (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
    (status = 422, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
async fn report(
    State(app): State<App>,
    Id(id): Id<Uuid>,
    peer: Peer,
    request: Request,
) -> Result<(StatusCode, Json<ReportedCall>), Failure> {
    app.guard.refuse_reporter(id, peer, app.clock.monotonic())?;
    let (parts, body) = request.into_parts();
    let bytes = body::read(&parts.headers, body, REPORT_BYTES).await?;
    let target = TargetId::from_uuid(id);
    let Some(tenant) = proven(&app, target, &parts.headers, &bytes).await? else {
        app.guard.report_refused(id, peer, app.clock.monotonic());
        tracing::warn!(target: "security", %id, address = %peer, "a target's report was refused");
        return Err(Failure::Forbidden("The target's secret is missing or wrong."));
    };
    app.guard.report_proven(id, peer);
    let value =
        serde_json::from_slice(&bytes).map_err(|error| Failure::BrokenJson(error.to_string()))?;
    let report: Report = document(value)?;
    let call = CallId::from_uuid(report.call_id);
    let status = report.status;
    let report = report.of(target);
    let outcome = app.switchboard.report(tenant, call, report).await.map_err(failure)?;
    let (known, reply) = kept(outcome)?;
    metrics::milestones(&reply.milestones);
    let (converted, revenue) = (known.converted, known.revenue);
    tracing::info!(%tenant, target = %id, %call, ?status, converted, repeated = reply.repeated,
        "a target reported the result of a call");
    let call_id = call.uuid();
    Ok((StatusCode::ACCEPTED, Json(ReportedCall { call_id, converted, revenue })))
}

/// The call that a report is now part of, or why it is not.
pub(super) fn kept(outcome: ReportOutcome) -> Result<(Box<Call>, Reply), Failure> {
    let (code, message) = match outcome {
        ReportOutcome::Kept { call, reply } => return Ok((call, reply)),
        ReportOutcome::NotDialled => return Err(Failure::NotFound),
        ReportOutcome::NotConnected => {
            ("not_connected", "the target was dialled for the call and never answered".to_owned())
        }
        ReportOutcome::Full => {
            ("journal_full", format!("the call takes no more than {} facts", limits::CALL_FACTS))
        }
        ReportOutcome::TooMany => {
            let most = limits::TARGET_REPORTS;
            ("too_many_reports", format!("a target reports at most {most} times about a call"))
        }
    };
    Err(Failure::conflict("/callId", code, message))
}

impl Report {
    fn of(self, target: TargetId) -> TargetReport {
        let Self { call_id: _, status, amount, reason, report_id } = self;
        let status = match status {
            Status::Converted => ReportStatus::Converted,
            Status::Rejected => ReportStatus::Rejected,
            Status::Sold => ReportStatus::Sold,
        };
        TargetReport { target, status, amount, reason, report_id }
    }
}

/// Whatever went wrong, the target may say it again.
fn failure(error: HandleError) -> Failure {
    match error {
        HandleError::Store(error) | HandleError::Interrupted(error) => error.into(),
        other => StoreError::unavailable(other).into(),
    }
}

/// Whose target says this, if it is the target. Nothing of the body is looked at, let alone looked
/// up, before that is known.
async fn proven(
    app: &App,
    target: TargetId,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Option<TenantId>, Failure> {
    let id = target.uuid();
    for tenant in app.stores.system.target(target).await? {
        let Some(stored) = app.stores.registry.read(tenant, Kind::Target, id).await? else {
            continue;
        };
        let mut stored: Stored<Target> = stored.of()?;
        if let Err(error) = open_target(app.sealer.as_deref(), id, &mut stored.value) {
            tracing::error!(%error, %tenant, target = %id, "a target's report cannot be checked");
            continue;
        }
        let auth = stored.value.auth.unwrap_or_default();
        if is_proven(&auth, headers, body, app.clock.now()) {
            return Ok(Some(tenant));
        }
    }
    Ok(None)
}
