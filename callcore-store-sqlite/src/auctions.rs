//! What auctions leave behind.

use std::collections::BTreeMap;

use async_trait::async_trait;
use callcore::auction::AuctionLog;
use callcore::port::{
    AuctionFilter, AuctionRecord, Auctions, BidRequestRecord, BidResponseDetail, BidResponseRecord,
    EarlierBid, EarlierBids, StoreError,
};
use callcore::vocabulary::{
    AuctionId, CallId, CampaignId, Cursor, Page, PageRequest, PhoneNumber, TargetId, TenantId,
};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use sqlx::{AssertSqlSafe, QueryBuilder, Sqlite, SqliteConnection};
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::failed;
use crate::exchanges;
use crate::object::surplus;
use crate::row::{json, parse, rounded};

#[async_trait]
impl Auctions for SqliteStore {
    async fn requests(
        &self,
        tenant: TenantId,
        filter: &AuctionFilter,
        page: PageRequest,
    ) -> Result<Page<BidRequestRecord>, StoreError> {
        let query = requests(tenant, filter);
        let rows = self.snapshot(move |db| Box::pin(page_of(db, query, page))).await?;
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
        let query = responses(tenant, filter);
        let rows = self.snapshot(move |db| Box::pin(page_of(db, query, page))).await?;
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
        let found = self.snapshot(move |db| Box::pin(records(db, tenant, AND_ID, auction.uuid())));
        Ok(found.await?.pop())
    }

    async fn response(
        &self,
        tenant: TenantId,
        id: Uuid,
    ) -> Result<Option<BidResponseDetail>, StoreError> {
        self.snapshot(move |db| Box::pin(exchanges::response(db, tenant, id))).await
    }

    async fn of_call(
        &self,
        tenant: TenantId,
        call: CallId,
    ) -> Result<Vec<AuctionRecord>, StoreError> {
        self.snapshot(move |db| Box::pin(records(db, tenant, AND_CALL, call.uuid()))).await
    }
}

/// Selects auctions. The statements name only the filters that are set, so that SQLite sees which
/// index serves them.
fn requests(tenant: TenantId, filter: &AuctionFilter) -> QueryBuilder<Sqlite> {
    let AuctionFilter { call, campaign, target, verdict } = filter;
    let mut query =
        QueryBuilder::new("SELECT document FROM rtb_bid_requests AS q WHERE tenant_id = ");
    query.push_bind(tenant.uuid());
    of(&mut query, *call, campaign.map(CampaignId::uuid));
    if target.is_none() && verdict.is_none() {
        return query;
    }
    query.push(
        " AND EXISTS (SELECT 1 FROM rtb_bid_responses AS r \
         WHERE r.tenant_id = q.tenant_id AND r.auction_id = q.id",
    );
    // The plus keeps SQLite from going through all that a target or a verdict ever had for each auction.
    if let Some(target) = target {
        query.push(" AND +r.target_id = ").push_bind(target.uuid());
    }
    if let Some(verdict) = verdict {
        query.push(" AND +r.verdict = ").push_bind(verdict.name());
    }
    query.push(")");
    query
}

/// Selects what became of targets.
fn responses(tenant: TenantId, filter: &AuctionFilter) -> QueryBuilder<Sqlite> {
    let AuctionFilter { call, campaign, target, verdict } = filter;
    let mut query = QueryBuilder::new("SELECT document FROM rtb_bid_responses WHERE tenant_id = ");
    query.push_bind(tenant.uuid());
    of(&mut query, *call, campaign.map(CampaignId::uuid));
    if let Some(target) = target {
        query.push(" AND target_id = ").push_bind(target.uuid());
    }
    if let Some(verdict) = verdict {
        query.push(" AND verdict = ").push_bind(verdict.name());
    }
    query
}

fn of(query: &mut QueryBuilder<Sqlite>, call: Option<CallId>, campaign: Option<Uuid>) {
    if let Some(call) = call {
        query.push(" AND call_id = ").push_bind(call.uuid());
    }
    if let Some(campaign) = campaign {
        query.push(" AND campaign_id = ").push_bind(campaign);
    }
}

/// Up to one row more than a page has, newest first.
async fn page_of<T: DeserializeOwned>(
    db: &mut SqliteConnection,
    mut query: QueryBuilder<Sqlite>,
    page: PageRequest,
) -> Result<Vec<T>, StoreError> {
    if let Some(after) = page.after {
        query.push(" AND (opened_at, id) < (").push_bind(after.created_at.timestamp_micros());
        query.push(", ").push_bind(after.id).push(")");
    }
    query.push(" ORDER BY opened_at DESC, id DESC LIMIT ").push_bind(surplus(page));
    let documents: Vec<String> = query.build_query_scalar().fetch_all(db).await.map_err(failed)?;
    documents.iter().map(|document| parse("auction", document)).collect()
}

