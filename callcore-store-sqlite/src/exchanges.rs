//! What was said to targets of an auction, and what they answered.

use callcore::auction::Exchange;
use callcore::port::{BidResponseDetail, BidResponseRecord, StoreError};
use callcore::vocabulary::{AuctionId, TargetId, TenantId};
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::error::failed;
use crate::row::{json, parse};

/// Adds to what was said in an auction; the same target and purpose replace what was there.
pub(crate) async fn put(
    db: &mut SqliteConnection,
    tenant: TenantId,
    auction: AuctionId,
    exchanges: &[Exchange],
) -> Result<(), StoreError> {
    if exchanges.is_empty() {
        return Ok(());
    }
    let row = |one: &Exchange| {
        let target = one.target.uuid().simple().to_string();
        Ok((target, one.purpose.name(), json("exchange", one)?))
    };
    let rows: Vec<_> = exchanges.iter().map(row).collect::<Result<_, StoreError>>()?;
    sqlx::query(
        "INSERT INTO rtb_bid_exchanges (tenant_id, auction_id, target_id, purpose, document) \
         SELECT ?1, ?2, unhex(value ->> 0), value ->> 1, value ->> 2 FROM json_each(?3) WHERE true \
         ON CONFLICT (tenant_id, auction_id, target_id, purpose) \
         DO UPDATE SET document = excluded.document",
    )
    .bind(tenant.uuid())
    .bind(auction.uuid())
    .bind(json("exchanges", &rows)?)
    .execute(db)
    .await
    .map(drop)
    .map_err(failed)
}

/// What was said in an auction, to one target or to all, by target and purpose.
pub(crate) async fn read(
    db: &mut SqliteConnection,
    tenant: TenantId,
    auction: AuctionId,
    target: Option<TargetId>,
) -> Result<Vec<Exchange>, StoreError> {
    let documents: Vec<String> = sqlx::query_scalar(
        "SELECT document FROM rtb_bid_exchanges WHERE tenant_id = ?1 AND auction_id = ?2 \
         AND (?3 IS NULL OR target_id = ?3) ORDER BY target_id, purpose",
    )
    .bind(tenant.uuid())
    .bind(auction.uuid())
    .bind(target.map(TargetId::uuid))
    .fetch_all(db)
    .await
    .map_err(failed)?;
    documents.iter().map(|document| parse("exchange", document)).collect()
}

/// What became of a target, with everything that was said.
pub(crate) async fn response(
    db: &mut SqliteConnection,
    tenant: TenantId,
    id: Uuid,
) -> Result<Option<BidResponseDetail>, StoreError> {
    let document: Option<String> = sqlx::query_scalar(
        "SELECT document FROM rtb_bid_responses WHERE tenant_id = ?1 AND id = ?2",
    )
    .bind(tenant.uuid())
    .bind(id)
    .fetch_optional(&mut *db)
    .await
    .map_err(failed)?;
    let Some(document) = document else { return Ok(None) };
    let response: BidResponseRecord = parse("bid response", &document)?;
    let exchanges = read(db, tenant, response.auction, Some(response.target)).await?;
    Ok(Some(BidResponseDetail { response, exchanges }))
}
