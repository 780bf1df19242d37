//! What waits to be sent to others: written by a save, in its statement, and sent afterwards.

use async_trait::async_trait;
use callcore::port::{
    DeliveryRecord, DeliveryStatus, Due, Lane, Outbox, Save, Settlement, StoreError, Tried, Wanted,
};
use callcore::vocabulary::{CallId, FlowId, TenantId, limits};
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
/// Why a delivery was given up that nobody could try.
const UNREADABLE: &str = "it cannot be read";

#[async_trait]
impl Outbox for PgStore {
    async fn claim(
        &self,
        wanted: &Wanted,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, StoreError> {
        let (until, now) = (rounded(until)?, rounded(now)?);
        let underway = wanted.underway.iter();
        let (tenants, underway): (Vec<_>, Vec<_>) =
            underway.map(|(tenant, count)| (tenant.uuid(), column(*count as u64))).unzip();
        let claim = "SELECT * FROM callcore_claim_in_lane($1, $2, $3, $4, $5, $6, $7)";
        let rows: Vec<Row> = sqlx::query_as(claim)
            .bind(lane(wanted.lane))
            .bind(column(wanted.most as u64))
            .bind(column(wanted.most_of_one as u64))
            .bind(tenants)
            .bind(underway)
            .bind(self.now(now))
            .bind(wait_micros(now, until))
            .fetch_all(self.background_pool()?)
            .await
            .map_err(failed)?;
        let mut lost = Settled::default();
        let mut claimed = Vec::with_capacity(rows.len());
        for row in rows {
            match readable(&row) {
                Some(due) => claimed.push(due),
                None if row.3 >= i64::from(limits::UNREADABLE_TRIES) => lost.unreadable(&row),
                None => {}
            }
        }
        self.note(lost, now).await?;
        Ok(claimed)
    }

    async fn settle(&self, settled: &[Settlement], now: DateTime<Utc>) -> Result<(), StoreError> {
        let now = rounded(now)?;
        let mut columns = Settled::default();
        for settlement in settled {
            columns.tried(settlement, now)?;
        }
        self.note(columns, now).await
    }

    async fn forget(
        &self,
        before: DateTime<Utc>,
        most: usize,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let (before, now) = (rounded(before)?, rounded(now)?);
        let forgotten: i64 = sqlx::query_scalar("SELECT callcore_forget_deliveries($1, $2, $3)")
            .bind(self.now(now))
            .bind(wait_micros(before, now))
            .bind(column(most as u64))
            .fetch_one(self.background_pool()?)
            .await
            .map_err(failed)?;
        Ok(usize::try_from(forgotten).unwrap_or_default())
    }

    async fn of_call(
        &self,
        tenant: TenantId,
        call: CallId,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        snapshot(self.api_pool()?, tenant, move |db| Box::pin(of_call(db, tenant, call))).await
    }
}

/// What came of tries, column by column.
#[derive(Default)]
struct Settled {
    tenants: Vec<Uuid>,
    ids: Vec<Uuid>,
    attempts: Vec<i64>,
    statuses: Vec<&'static str>,
    reasons: Vec<Option<String>>,
    after_micros: Vec<Option<i64>>,
    documents: Vec<Option<String>>,
}

impl Settled {
    fn tried(
        &mut self,
        Settlement { due, tried }: &Settlement,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (status, reason, again_at) = match tried {
            Tried::Delivered => (DeliveryStatus::Delivered, None, None),
            Tried::Again { at, reason } => (DeliveryStatus::Waiting, Some(reason), Some(*at)),
            Tried::GivenUp { reason } => (DeliveryStatus::GivenUp, Some(reason), None),
        };
        let again_at = again_at.map(rounded).transpose()?;
        let kept = match status {
            DeliveryStatus::Waiting => None,
            DeliveryStatus::Delivered | DeliveryStatus::GivenUp => {
                Some(json("delivery", &due.delivery.clone().emptied())?)
            }
        };
        self.tenants.push(due.tenant.uuid());
        self.ids.push(due.delivery.id);
        self.attempts.push(due.attempt.into());
        self.statuses.push(word(status));
        self.reasons.push(reason.map(|reason| storable(reason)));
        self.after_micros.push(again_at.map(|at| wait_micros(now, at)));
        self.documents.push(kept);
        Ok(())
    }

    /// What this version cannot read, and no other did.
    fn unreadable(&mut self, (tenant, delivery, _, attempt, ..): &Row) {
        self.tenants.push(*tenant);
        self.ids.push(*delivery);
        self.attempts.push(*attempt);
        self.statuses.push(word(DeliveryStatus::GivenUp));
        self.reasons.push(Some(UNREADABLE.to_owned()));
        self.after_micros.push(None);
        self.documents.push(None);
    }
}

impl PgStore {
    async fn note(&self, settled: Settled, now: DateTime<Utc>) -> Result<(), StoreError> {
        if settled.ids.is_empty() {
            return Ok(());
        }
        sqlx::query("SELECT callcore_settle_all($1, $2, $3, $4, $5, $6, $7, $8)")
            .bind(settled.tenants)
            .bind(settled.ids)
            .bind(settled.attempts)
            .bind(settled.statuses)
            .bind(settled.reasons)
            .bind(settled.after_micros)
            .bind(settled.documents)
            .bind(self.now(now))
            .execute(self.background_pool()?)
            .await
            .map(drop)
            .map_err(failed)
    }
}

/// A stretch of time in microseconds: whoever asks may have another clock than the one that counts.
fn wait_micros(now: DateTime<Utc>, until: DateTime<Utc>) -> i64 {
    let wait = (until - now).clamp(-LONGEST_WAIT, LONGEST_WAIT);
    wait.num_microseconds().unwrap_or(i64::MAX)
}

/// The row of `callcore_claim_in_lane`: tenant, delivery, call, attempt, age, document.
type Row = (Uuid, Uuid, Uuid, i64, i64, String);

/// A claimed delivery. One that cannot be read, such as a newer server may have written, holds up no
/// other: it is due again when the claim runs out.
fn readable((tenant, delivery, call, attempt, age_micros, document): &Row) -> Option<Due> {
    let due = || {
        Ok::<_, StoreError>(Due {
            tenant: TenantId::from_uuid(*tenant),
            call: CallId::from_uuid(*call),
            delivery: parse("delivery", document)?,
            attempt: small_count(*attempt)?,
            age: TimeDelta::microseconds(*age_micros),
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
        let Ok(delivery) = parse("delivery", &document) else { return Ok(None) };
        Ok(Some(DeliveryRecord {
            delivery,
            status: status_of(&status)?,
            attempts: small_count(attempts)?,
            reason,
            created_at,
            updated_at,
        }))
    };
    rows.into_iter().filter_map(|row| record(row).transpose()).collect()
}

/// The column of a delivery's lane. Migrations name these words, so they are written out.
const fn lane(lane: Lane) -> &'static str {
    match lane {
        Lane::Carrier => "carrier",
        Lane::Tenants => "tenants",
    }
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