/// Ends of the statement that reads whole auctions.
const AND_ID: &str = "q.id = ?2";
const AND_CALL: &str = "q.call_id = ?2 ORDER BY q.opened_at, q.id";

async fn records(
    db: &mut SqliteConnection,
    tenant: TenantId,
    and: &'static str,
    id: Uuid,
) -> Result<Vec<AuctionRecord>, StoreError> {
    let statement = format!(
        "SELECT q.document, q.caller, d.document FROM rtb_bid_requests AS q \
         JOIN rtb_auction_details AS d ON d.tenant_id = q.tenant_id AND d.auction_id = q.id \
         WHERE q.tenant_id = ?1 AND {and}"
    );
    let rows: Vec<(String, Option<String>, String)> = sqlx::query_as(AssertSqlSafe(statement))
        .bind(tenant.uuid())
        .bind(id)
        .fetch_all(&mut *db)
        .await
        .map_err(failed)?;
    let mut auctions = Vec::new();
    for (request, caller, log) in rows {
        let request: BidRequestRecord = parse("auction", &request)?;
        let caller = caller.map(|caller| caller.parse::<PhoneNumber>()).transpose();
        auctions.push(AuctionRecord {
            caller: caller.map_err(|error| StoreError::corrupt("caller", error))?,
            responses: in_auction(db, tenant, request.id).await?,
            log: parse("auction's log", &log)?,
            exchanges: exchanges::read(db, tenant, request.id, None).await?,
            request,
        });
    }
    Ok(auctions)
}

async fn in_auction(
    db: &mut SqliteConnection,
    tenant: TenantId,
    auction: AuctionId,
) -> Result<Vec<BidResponseRecord>, StoreError> {
    let documents: Vec<String> = sqlx::query_scalar(
        "SELECT document FROM rtb_bid_responses WHERE tenant_id = ?1 AND auction_id = ?2 \
         ORDER BY position",
    )
    .bind(tenant.uuid())
    .bind(auction.uuid())
    .fetch_all(db)
    .await
    .map_err(failed)?;
    documents.iter().map(|document| parse("bid response", document)).collect()
}

/// The log of a call's newest auction.
pub(crate) async fn newest_log(
    db: &mut SqliteConnection,
    tenant: TenantId,
    call: CallId,
) -> Result<Option<AuctionLog>, StoreError> {
    let log: Option<String> = sqlx::query_scalar(
        "SELECT d.document FROM rtb_bid_requests AS q \
         JOIN rtb_auction_details AS d ON d.tenant_id = q.tenant_id AND d.auction_id = q.id \
         WHERE q.tenant_id = ?1 AND q.call_id = ?2 ORDER BY q.opened_at DESC, q.id DESC LIMIT 1",
    )
    .bind(tenant.uuid())
    .bind(call.uuid())
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    log.map(|log| parse("auction's log", &log)).transpose()
}

/// The newest bid of each of these targets on a caller in a campaign, if it still holds.
pub(crate) async fn live_bids(
    db: &mut SqliteConnection,
    tenant: TenantId,
    wanted: &EarlierBids,
    now: DateTime<Utc>,
) -> Result<BTreeMap<TargetId, EarlierBid>, StoreError> {
    let EarlierBids { campaign, caller, targets } = wanted;
    if targets.is_empty() {
        return Ok(BTreeMap::new());
    }
    // An older bid that holds for longer is superseded, so the expiry is not asked inside.
    let documents: Vec<String> = sqlx::query_scalar(
        "SELECT r.document FROM json_each(?3) AS wanted CROSS JOIN rtb_bid_responses AS r \
         WHERE r.rowid = (SELECT rowid FROM rtb_bid_responses WHERE tenant_id = ?1 \
         AND offered_to = ?2 AND campaign_id = ?5 AND target_id = unhex(wanted.value) \
         ORDER BY opened_at DESC, auction_id DESC, position DESC LIMIT 1) \
         AND r.offered_until > ?4",
    )
    .bind(tenant.uuid())
    .bind(caller.as_str())
    .bind(json("targets", &Vec::from_iter(targets.iter().map(|target| hex(target.uuid()))))?)
    .bind(now.timestamp_micros())
    .bind(campaign.uuid())
    .fetch_all(db)
    .await
    .map_err(failed)?;
    let mut bids = BTreeMap::new();
    for document in documents {
        let response: BidResponseRecord = parse("bid response", &document)?;
        let made_at = response.opened_at;
        bids.extend(response.offer.map(|bid| (response.target, EarlierBid { bid, made_at })));
    }
    Ok(bids)
}

