//! What the carrier is told at one node of a draft.

use axum::Json;
use axum::extract::State;
use callcore::call::{Confer, Dial, Directive};
use callcore::flow::{Context, Need, Run, Step, compile_node};
use callcore::model::{Campaign, FlowDefinition, RoutingType, Stored};
use callcore::vocabulary::{CallId, CampaignId, Destination, FlowId, Tags, TenantId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::draft::Draft;
use super::problems::passing;
use super::sample;
use crate::api::resource;
use crate::auth::Principal;
use crate::http::problem::ProblemDocument;
use crate::http::{Document, Failure, Id, JsonBody};
use crate::state::App;

/// Which node is previewed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PreviewRequest {
    /// The node's id.
    #[schema(max_length = 100)]
    node_id: String,
}

impl Document for PreviewRequest {}

/// A preview.
#[derive(Debug, Serialize, ToSchema)]
struct NodePreview {
    /// What the carrier is told, for a sample call.
    twiml: String,
    /// What the document cannot show, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

/// The resource's paths.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(preview))
}

/// Shows what the carrier is told at one node of the draft, for a sample call. Nothing is dialled,
/// sent or stored.
#[utoipa::path(post, path = "/api/flows/{id}/preview", tag = "flows", params(("id" = Uuid, Path)), request_body = PreviewRequest, responses(
    (status = 200, body = NodePreview), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn preview(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    JsonBody(request): JsonBody<PreviewRequest>,
) -> Result<Json<NodePreview>, Failure> {
    let tenant = principal.tenant;
    let draft: Stored<Draft> = resource::read(&app, tenant, id).await?;
    let flow = FlowId::from_uuid(id);
    let now = app.clock.now();
    let (directives, note) = told(&draft.value.0, flow, tenant, &request.node_id, now)?;
    let call = CallId::from_uuid(Uuid::nil());
    let response = app.renderer.response(call, Some(tenant), &directives);
    let twiml = response.to_xml().map_err(|error| {
        Failure::invalid(
            "/nodeId",
            "not_writable",
            format!("the carrier takes no such node: {error}"),
        )
    })?;
    Ok(Json(NodePreview { twiml, note }))
}

/// What the carrier is told at a node, and what that does not show.
fn told(
    flow: &FlowDefinition,
    id: FlowId,
    tenant: TenantId,
    node: &str,
    now: DateTime<Utc>,
) -> Result<(Vec<Directive>, Option<&'static str>), Failure> {
    let program = match compile_node(flow, node) {
        Ok(program) => program,
        Err(problems) => {
            passing(problems)?;
            return Err(unknown_node(node));
        }
    };
    let caller = sample::caller();
    let tags = Tags::default();
    let context = Context {
        tenant,
        call: CallId::from_uuid(Uuid::nil()),
        campaign: CampaignId::from_uuid(Uuid::nil()),
        flow: id,
        version: 0,
        caller: &caller,
        called: sample::CALLED,
        tags: &tags,
        now,
    };
    let mut run = Run::open(&program, context);
    let step = run.preview(node).ok_or_else(|| unknown_node(node))?;
    let mut note = None;
    if let Step::Need(need) = step {
        note = connect(&mut run, need);
    }
    Ok((run.finish().directives, note))
}

/// Shows what a node needs others for, as far as it is known without a call.
fn connect(run: &mut Run<'_>, need: Need) -> Option<&'static str> {
    // The campaign's own settings are not known here, so those of a new one stand in.
    let campaign = Campaign::new("Preview", RoutingType::Direct);
    match need {
        Need::Dial { destination } => {
            run.direct(dial(&campaign, destination));
            None
        }
        Need::Confer { .. } => {
            let step = run.wait_in_conference();
            run.direct(Directive::Confer(Confer {
                step,
                attempt: 1,
                time_limit_secs: campaign.max_call_length_secs,
                recording: campaign.recording,
            }));
            Some("Meanwhile another number is rung, and joins the caller.")
        }
        Need::Route => Some("Whom it dials is decided on each call."),
        Need::Script { .. } | Need::Ordinal { .. } => {
            Some("The caller hears nothing here: the call goes on at once.")
        }
    }
}

fn dial(campaign: &Campaign, destination: Destination) -> Directive {
    Directive::Dial(Dial {
        attempt: 1,
        destination,
        caller_id: None,
        ring_timeout_secs: campaign.dial_timeout_secs,
        time_limit_secs: campaign.max_call_length_secs,
        recording: campaign.recording,
    })
}

fn unknown_node(node: &str) -> Failure {
    Failure::invalid("/nodeId", "unknown_node", format!("the draft has no node {node:?}"))
}
