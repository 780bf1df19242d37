//! `POST /api/rtb/targets/{id}/dry-run`: what a target is asked and what it answers, without a call.

use axum::Json;
use axum::extract::State;
use callcore::auction::{
    AnswerRecord, Auction, Bid, BidReply, BidRequest, CallFacts, Entry, Rates, Reply,
    RequestRecord, Terms, Unanswered, Variables, Verdict, request,
};
use callcore::call::Caller;
use callcore::model::{Place, TargetAssignment};
use callcore::plan::{Bidder, bidder};
use callcore::port::HttpResponse;
use callcore::switchboard::ask;
use callcore::vocabulary::{
    CallId, CampaignId, Money, Problem, Seed, Tags, TargetId, TenantId, limits,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::targets;
use crate::auth::Principal;
use crate::http::problem::ProblemDocument;
use crate::http::{Document, Failure, Fault, Id, OptionalBody};
use crate::state::App;

/// The call that a target is asked about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct SampleCall {
    /// Who calls.
    #[schema(max_length = 256)]
    caller: String,
    /// What was dialled.
    #[schema(max_length = 256)]
    called: String,
    /// The campaign that it is a call of; any id will do.
    campaign_id: Option<Uuid>,
    /// The caller's city.
    #[schema(max_length = 200)]
    caller_city: Option<String>,
    /// The caller's state.
    #[schema(max_length = 200)]
    caller_state: Option<String>,
    /// The caller's postal code.
    #[schema(max_length = 200)]
    caller_zip: Option<String>,
    /// The caller's country, ISO 3166-1 alpha-2.
    #[schema(max_length = 200)]
    caller_country: Option<String>,
    /// Key-value facts on it.
    tags: Tags,
}

impl Default for SampleCall {
    fn default() -> Self {
        Self {
            caller: "+12125550123".to_owned(),
            called: "+18005550199".to_owned(),
            campaign_id: None,
            caller_city: Some("NEW YORK".to_owned()),
            caller_state: Some("NY".to_owned()),
            caller_zip: Some("10001".to_owned()),
            caller_country: Some("US".to_owned()),
            tags: Tags::default(),
        }
    }
}

impl Document for SampleCall {}

/// What came back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DryResponse {
    /// The HTTP status.
    status: u16,
    /// The body, shortened.
    body: String,
    /// How long it took.
    time_ms: u32,
}

/// What a target was asked, and what would have become of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DryRun {
    /// What was sent, without secrets; null where a value did not fit its place.
    #[schema(value_type = Option<Object>)]
    request: Option<RequestRecord>,
    /// What came back; null where nothing did.
    response: Option<DryResponse>,
    /// What would have become of it in an auction where nobody else bids.
    verdict: Verdict,
    /// What it bid; null where it made no bid that can be read.
    bid: Option<Money>,
    /// The parts of the bid as they were read.
    #[schema(value_type = Option<Object>)]
    parsed: Option<Bid>,
    /// The reason in its own words, or ours.
    detail: String,
}

/// The resource's paths.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(dry_run))
}

/// Asks a target about a sample call. There is no call, and nothing is stored.
#[utoipa::path(post, path = "/api/rtb/targets/{id}/dry-run", tag = "rtb", params(("id" = Uuid, Path)),
    request_body = Option<SampleCall>, responses(
    (status = 200, body = DryRun), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn dry_run(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    OptionalBody(sample): OptionalBody<SampleCall>,
) -> Result<Json<DryRun>, Failure> {
    let stored = targets::opened(&app, principal.tenant, id).await?;
    let target = TargetId::from_uuid(id);
    let bidder = bidder(target, &stored.value, &TargetAssignment::default()).map_err(invalid)?;
    let opened_at = app.clock.now();
    let facts = sample.facts(opened_at);
    let asked = asked(&bidder, &facts, opened_at);
    let exchange = match &asked {
        Ok(request) => exchange(&app, principal.tenant, &bidder, request).await,
        Err(unanswered) => Exchange { reply: unanswered.clone().into(), response: None },
    };
    let parsed = match &exchange.reply {
        Reply::Answered(BidReply::Bid(bid)) => Some(bid.clone()),
        Reply::Answered(_) | Reply::Unanswered(_) => None,
    };
    let entry = judged(&bidder, &facts, exchange.reply, opened_at, app.clock.now());
    let (verdict, bid, detail) = entry.map_or_else(
        || (Verdict::NoBid, None, String::new()),
        |entry| (entry.verdict, entry.bid, entry.detail().unwrap_or_default()),
    );
    let request = asked.as_ref().ok().map(BidRequest::shown);
    Ok(Json(DryRun { request, response: exchange.response, verdict, bid, parsed, detail }))
}

fn invalid(problems: Vec<Problem>) -> Failure {
    let blocking = problems.into_iter().filter(Problem::blocks);
    Failure::Invalid(blocking.map(Fault::from).collect())
}

impl SampleCall {
    fn facts(self, now: DateTime<Utc>) -> CallFacts {
        let place = Place {
            country: self.caller_country,
            state: self.caller_state,
            city: self.caller_city,
            zip: self.caller_zip,
        };
        let number = self.caller.parse().ok();
        CallFacts {
            call: CallId::from_uuid(Uuid::new_v4()),
            campaign: CampaignId::from_uuid(self.campaign_id.unwrap_or_else(Uuid::new_v4)),
            caller: Caller { address: self.caller, number, name: None, place },
            called: self.called,
            started_at: now,
            tags: self.tags,
        }
    }
}

fn asked(bidder: &Bidder, facts: &CallFacts, now: DateTime<Utc>) -> Result<BidRequest, Unanswered> {
    let request_id = Uuid::new_v4().to_string();
    let variables = Variables {
        call: facts,
        request_id: &request_id,
        min_bid: bidder.compiled.min_bid(),
        max_bid: bidder.compiled.max_bid(),
        timeout_ms: bidder.compiled.timeout_ms(),
        now,
    };
    request(&bidder.compiled, &variables)
        .map_err(|error| Unanswered::NotSent { verdict: error.verdict(), error: error.to_string() })
}

struct Exchange {
    reply: Reply,
    response: Option<DryResponse>,
}

async fn exchange(app: &App, tenant: TenantId, bidder: &Bidder, request: &BidRequest) -> Exchange {
    let http = app.egress.tenant(tenant);
    let began = app.clock.monotonic();
    let asked = ask(&bidder.compiled, request, http.as_ref(), || app.clock.now()).await;
    let took = app.clock.monotonic().saturating_sub(began);
    // A bidder may repeat what it was sent, and all that follows is shown.
    let secrets = request.secrets();
    let response = asked.response.map(|HttpResponse { status, body, .. }| DryResponse {
        status,
        body: AnswerRecord::of(status, &body, &secrets).body,
        time_ms: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
    });
    Exchange { reply: asked.reply.redacted(&secrets), response }
}

/// What becomes of the reply in an auction that has only this target.
fn judged(
    bidder: &Bidder,
    facts: &CallFacts,
    reply: Reply,
    opened_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<Entry> {
    let rates = Rates::into(bidder.compiled.currency());
    let terms = Terms {
        timeout_ms: *limits::BID_TIMEOUT_MS.end(),
        ..Terms::new(facts.call, facts.campaign, rates)
    };
    let invitations = vec![bidder.invitation()];
    let seed = Seed::derive(TenantId::from_uuid(Uuid::nil()), facts.call, "dry-run", "auction");
    let mut auction = Auction::open(terms, invitations, seed, opened_at);
    let _ = auction.record(bidder.target, reply, now);
    auction.settle(now).entries.into_iter().next()
}
