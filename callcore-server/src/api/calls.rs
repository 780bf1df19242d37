//! `/api/calls`: what became of each call.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use callcore::call::{Call, CallStatus, FinalReason, TranscriptionStatus};
use callcore::model::Place;
use callcore::port::CallFilter;
use callcore::vocabulary::{BuyerId, CallId, CampaignId, Money, Tags, TargetId};
use chrono::{DateTime, SubsecRound, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::journey::{CallWithJourney, Journey};
use crate::auth::Principal;
use crate::http::page::PagingParameters;
use crate::http::problem::ProblemDocument;
use crate::http::{Failure, Fault, Id, Listing, Paging};
use crate::state::App;

/// A call in short.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallSummary {
    /// Our id.
    pub id: Uuid,
    /// The carrier's id.
    pub carrier_call_id: String,
    /// The campaign that routed it.
    pub campaign_id: Uuid,
    /// The buyer who has it, or who is being rung.
    pub buyer_id: Option<Uuid>,
    /// The bidder who won it.
    pub target_id: Option<Uuid>,
    /// Who called, as the carrier writes it.
    pub caller: String,
    /// Where the caller is, as the carrier says.
    pub caller_place: Place,
    /// What was dialled.
    pub called: String,
    /// Where it stands, in the carrier's words.
    pub status: CallStatus,
    /// Why it ended the way it did; null until it is over.
    pub final_reason: Option<FinalReason>,
    /// When it came in.
    pub started_at: DateTime<Utc>,
    /// When a buyer answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// When it was over.
    pub ended_at: Option<DateTime<Utc>>,
    /// How long it lasted; null until it is over.
    pub duration_seconds: Option<u32>,
    /// Whether it converted.
    pub converted: bool,
    /// What it earned.
    pub revenue: Option<Money>,
    /// The carrier's id of its newest recording.
    pub recording_id: Option<String>,
    /// What was said in that recording; null where it was not transcribed, or not yet.
    pub transcription: Option<TranscriptionOfCall>,
    /// Key-value facts on it.
    pub tags: Tags,
    /// Whether it is a test of a flow (`POST /api/flows/{id}/test-call`): it never converts, earns
    /// nothing, and is counted nowhere.
    pub test: bool,
}

/// What was said in a call's recording.
#[derive(Debug, Serialize, ToSchema)]
pub struct TranscriptionOfCall {
    /// The words; empty where they could not be understood.
    pub text: String,
    /// What came of it.
    pub status: TranscriptionStatus,
}

impl From<&Call> for CallSummary {
    fn from(call: &Call) -> Self {
        Self {
            id: call.id.uuid(),
            carrier_call_id: call.carrier_call.call_id.clone(),
            campaign_id: call.campaign.uuid(),
            buyer_id: call.buyer().map(BuyerId::uuid),
            target_id: call.target().map(TargetId::uuid),
            caller: call.caller.address.clone(),
            caller_place: call.caller.place.clone(),
            called: call.called.clone(),
            status: call.status,
            final_reason: call.final_reason(),
            started_at: call.started_at,
            answered_at: call.answered_at(),
            ended_at: call.ended_at,
            duration_seconds: call.duration(),
            converted: call.converted,
            revenue: call.revenue,
            recording_id: call.recording.as_ref().map(|recording| recording.recording_id.clone()),
            transcription: call
                .transcription
                .as_ref()
                .map(|told| TranscriptionOfCall { text: told.text.clone(), status: told.status }),
            tags: call.tags.clone(),
            test: call.is_test(),
        }
    }
}

/// The query parameters of the list, for the OpenAPI document; `tag.NAME` filters by a tag.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "read by name in `filter`, which reports every problem at once")]
struct CallParameters {
    /// Calls of this campaign.
    campaign_id: Option<Uuid>,
    /// Calls that this buyer has.
    buyer_id: Option<Uuid>,
    /// Calls that stand here.
    status: Option<CallStatus>,
    /// Calls that came in at this time or later.
    from: Option<DateTime<Utc>>,
    /// Calls that came in before this time.
    to: Option<DateTime<Utc>>,
    /// Calls of this caller.
    caller: Option<String>,
}

/// The resource's paths.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read))
}

/// Lists calls, newest first.
#[utoipa::path(get, path = "/api/calls", tag = "calls", params(PagingParameters, CallParameters), responses(
    (status = 200, body = Listing<CallSummary>), (status = 401, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    principal: Principal,
    paging: Paging,
) -> Result<Json<Listing<CallSummary>>, Failure> {
    let filter = filter(&paging.query)?;
    let page = app.stores.calls.list(principal.tenant, &filter, paging.page).await?;
    Ok(Json(page.map(|call| CallSummary::from(&call)).into()))
}

/// Reads a call with its journey.
#[utoipa::path(get, path = "/api/calls/{id}", tag = "calls", params(("id" = Uuid, Path)), responses(
    (status = 200, body = CallWithJourney), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument)))]
async fn read(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
) -> Result<Json<CallWithJourney>, Failure> {
    let (tenant, id) = (principal.tenant, CallId::from_uuid(id));
    let read = app.stores.calls.read(tenant, id).await?.ok_or(Failure::NotFound)?;
    let auction = app.stores.auctions.of_call(tenant, id).await?.pop();
    let call = CallSummary::from(&read.call);
    Ok(Json(CallWithJourney { call, journey: Journey::new(read, auction) }))
}

/// Reads the filters of a list of calls.
///
/// # Errors
/// [`Failure::Invalid`] with everything that is wrong.
pub(super) fn filter(query: &HashMap<String, String>) -> Result<CallFilter, Failure> {
    let mut faults = Vec::new();
    let mut id = |name: &str| {
        let text = query.get(name)?;
        let id = text.parse::<Uuid>().ok();
        if id.is_none() {
            faults.push(Fault::new(format!("/{name}"), "bad_format", "a UUID is expected"));
        }
        id
    };
    let mut filter = CallFilter {
        campaign: id("campaignId").map(CampaignId::from_uuid),
        buyer: id("buyerId").map(BuyerId::from_uuid),
        caller: query.get("caller").cloned(),
        ..CallFilter::default()
    };
    let mut instant = |name: &str| {
        let text = query.get(name)?;
        let at = text.parse::<DateTime<Utc>>().ok();
        if at.is_none() {
            let message = "a time is expected as RFC 3339, such as 2026-11-22T14:00:00Z";
            faults.push(Fault::new(format!("/{name}"), "bad_format", message));
        }
        at.map(|at| at.trunc_subsecs(6))
    };
    filter.from = instant("from");
    filter.to = instant("to");
    if let Some(status) = query.get("status") {
        filter.status = CallStatus::from_name(status);
        if filter.status.is_none() {
            let words: Vec<&str> = CallStatus::ALL.iter().map(|status| status.name()).collect();
            let message = format!("one of {} is expected", words.join(", "));
            faults.push(Fault::new("/status", "unknown_word", message));
        }
    }
    filter.tags = query
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("tag.")?.to_owned(), value.clone())))
        .collect();
    if faults.is_empty() { Ok(filter) } else { Err(Failure::Invalid(faults)) }
}
