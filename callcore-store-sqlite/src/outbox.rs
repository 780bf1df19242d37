//! What waits to be sent.

use async_trait::async_trait;
use callcore::call::Delivery;
use callcore::port::{
    DeliveryRecord, DeliveryStatus, Due, Lane, Outbox, Settlement, StoreError, Tried, Wanted,
};
use callcore::vocabulary::{CallId, TenantId, limits};
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::failed;
use crate::row::{column, instant, json, parse, rounded};

/// Why a delivery was given up that nobody could try.
const UNREADABLE: &str = "it cannot be read";

/// What is due: when, row, tenant, call, earlier tries, creation, document.
type DueColumns = (i64, i64, Uuid, Uuid, u32, i64, String);
/// The columns of a record: status, tries, reason, creation, last change, document.
type Columns = (String, u32, Option<String>, i64, i64, String);

#[async_trait]
impl Outbox for SqliteStore {
    async fn claim(
        &self,
        wanted: &Wanted,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, StoreError> {
        let (until, now) = (rounded(until)?, rounded(now)?);
        // Mostly nothing is due, and a reader finds that out without keeping callers waiting.
        let looked_for = wanted.clone();
        let due = self.snapshot(move |db| Box::pin(due(db, looked_for, now))).await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = wanted.clone();
        self.transaction(move |db| Box::pin(claim(db, wanted, until, now))).await
    }

    async fn settle(&self, settled: &[Settlement], now: DateTime<Utc>) -> Result<(), StoreError> {
        if settled.is_empty() {
            return Ok(());
        }
        let (settled, now) = (settled.to_vec(), rounded(now)?);
        self.transaction(move |db| {
            Box::pin(async move {
                for settlement in settled {
                    settle(&mut *db, settlement, now).await?;
                }
                Ok(())
            })
        })
        .await
    }

    async fn forget(
        &self,
        before: DateTime<Utc>,
        most: usize,
        _now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let before = rounded(before)?;
        let ended = self.snapshot(move |db| Box::pin(ended(db, before, most))).await?;
        if ended.is_empty() {
            return Ok(0);
        }
        self.transaction(move |db| {
            Box::pin(async move {
                let rows = json("rows", &ended)?;
                let gone = sqlx::query(
                    "DELETE FROM outbox WHERE status <> 'waiting' AND updated_at < ?2 \
                     AND rowid IN (SELECT value FROM json_each(?1))",
                )
                .bind(rows)
                .bind(before.timestamp_micros())
                .execute(db)
                .await
                .map_err(failed)?;
                Ok(usize::try_from(gone.rows_affected()).unwrap_or(usize::MAX))
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

/// The tenants with deliveries of a lane that wait, found by skipping from one to the next.
pub(crate) const WAITING_TENANTS: &str = "WITH RECURSIVE waiting (tenant_id) AS (\
     SELECT MIN(tenant_id) FROM outbox \
     WHERE status = 'waiting' AND (instr(document, '\"kind\":\"http\"') > 0) = ?1 \
     UNION ALL SELECT (SELECT MIN(o.tenant_id) FROM outbox AS o WHERE o.status = 'waiting' \
     AND (instr(o.document, '\"kind\":\"http\"') > 0) = ?1 AND o.tenant_id > w.tenant_id) \
     FROM waiting AS w WHERE w.tenant_id IS NOT NULL) \
     SELECT tenant_id FROM waiting WHERE tenant_id IS NOT NULL";
/// What is due of one tenant in a lane. What is due at the same instant goes in the order of writing.
pub(crate) const DUE_OF_TENANT: &str = "SELECT due_at, rowid, tenant_id, call_id, attempts, created_at, document \
     FROM outbox WHERE status = 'waiting' AND (instr(document, '\"kind\":\"http\"') > 0) = ?1 \
     AND tenant_id = ?2 AND due_at <= ?3 ORDER BY due_at, rowid LIMIT ?4";

/// What a claim would take, the longest waiting first.
async fn due(
    db: &mut SqliteConnection,
    wanted: Wanted,
    now: DateTime<Utc>,
) -> Result<Vec<DueColumns>, StoreError> {
    let asks_tenants = wanted.lane == Lane::Tenants;
    let tenants: Vec<Uuid> = sqlx::query_scalar(WAITING_TENANTS)
        .bind(asks_tenants)
        .fetch_all(&mut *db)
        .await
        .map_err(failed)?;
    let mut due: Vec<DueColumns> = Vec::new();
    for tenant in tenants {
        let room = wanted.room(TenantId::from_uuid(tenant));
        if room == 0 {
            continue;
        }
        let of_tenant = sqlx::query_as(DUE_OF_TENANT)
            .bind(asks_tenants)
            .bind(tenant)
            .bind(now.timestamp_micros())
            .bind(column(room as u64))
            .fetch_all(&mut *db)
            .await
            .map_err(failed)?;
        due.extend::<Vec<DueColumns>>(of_tenant);
    }
    due.sort_unstable_by_key(|(due_at, row, ..)| (*due_at, *row));
    due.truncate(wanted.most);
    Ok(due)
}

async fn claim(
    db: &mut SqliteConnection,
    wanted: Wanted,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Due>, StoreError> {
    let rows = due(db, wanted, now).await?;
    let claimed: Vec<i64> = rows.iter().map(|(_, row, ..)| *row).collect();
    sqlx::query(
        "UPDATE outbox SET attempts = attempts + 1, due_at = ?1, updated_at = ?2 \
         WHERE rowid IN (SELECT value FROM json_each(?3))",
    )
    .bind(until.timestamp_micros())
    .bind(now.timestamp_micros())
    .bind(json("rows", &claimed)?)
    .execute(&mut *db)
    .await
    .map_err(failed)?;
    let mut due = Vec::with_capacity(rows.len());
    for (_, row, tenant, call, attempts, created_at, document) in rows {
        match parse::<Delivery>("delivery", &document) {
            Ok(delivery) => due.push(Due {
                tenant: TenantId::from_uuid(tenant),
                call: CallId::from_uuid(call),
                delivery,
                attempt: attempts + 1,
                age: now - instant(created_at)?,
            }),
            Err(error) => {
                tracing::error!(%tenant, %call, %error, "a delivery cannot be read and is passed over");
                if attempts + 1 >= limits::UNREADABLE_TRIES {
                    give_up_row(&mut *db, row).await?;
                }
            }
        }
    }
    Ok(due)
}

/// Gives up what this version cannot read, and no other did.
async fn give_up_row(db: &mut SqliteConnection, row: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE outbox SET status = ?2, reason = ?3 WHERE rowid = ?1")
        .bind(row)
        .bind(word(DeliveryStatus::GivenUp))
        .bind(UNREADABLE)
        .execute(db)
        .await
        .map(drop)
        .map_err(failed)
}

async fn settle(
    db: &mut SqliteConnection,
    Settlement { due, tried }: Settlement,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (status, due_at, reason) = match tried {
        Tried::Delivered => (DeliveryStatus::Delivered, None, None),
        Tried::Again { at, reason } => (DeliveryStatus::Waiting, Some(rounded(at)?), Some(reason)),
        Tried::GivenUp { reason } => (DeliveryStatus::GivenUp, None, Some(reason)),
    };
    let (id, attempt) = (due.delivery.id, due.attempt);
    let kept = match status {
        DeliveryStatus::Waiting => None,
        DeliveryStatus::Delivered | DeliveryStatus::GivenUp => {
            Some(json("delivery", &due.delivery.emptied())?)
        }
    };
    sqlx::query(
        "UPDATE outbox SET status = ?4, due_at = COALESCE(?5, due_at), reason = ?6, updated_at = ?7, \
         document = COALESCE(?8, document) \
         WHERE tenant_id = ?1 AND id = ?2 AND attempts = ?3 AND status = 'waiting'",
    )
    .bind(due.tenant.uuid())
    .bind(id)
    .bind(attempt)
    .bind(word(status))
    .bind(due_at.map(|due_at| due_at.timestamp_micros()))
    .bind(reason)
    .bind(now.timestamp_micros())
    .bind(kept)
    .execute(db)
    .await
    .map(drop)
    .map_err(failed)
}

/// The rows of what was over before this instant, the oldest first.
async fn ended(
    db: &mut SqliteConnection,
    before: DateTime<Utc>,
    most: usize,
) -> Result<Vec<i64>, StoreError> {
    sqlx::query_scalar(
        "SELECT rowid FROM outbox WHERE status <> 'waiting' AND updated_at < ?1 \
         ORDER BY updated_at, rowid LIMIT ?2",
    )
    .bind(before.timestamp_micros())
    .bind(column(most as u64))
    .fetch_all(db)
    .await
    .map_err(failed)
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
        let Ok(delivery) = parse("delivery", &document) else { return Ok(None) };
        Ok(Some(DeliveryRecord {
            delivery,
            status: status_of(&status)?,
            attempts,
            reason,
            created_at: instant(created_at)?,
            updated_at: instant(updated_at)?,
        }))
    };
    rows.into_iter().filter_map(|row| record(row).transpose()).collect()
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
