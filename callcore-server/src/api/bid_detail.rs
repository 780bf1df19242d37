//! `/api/rtb/bid-requests/{id}` and `/api/rtb/bid-responses/{id}`: one auction with everything that it
//! followed from, one target with what was said to it and what it answered.

use axum::Json;
use axum::extract::State;
use callcore::auction::{AnswerRecord, AuctionLog, Exchange, Purpose, RequestRecord};
use callcore::model::HttpMethod;
use callcore::port::{AuctionRecord, BidResponseDetail};
use callcore::vocabulary::AuctionId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::bids::{BidRequest, BidResponse};
use crate::auth::Principal;
use crate::http::problem::ProblemDocument;
use crate::http::{Failure, Id};
use crate::state::App;

/// One auction with everybody who was considered.
#[derive(Debug, Serialize, ToSchema)]
struct BidRequestInFull {
    /// The auction in short.
    #[serde(flatten)]
    request: BidRequest,
    /// What became of each target that was considered.
    responses: Vec<BidResponse>,
    /// Everything that the result follows from, and from nothing else.
    #[schema(value_type = Object)]
    log: AuctionLog,
}

/// What was sent to a target, without secrets.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SentRequest {
    /// The method.
    method: HttpMethod,
    /// The URL.
    url: String,
    /// The headers in order, each a name and a value.
    headers: Vec<(String, String)>,
    /// The body, or its beginning.
    body: String,
    /// How long the body was.
    body_bytes: u64,
    /// Whether something was cut off: the body, or the values of headers.
    truncated: bool,
}

/// What a target answered, without secrets.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct GivenAnswer {
    /// The HTTP status.
    status: u16,
    /// The body as text, or its beginning.
    body: String,
    /// How long the body was.
    body_bytes: u64,
    /// Whether `body` is only the beginning.
    truncated: bool,
}

/// What was said between us and a target.
#[derive(Debug, Serialize, ToSchema)]
struct SaidWords {
    /// What was sent.
    request: SentRequest,
    /// What came back; null where nothing whole came while the auction was open.
    response: Option<GivenAnswer>,
}

/// What became of one target, with what was said.
#[derive(Debug, Serialize, ToSchema)]
struct BidResponseInFull {
    /// What became of it.
    #[serde(flatten)]
    row: BidResponse,
    /// The request for a bid; null where it was not asked.
    request: Option<SentRequest>,
    /// The answer to that; null where none came while the auction was open.
    response: Option<GivenAnswer>,
    /// The request to confirm the bid and the answer to that; null where it was not asked to confirm.
    confirm: Option<SaidWords>,
}

impl From<RequestRecord> for SentRequest {
    fn from(record: RequestRecord) -> Self {
        let RequestRecord { method, url, headers, body, body_bytes, truncated } = record;
        Self { method, url, headers, body, body_bytes, truncated }
    }
}

impl From<AnswerRecord> for GivenAnswer {
    fn from(record: AnswerRecord) -> Self {
        let AnswerRecord { status, body, body_bytes, truncated } = record;
        Self { status, body, body_bytes, truncated }
    }
}

impl From<Exchange> for SaidWords {
    fn from(exchange: Exchange) -> Self {
        Self { request: exchange.request.into(), response: exchange.answer.map(GivenAnswer::from) }
    }
}

impl From<AuctionRecord> for BidRequestInFull {
    fn from(record: AuctionRecord) -> Self {
        Self {
            request: record.request.into(),
            responses: record.responses.into_iter().map(BidResponse::from).collect(),
            log: record.log,
        }
    }
}

impl From<BidResponseDetail> for BidResponseInFull {
    fn from(detail: BidResponseDetail) -> Self {
        let (mut bid, mut confirm) = (None, None);
        for exchange in detail.exchanges {
            let said = match exchange.purpose {
                Purpose::Bid => &mut bid,
                Purpose::Confirm => &mut confirm,
            };
            *said = Some(SaidWords::from(exchange));
        }
        let (request, response) = match bid {
            Some(SaidWords { request, response }) => (Some(request), response),
            None => (None, None),
        };
        Self { row: detail.response.into(), request, response, confirm }
    }
}

/// The resource's paths.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(request)).routes(routes!(response))
}

/// Reads an auction with everybody who was considered.
#[utoipa::path(get, path = "/api/rtb/bid-requests/{id}", tag = "rtb", params(("id" = Uuid, Path)), responses(
    (status = 200, body = BidRequestInFull), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument)))]
async fn request(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
) -> Result<Json<BidRequestInFull>, Failure> {
    let found = app.stores.auctions.auction(principal.tenant, AuctionId::from_uuid(id)).await?;
    found.map(|record| Json(record.into())).ok_or(Failure::NotFound)
}

/// Reads what became of a target in an auction, with what was sent and what came back.
#[utoipa::path(get, path = "/api/rtb/bid-responses/{id}", tag = "rtb", params(("id" = Uuid, Path)), responses(
    (status = 200, body = BidResponseInFull), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument)))]
async fn response(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
) -> Result<Json<BidResponseInFull>, Failure> {
    let found = app.stores.auctions.response(principal.tenant, id).await?;
    found.map(|detail| Json(detail.into())).ok_or(Failure::NotFound)
}
