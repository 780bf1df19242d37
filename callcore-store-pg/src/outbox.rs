//! What waits to be sent to others: written by a save, in its statement, and sent afterwards.

use async_trait::async_trait;
use callcore::port::{DeliveryRecord, DeliveryStatus, Due, Outbox, Save, StoreError, Tried};
use callcore::vocabulary::{CallId, FlowId, TenantId};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::postgres::PgArguments;
use sqlx::query::QueryScalar;
use sqlx::{PgConnection, Postgres};
use uuid::Uuid;

use crate::error::failed;
use crate::open::PgStore;
use crate::row::{column, json, parse, rounded, small_count};
use crate::text::storable;
use crate::transaction::snapshot;

/// The longest stretch of time that a delivery waits. Postgres reaches less far than the core.
const LONGEST_WAIT: TimeDelta = TimeDelta::days(36_525);

#[async_trait]
impl Outbox for PgStore {
    async fn claim(
        &self,
        limit: usize,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, StoreError> {
        let (until, now) = (rounded(until)?, rounded(now)?);
        let rows: Vec<Row> = sqlx::query_as("SELECT * FROM callcore_claim($1, $2, $3)")
            .bind(column(limit as u64))
            .bind(self.now(now))
            .bind(wait_micros(now, until))
            .fetch_all(self.background_pool()?)
            .await
            .map_err(failed)?;
        Ok(rows.into_iter().filter_map(readable).collect())
    }

    async fn settle(
        &self,
        tenant: TenantId,
        delivery: Uuid,
        tried: Tried,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let now = rounded(now)?;
        let (status, reason, again_at) = match tried {
            Tried::Delivered => (DeliveryStatus::Delivered, None, None),
            Tried::Again { at, reason } => (DeliveryStatus::Waiting, Some(reason), Some(at)),
            Tried::GivenUp { reason } => (DeliveryStatus::GivenUp, Some(reason), None),
        };
        let again_at = again_at.map(rounded).transpose()?;
        sqlx::query("SELECT callcore_settle($1, $2, $3, $4, $5, $6)")
            .bind(tenant.uuid())
            .bind(delivery)
            .bind(word(status))
            .bind(reason.as_deref().map(storable))
            .bind(self.now(now))
            .bind(again_at.map(|at| wait_micros(now, at)))
            .execute(self.background_pool()?)
            .await
            .map(drop)
            .map_err(failed)
    }

    async fn of_call(
        &self,
        tenant: TenantId,
        call: CallId,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        snapshot(self.api_pool()?, tenant, move |db| Box::pin(of_call(db, tenant, call))).await
    }
}

/// A stretch of time in microseconds: whoever asks may have another clock than the one that counts.
fn wait_micros(now: DateTime<Utc>, until: DateTime<Utc>) -> i64 {
    let wait = (until - now).clamp(-LONGEST_WAIT, LONGEST_WAIT);
    wait.num_microseconds().unwrap_or(i64::MAX)
}

/// The row of `callcore_claim`: tenant, delivery, call, attempt, document.
type Row = (Uuid, Uuid, Uuid, i64, String);

/// A claimed delivery. One that cannot be read, such as a newer server may have written, holds up no
/// other: it is due again when the claim runs out.
fn readable((tenant, delivery, call, attempt, document): Row) -> Option<Due> {
    let due = || {
        Ok::<_, StoreError>(Due {
            tenant: TenantId::from_uuid(tenant),
            call: CallId::from_uuid(call),
            delivery: parse("delivery", &document)?,
            attempt: small_count(attempt)?,
        })
    };
    match due() {
        Ok(due) => Some(due),
        Err(error) => {
            tracing::error!(%tenant, %delivery, %error, "a delivery cannot be read and is passed over");
            None
        }
    }
}

/// The columns of a delivery with what came of it.
type RecordRow = (String, String, i64, Option<String>, DateTime<Utc>, DateTime<Utc>);

async fn of_call(
    db: &mut PgConnection,
    tenant: TenantId,
    call: CallId,
) -> Result<Vec<DeliveryRecord>, StoreError> {
    let rows: Vec<RecordRow> = sqlx::query_as(
        "SELECT document::text, status, attempts, reason, created_at, updated_at FROM outbox \
         WHERE tenant_id = $1 AND call_id = $2 ORDER BY position",
    )
    .bind(tenant.uuid())
    .bind(call.uuid())
    .fetch_all(db)
    .await
    .map_err(failed)?;
    let record = |(document, status, attempts, reason, created_at, updated_at): RecordRow| {
        Ok(DeliveryRecord {
            delivery: parse("delivery", &document)?,
            status: status_of(&status)?,
            attempts: small_count(attempts)?,
            reason,
            created_at,
            updated_at,
        })
    };
    rows.into_iter().map(record).collect()
}

/// The column of a delivery's status. Migrations name these words, so they are written out.
const fn word(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Waiting => "waiting",
        DeliveryStatus::Delivered => "delivered",
        DeliveryStatus::GivenUp => "given_up",
    }
}

fn status_of(column: &str) -> Result<DeliveryStatus, StoreError> {
    use DeliveryStatus::{Delivered, GivenUp, Waiting};
    [Waiting, Delivered, GivenUp]
        .into_iter()
        .find(|status| word(*status) == column)
        .ok_or_else(|| StoreError::corrupt("delivery status", column.to_owned()))
}

/// What a save with a flow or with deliveries takes beside everything else.
pub(crate) fn with_post<T>(
    query: QueryScalar<'static, Postgres, T, PgArguments>,
    save: &Save,
    counted_at: Option<DateTime<Utc>>,
) -> Result<QueryScalar<'static, Postgres, T, PgArguments>, StoreError> {
    let deliveries = save.outbox.iter().map(|delivery| json("delivery", delivery));
    Ok(query
        .bind(save.call.flow.as_ref().map(|session| session.flow).map(FlowId::uuid))
        .bind(save.outbox.iter().map(|delivery| delivery.id).collect::<Vec<_>>())
        .bind(deliveries.collect::<Result<Vec<_>, _>>()?)
        .bind(counted_at))
}
