//! What auctions left behind. A save writes it, in the statement that saves the call.

use async_trait::async_trait;
use callcore::port::{
    AuctionFilter, AuctionRecord, Auctions, BidRequestRecord, BidResponseDetail, BidResponseRecord,
    StoreError,
};
use callcore::vocabulary::{AuctionId, CallId, Cursor, Page, PageRequest, PhoneNumber, TenantId};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use sqlx::postgres::PgArguments;
use sqlx::query::QueryScalar;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::error::failed;
use crate::exchanges::{self, with_exchanges};
use crate::object::surplus;
use crate::open::PgStore;
use crate::row::{json, parse, rounded};
use crate::transaction::snapshot;

#[async_trait]
impl Auctions for PgStore {
    async fn requests(
        &self,
        tenant: TenantId,
        filter: &AuctionFilter,
        page: PageRequest,
    ) -> Result<Page<BidRequestRecord>, StoreError> {
        let rows = self.listed(tenant, requests(tenant, filter), page).await?;
        Ok(Page::from_surplus(rows, page.limit, |row: &BidRequestRecord| Cursor {
            created_at: row.opened_at,
            id: row.id.uuid(),
        }))
    }

    async fn responses(
        &self,
        tenant: TenantId,
        filter: &AuctionFilter,
        page: PageRequest,
    ) -> Result<Page<BidResponseRecord>, StoreError> {
        let rows = self.listed(tenant, responses(tenant, filter), page).await?;
        Ok(Page::from_surplus(rows, page.limit, |row: &BidResponseRecord| Cursor {
            created_at: row.opened_at,
            id: row.id,
        }))
    }

    async fn auction(
        &self,
        tenant: TenantId,
        auction: AuctionId,
    ) -> Result<Option<AuctionRecord>, StoreError> {
        let found = snapshot(self.api_pool()?, tenant, move |db| {
            Box::pin(records(db, tenant, AND_ID, auction.uuid()))
        });
        Ok(found.await?.pop())
    }

    async fn response(
        &self,
        tenant: TenantId,
        id: Uuid,
    ) -> Result<Option<BidResponseDetail>, StoreError> {
        let pool = self.api_pool()?;
        snapshot(pool, tenant, move |db| Box::pin(exchanges::response(db, tenant, id))).await
    }

    async fn of_call(
        &self,
        tenant: TenantId,
        call: CallId,
    ) -> Result<Vec<AuctionRecord>, StoreError> {
        snapshot(self.api_pool()?, tenant, move |db| {
            Box::pin(records(db, tenant, AND_CALL, call.uuid()))
        })
        .await
    }
}

impl PgStore {
    /// Up to one row more than a page has.
    async fn listed<T: DeserializeOwned + Send + 'static>(
        &self,
        tenant: TenantId,
        mut query: QueryBuilder<Postgres>,
        page: PageRequest,
    ) -> Result<Vec<T>, StoreError> {
        if let Some(after) = page.after {
            query.push(" AND (opened_at, id) < (").push_bind(after.created_at);
            query.push(", ").push_bind(after.id).push(")");
        }
        query.push(" ORDER BY opened_at DESC, id DESC LIMIT ").push_bind(surplus(page));
        let documents: Vec<String> = snapshot(self.api_pool()?, tenant, move |db| {
            Box::pin(async move { query.build_query_scalar().fetch_all(db).await.map_err(failed) })
        })
        .await?;
        documents.iter().map(|document| parse("auction", document)).collect()
    }
}

/// The statement up to its order. It names only the filters that are set, so that Postgres sees which
/// index serves them.
fn requests(tenant: TenantId, filter: &AuctionFilter) -> QueryBuilder<Postgres> {
    let AuctionFilter { call, campaign, target, verdict } = filter;
    let mut query =
        QueryBuilder::new("SELECT document::text FROM rtb_bid_requests AS q WHERE tenant_id = ");
    query.push_bind(tenant.uuid());
    if let Some(call) = call {
        query.push(" AND call_id = ").push_bind(call.uuid());
    }
    if let Some(campaign) = campaign {
        query.push(" AND campaign_id = ").push_bind(campaign.uuid());
    }
    if target.is_none() && verdict.is_none() {
        return query;
    }
    query.push(" AND EXISTS (SELECT 1 FROM rtb_bid_responses AS r WHERE r.tenant_id = ");
    query.push_bind(tenant.uuid()).push(" AND r.auction_id = q.id");
    if let Some(target) = target {
        query.push(" AND r.target_id = ").push_bind(target.uuid());
    }
    if let Some(verdict) = verdict {
        query.push(" AND r.verdict = ").push_bind(verdict.name());
    }
    query.push(")");
    query
}

