//! What was said to targets of an auction, and what they answered.

use callcore::auction::Exchange;
use callcore::port::{BidResponseDetail, StoreError};
use callcore::vocabulary::TenantId;
use sqlx::postgres::PgArguments;
use sqlx::query::QueryScalar;
use sqlx::{PgConnection, Postgres};
use uuid::Uuid;

use crate::error::failed;
use crate::row::{json, parse};

/// What a save with an auction takes last.
pub(crate) fn with_exchanges<T>(
    query: QueryScalar<'static, Postgres, T, PgArguments>,
    exchanges: &[Exchange],
) -> Result<QueryScalar<'static, Postgres, T, PgArguments>, StoreError> {
    let documents = exchanges.iter().map(|one| json("exchange", one));
    Ok(query
        .bind(exchanges.iter().map(|one| one.target.uuid()).collect::<Vec<_>>())
        .bind(exchanges.iter().map(|one| one.purpose.name()).collect::<Vec<_>>())
        .bind(documents.collect::<Result<Vec<_>, _>>()?))
}

/// The documents of exchanges, in their order.
pub(crate) fn parsed(documents: &[String]) -> Result<Vec<Exchange>, StoreError> {
    documents.iter().map(|document| parse("exchange", document)).collect()
}

/// What became of a target, with everything that was said.
pub(crate) async fn response(
    db: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
) -> Result<Option<BidResponseDetail>, StoreError> {
    let row: Option<(String, Vec<String>)> = sqlx::query_as(
        "SELECT r.document::text, (\
         SELECT coalesce(array_agg(document::text ORDER BY purpose), '{}') FROM rtb_bid_exchanges \
         WHERE tenant_id = $1 AND auction_id = r.auction_id AND target_id = r.target_id) \
         FROM rtb_bid_responses AS r WHERE r.tenant_id = $1 AND r.id = $2",
    )
    .bind(tenant.uuid())
    .bind(id)
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    let detail = |(response, exchanges): (String, Vec<String>)| {
        let response = parse("bid response", &response)?;
        Ok(BidResponseDetail { response, exchanges: parsed(&exchanges)? })
    };
    row.map(detail).transpose()
}