/// Writes an auction in the place of what was saved of it before.
pub(crate) async fn put(
    db: &mut SqliteConnection,
    tenant: TenantId,
    auction: &AuctionRecord,
) -> Result<(), StoreError> {
    let AuctionRecord { request, caller, responses, log, exchanges } = auction;
    let request = BidRequestRecord { opened_at: rounded(request.opened_at)?, ..request.clone() };
    sqlx::query(
        "INSERT INTO rtb_bid_requests (tenant_id, id, call_id, campaign_id, opened_at, caller, \
         document) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (tenant_id, id) DO UPDATE SET \
         call_id = ?3, campaign_id = ?4, opened_at = ?5, caller = ?6, document = ?7",
    )
    .bind(tenant.uuid())
    .bind(request.id.uuid())
    .bind(request.call.uuid())
    .bind(request.campaign.uuid())
    .bind(request.opened_at.timestamp_micros())
    .bind(caller.as_ref().map(PhoneNumber::as_str))
    .bind(json("auction", &request)?)
    .execute(&mut *db)
    .await
    .map_err(failed)?;
    sqlx::query(
        "INSERT INTO rtb_auction_details (tenant_id, auction_id, document) VALUES (?1, ?2, ?3) \
         ON CONFLICT (tenant_id, auction_id) DO UPDATE SET document = ?3",
    )
    .bind(tenant.uuid())
    .bind(request.id.uuid())
    .bind(json("auction's log", log)?)
    .execute(&mut *db)
    .await
    .map_err(failed)?;
    put_responses(db, tenant, request.id, caller.as_ref(), responses).await?;
    exchanges::put(db, tenant, request.id, exchanges).await
}

async fn put_responses(
    db: &mut SqliteConnection,
    tenant: TenantId,
    auction: AuctionId,
    caller: Option<&PhoneNumber>,
    responses: &[BidResponseRecord],
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM rtb_bid_responses WHERE tenant_id = ?1 AND auction_id = ?2")
        .bind(tenant.uuid())
        .bind(auction.uuid())
        .execute(&mut *db)
        .await
        .map_err(failed)?;
    let rows: Vec<_> =
        responses.iter().map(|one| response_row(one, caller)).collect::<Result<_, _>>()?;
    sqlx::query(
        "INSERT INTO rtb_bid_responses (tenant_id, auction_id, position, id, call_id, campaign_id, \
         target_id, verdict, opened_at, offered_to, offered_until, document) \
         SELECT ?1, ?2, key + 1, unhex(value ->> 0), unhex(value ->> 1), unhex(value ->> 2), \
         unhex(value ->> 3), value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8 \
         FROM json_each(?3)",
    )
    .bind(tenant.uuid())
    .bind(auction.uuid())
    .bind(json("bid responses", &rows)?)
    .execute(db)
    .await
    .map(drop)
    .map_err(failed)
}

/// Id, call, campaign, target, verdict, opening, caller and expiry of the bid, document.
type ResponseRow<'a> =
    (String, String, String, String, &'a str, i64, Option<&'a str>, Option<i64>, String);

fn response_row<'a>(
    response: &'a BidResponseRecord,
    caller: Option<&'a PhoneNumber>,
) -> Result<ResponseRow<'a>, StoreError> {
    let mut kept = response.clone();
    kept.opened_at = rounded(kept.opened_at)?;
    if let Some(expires_at) = kept.offer.as_mut().and_then(|bid| bid.expires_at.as_mut()) {
        *expires_at = rounded(*expires_at)?;
    }
    let until = kept.offer.as_ref().and_then(|bid| bid.expires_at);
    Ok((
        hex(kept.id),
        hex(kept.call.uuid()),
        hex(kept.campaign.uuid()),
        hex(kept.target.uuid()),
        response.verdict.name(),
        kept.opened_at.timestamp_micros(),
        caller.filter(|_| kept.offer.is_some()).map(PhoneNumber::as_str),
        until.map(|until| until.timestamp_micros()),
        json("bid response", &kept)?,
    ))
}

/// An id as `unhex` reads it.
fn hex(id: Uuid) -> String {
    id.simple().to_string()
}