fn responses(tenant: TenantId, filter: &AuctionFilter) -> QueryBuilder<Postgres> {
    let AuctionFilter { call, campaign, target, verdict } = filter;
    let mut query =
        QueryBuilder::new("SELECT document::text FROM rtb_bid_responses WHERE tenant_id = ");
    query.push_bind(tenant.uuid());
    if let Some(call) = call {
        query.push(" AND call_id = ").push_bind(call.uuid());
    }
    if let Some(campaign) = campaign {
        query.push(" AND campaign_id = ").push_bind(campaign.uuid());
    }
    if let Some(target) = target {
        query.push(" AND target_id = ").push_bind(target.uuid());
    }
    if let Some(verdict) = verdict {
        query.push(" AND verdict = ").push_bind(verdict.name());
    }
    query
}

/// Caller, request, log, responses and exchanges of an auction.
type Row = (Option<String>, String, String, Vec<String>, Vec<String>);

/// Ends of the statement that reads whole auctions.
const AND_ID: &str = "q.id = $2";
const AND_CALL: &str = "q.call_id = $2 ORDER BY q.opened_at, q.id";

async fn records(
    db: &mut PgConnection,
    tenant: TenantId,
    and: &'static str,
    id: Uuid,
) -> Result<Vec<AuctionRecord>, StoreError> {
    let statement = format!(
        "SELECT q.caller, q.document::text, d.document::text, (\
         SELECT coalesce(array_agg(document::text ORDER BY position), '{{}}') FROM rtb_bid_responses \
         WHERE tenant_id = $1 AND auction_id = q.id), (\
         SELECT coalesce(array_agg(document::text ORDER BY target_id, purpose), '{{}}') \
         FROM rtb_bid_exchanges WHERE tenant_id = $1 AND auction_id = q.id) \
         FROM rtb_bid_requests AS q \
         JOIN rtb_auction_details AS d ON d.tenant_id = q.tenant_id AND d.auction_id = q.id \
         WHERE q.tenant_id = $1 AND {and}"
    );
    let query = sqlx::query_as(AssertSqlSafe(statement)).bind(tenant.uuid()).bind(id);
    let rows: Vec<Row> = query.fetch_all(db).await.map_err(failed)?;
    let record = |(caller, request, log, responses, exchanges): Row| {
        let responses = responses.iter().map(|row| parse("bid response", row));
        Ok(AuctionRecord {
            request: parse("bid request", &request)?,
            caller: caller.map(|caller| number(&caller)).transpose()?,
            responses: responses.collect::<Result<_, _>>()?,
            log: parse("auction", &log)?,
            exchanges: exchanges::parsed(&exchanges)?,
        })
    };
    rows.into_iter().map(record).collect()
}

fn number(column: &str) -> Result<PhoneNumber, StoreError> {
    column.parse().map_err(|error| StoreError::corrupt("caller", error))
}

/// The columns of an auction's responses, as `callcore_save_with_auction` takes them.
#[derive(Debug, Default)]
struct Columns {
    ids: Vec<Uuid>,
    targets: Vec<Uuid>,
    verdicts: Vec<&'static str>,
    offered_to: Vec<Option<String>>,
    offered_until: Vec<Option<DateTime<Utc>>>,
    documents: Vec<String>,
}

impl Columns {
    fn add(
        &mut self,
        caller: Option<&PhoneNumber>,
        response: &BidResponseRecord,
    ) -> Result<(), StoreError> {
        let mut response = response.clone();
        response.opened_at = rounded(response.opened_at)?;
        if let Some(expires_at) = response.offer.as_mut().and_then(|bid| bid.expires_at.as_mut()) {
            *expires_at = rounded(*expires_at)?;
        }
        let offer = response.offer.as_ref();
        // Postgres knows no instant of long ago that the core may know, and nothing that ran out
        // then is ever asked for.
        let until = offer.and_then(|bid| bid.expires_at).map(|at| at.max(DateTime::UNIX_EPOCH));
        self.ids.push(response.id);
        self.targets.push(response.target.uuid());
        self.verdicts.push(response.verdict.name());
        self.offered_to.push(caller.filter(|_| offer.is_some()).map(PhoneNumber::to_string));
        self.offered_until.push(until);
        self.documents.push(json("bid response", &response)?);
        Ok(())
    }
}

/// What a save with an auction takes beside everything else.
pub(crate) fn with_auction<T>(
    query: QueryScalar<'static, Postgres, T, PgArguments>,
    auction: &AuctionRecord,
) -> Result<QueryScalar<'static, Postgres, T, PgArguments>, StoreError> {
    let AuctionRecord { request, caller, responses, log, exchanges } = auction;
    let opened_at = rounded(request.opened_at)?;
    let request = BidRequestRecord { opened_at, ..request.clone() };
    let mut columns = Columns::default();
    for response in responses {
        columns.add(caller.as_ref(), response)?;
    }
    let query = query
        .bind(request.id.uuid())
        .bind(request.call.uuid())
        .bind(request.campaign.uuid())
        .bind(opened_at)
        .bind(caller.as_ref().map(PhoneNumber::to_string))
        .bind(json("bid request", &request)?)
        .bind(json("auction", log)?)
        .bind(columns.ids)
        .bind(columns.targets)
        .bind(columns.verdicts)
        .bind(columns.offered_to)
        .bind(columns.offered_until)
        .bind(columns.documents);
    with_exchanges(query, exchanges)
}
