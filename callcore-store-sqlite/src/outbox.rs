//! What waits to be sent.

use async_trait::async_trait;
use callcore::call::Delivery;
use callcore::port::{DeliveryRecord, DeliveryStatus, Due, Outbox, StoreError, Tried};
use callcore::vocabulary::{CallId, TenantId};
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::failed;
use crate::row::{column, instant, json, parse, rounded};

/// What is due: row, tenant, call, earlier tries, document.
type DueColumns = (i64, Uuid, Uuid, u32, String);
/// The columns of a record: status, tries, reason, creation, last change, document.
type Columns = (String, u32, Option<String>, i64, i64, String);

#[async_trait]
impl Outbox for SqliteStore {
    async fn claim(
        &self,
        limit: usize,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, StoreError> {
        let (until, now) = (rounded(until)?, rounded(now)?);
        // Mostly nothing is due, and a reader finds that out without keeping callers waiting.
        if !self.snapshot(move |db| Box::pin(is_any_due(db, now))).await? {
            return Ok(Vec::new());
        }
        self.transaction(move |db| Box::pin(claim(db, limit, until, now))).await
    }

    async fn settle(
        &self,
        tenant: TenantId,
        delivery: Uuid,
        tried: Tried,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let now = rounded(now)?;
        let (status, due_at, reason) = match tried {
            Tried::Delivered => (DeliveryStatus::Delivered, None, None),
            Tried::Again { at, reason } => {
                (DeliveryStatus::Waiting, Some(rounded(at)?), Some(reason))
            }
            Tried::GivenUp { reason } => (DeliveryStatus::GivenUp, None, Some(reason)),
        };
        self.transaction(move |db| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE outbox SET status = ?3, due_at = COALESCE(?4, due_at), reason = ?5, \
                     updated_at = ?6 WHERE tenant_id = ?1 AND id = ?2 AND status = 'waiting'",
                )
                .bind(tenant.uuid())
                .bind(delivery)
                .bind(word(status))
                .bind(due_at.map(|due_at| due_at.timestamp_micros()))
                .bind(reason)
                .bind(now.timestamp_micros())
                .execute(db)
                .await
                .map(drop)
                .map_err(failed)
            })
        })
        .await
    }

    async fn of_call(
        &self,
        tenant: TenantId,
        call: CallId,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        self.snapshot(move |db| Box::pin(of_call(db, tenant, call))).await
    }
}

/// Writes what a step of a call has to send. What is known already stays as it is.
pub(crate) async fn write(
    db: &mut SqliteConnection,
    tenant: TenantId,
    call: CallId,
    deliveries: &[Delivery],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for delivery in deliveries {
        sqlx::query(
            "INSERT INTO outbox (tenant_id, id, call_id, position, status, attempts, due_at, \
             created_at, updated_at, document) VALUES (?1, ?2, ?3, \
             (SELECT COALESCE(MAX(position), 0) + 1 FROM outbox WHERE tenant_id = ?1 AND call_id = ?3), \
             'waiting', 0, ?4, ?4, ?4, ?5) ON CONFLICT (tenant_id, id) DO NOTHING",
        )
        .bind(tenant.uuid())
        .bind(delivery.id)
        .bind(call.uuid())
        .bind(now.timestamp_micros())
        .bind(json("delivery", delivery)?)
        .execute(&mut *db)
        .await
        .map_err(failed)?;
    }
    Ok(())
}

async fn is_any_due(db: &mut SqliteConnection, now: DateTime<Utc>) -> Result<bool, StoreError> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM outbox WHERE status = 'waiting' AND due_at <= ?1)",
    )
    .bind(now.timestamp_micros())
    .fetch_one(db)
    .await
    .map_err(failed)
}

async fn claim(
    db: &mut SqliteConnection,
    limit: usize,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Due>, StoreError> {
    // What is due at the same instant goes in the order of writing.
    let rows: Vec<DueColumns> = sqlx::query_as(
        "SELECT rowid, tenant_id, call_id, attempts, document FROM outbox \
         WHERE status = 'waiting' AND due_at <= ?1 ORDER BY due_at, rowid LIMIT ?2",
    )
    .bind(now.timestamp_micros())
    .bind(column(limit as u64))
    .fetch_all(&mut *db)
    .await
    .map_err(failed)?;
    let claimed: Vec<i64> = rows.iter().map(|(row, ..)| *row).collect();
    sqlx::query(
        "UPDATE outbox SET attempts = attempts + 1, due_at = ?1, updated_at = ?2 \
         WHERE rowid IN (SELECT value FROM json_each(?3))",
    )
    .bind(until.timestamp_micros())
    .bind(now.timestamp_micros())
    .bind(json("rows", &claimed)?)
    .execute(db)
    .await
    .map_err(failed)?;
    let due = |(_, tenant, call, attempts, document): DueColumns| {
        Ok(Due {
            tenant: TenantId::from_uuid(tenant),
            call: CallId::from_uuid(call),
            delivery: parse("delivery", &document)?,
            attempt: attempts + 1,
        })
    };
    rows.into_iter().map(due).collect()
}

async fn of_call(
    db: &mut SqliteConnection,
    tenant: TenantId,
    call: CallId,
) -> Result<Vec<DeliveryRecord>, StoreError> {
    let rows: Vec<Columns> = sqlx::query_as(
        "SELECT status, attempts, reason, created_at, updated_at, document FROM outbox \
         WHERE tenant_id = ?1 AND call_id = ?2 ORDER BY position",
    )
    .bind(tenant.uuid())
    .bind(call.uuid())
    .fetch_all(db)
    .await
    .map_err(failed)?;
    let record = |(status, attempts, reason, created_at, updated_at, document): Columns| {
        Ok(DeliveryRecord {
            delivery: parse("delivery", &document)?,
            status: status_of(&status)?,
            attempts,
            reason,
            created_at: instant(created_at)?,
            updated_at: instant(updated_at)?,
        })
    };
    rows.into_iter().map(record).collect()
}

/// The column of a status. A migration names one of these words, so they are written out.
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
