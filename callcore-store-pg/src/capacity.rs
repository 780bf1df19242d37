//! Caps that hold. The deciding is done in the database, by `callcore_capacity`: one statement for all
//! reservations and releases of a batch.

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use callcore::port::{Capacity, Held, Release, Reservation, Reserved, StoreError};
use callcore::routing::CapKey;
use callcore::vocabulary::{CallId, CandidateId, LeaseId, TenantId};
use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgPool, Row as _};
use uuid::Uuid;

use crate::batch::submit;
use crate::error::failed;
use crate::open::PgStore;
use crate::place::{Places, position};
use crate::row::{count, parse, rounded};

#[async_trait]
impl Capacity for PgStore {
    async fn reserve(
        &self,
        tenant: TenantId,
        mut reservation: Reservation,
        now: DateTime<Utc>,
    ) -> Result<Reserved, StoreError> {
        let call = reservation.call;
        let releases = std::mem::take(&mut reservation.releases);
        let wanted = self.wanted(call, &releases, Some(reservation), now)?;
        let reserved = submit(&self.core, self.calls_pool()?, tenant, wanted).await?;
        reserved.ok_or_else(|| StoreError::corrupt("reservation", "it has no answer"))
    }

    async fn release(
        &self,
        tenant: TenantId,
        call: CallId,
        releases: &[Release],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if releases.is_empty() {
            return Ok(());
        }
        let wanted = self.wanted(call, releases, None, now)?;
        submit(&self.core, self.calls_pool()?, tenant, wanted).await.map(drop)
    }

    async fn held(&self, tenant: TenantId, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let places: i64 = sqlx::query_scalar("SELECT callcore_held($1, $2)")
            .bind(tenant.uuid())
            .bind(self.now(rounded(now)?))
            .fetch_one(self.api_pool()?)
            .await
            .map_err(failed)?;
        count(places)
    }
}

impl PgStore {
    fn wanted(
        &self,
        call: CallId,
        releases: &[Release],
        reservation: Option<Reservation>,
        now: DateTime<Utc>,
    ) -> Result<Wanted, StoreError> {
        let now = rounded(now)?;
        let mut merged: BTreeMap<u32, bool> = BTreeMap::new();
        for release in releases {
            *merged.entry(release.attempt).or_default() |= release.refund;
        }
        let releases = merged.into_iter().collect();
        Ok(Wanted { call, releases, reservation, now, counted_at: self.now(now) })
    }
}

/// What one call wants: its releases, and then perhaps a reservation.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) call: CallId,
    /// Attempts, each with whether it is refunded.
    releases: Vec<(u32, bool)>,
    pub(crate) reservation: Option<Reservation>,
    /// The caller's time.
    now: DateTime<Utc>,
    /// The instant at which windows and leases are counted; `None` for the database's own.
    pub(crate) counted_at: Option<DateTime<Utc>>,
}

impl Wanted {
    /// How much of a batch it takes up.
    pub(crate) fn weight(&self) -> usize {
        let claims = self.reservation.iter().flat_map(|wanted| &wanted.claims);
        claims.map(|claim| claim.caps.len() + 1).sum()
    }
}

/// The columns of a batch, as `callcore_capacity` takes them. It says buyer for any candidate, as its
/// columns do.
#[derive(Debug, Default)]
struct Columns {
    calls: Vec<Uuid>,
    attempts: Vec<i64>,
    leases: Vec<Uuid>,
    leases_secs: Vec<i64>,
    last_claims: Vec<i32>,
    buyers: Vec<Uuid>,
    last_caps: Vec<i32>,
    cap_places: Vec<i32>,
    limits: Vec<i32>,
    places: Places,
    back_calls: Vec<Uuid>,
    back_attempts: Vec<i64>,
    back_refunds: Vec<bool>,
}

impl Columns {
    fn add(&mut self, wanted: &Wanted) -> Result<(), StoreError> {
        for (attempt, refund) in &wanted.releases {
            self.back_calls.push(wanted.call.uuid());
            self.back_attempts.push(i64::from(*attempt));
            self.back_refunds.push(*refund);
        }
        let Some(reservation) = &wanted.reservation else { return Ok(()) };
        self.calls.push(wanted.call.uuid());
        self.attempts.push(i64::from(reservation.attempt));
        self.leases.push(reservation.lease.uuid());
        self.leases_secs.push(i64::from(reservation.lease_secs));
        for claim in &reservation.claims {
            for cap in &claim.caps {
                self.cap_places.push(self.places.number(cap, wanted.now)?);
                self.limits.push(i32::try_from(cap.limit).unwrap_or(i32::MAX));
            }
            self.buyers.push(claim.candidate.uuid());
            self.last_caps.push(position(self.cap_places.len()));
        }
        self.last_claims.push(position(self.buyers.len()));
        Ok(())
    }
}

/// The row of `callcore_capacity`: one of each reservation, in their order.
struct Row {
    o_outcome: String,
    o_buyer: Option<Uuid>,
    o_lease: Option<Uuid>,
    o_at: Option<DateTime<Utc>>,
    o_expires_at: Option<DateTime<Utc>>,
    o_passed_over: Option<String>,
}

impl FromRow<'_, PgRow> for Row {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            o_outcome: row.try_get("o_outcome")?,
            o_buyer: row.try_get("o_buyer")?,
            o_lease: row.try_get("o_lease")?,
            o_at: row.try_get("o_at")?,
            o_expires_at: row.try_get("o_expires_at")?,
            o_passed_over: row.try_get("o_passed_over")?,
        })
    }
}

/// Does all of this in one statement. The answers are in the order of what is wanted; there is none
/// where nothing is reserved.
pub(crate) async fn act(
    pool: &PgPool,
    tenant: TenantId,
    wanted: &[Wanted],
) -> Result<Vec<Option<Reserved>>, StoreError> {
    debug_assert_eq!(wanted.iter().map(|one| one.call).collect::<HashSet<_>>().len(), wanted.len());
    let mut columns = Columns::default();
    for one in wanted {
        columns.add(one)?;
    }
    let counted_at = wanted.first().and_then(|one| one.counted_at);
    let rows = send(pool, tenant, counted_at, columns).await?;
    let mut rows = rows.into_iter();
    let answer = |one: &Wanted| {
        let Some(reservation) = &one.reservation else { return Ok(None) };
        let row = rows.next();
        let row = row.ok_or_else(|| StoreError::corrupt("batch", "an answer is missing"))?;
        row.reserved(reservation).map(Some)
    };
    wanted.iter().map(answer).collect()
}

async fn send(
    pool: &PgPool,
    tenant: TenantId,
    counted_at: Option<DateTime<Utc>>,
    columns: Columns,
) -> Result<Vec<Row>, StoreError> {
    let places = columns.places;
    sqlx::query_as(
        "SELECT * FROM callcore_capacity($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
         $14, $15, $16, $17, $18, $19, $20, $21)",
    )
    .bind(tenant.uuid())
    .bind(counted_at)
    .bind(columns.calls)
    .bind(columns.attempts)
    .bind(columns.leases)
    .bind(columns.leases_secs)
    .bind(columns.last_claims)
    .bind(columns.buyers)
    .bind(columns.last_caps)
    .bind(columns.cap_places)
    .bind(columns.limits)
    .bind(places.scopes)
    .bind(places.kinds)
    .bind(places.docs)
    .bind(places.twins)
    .bind(places.offsets_secs)
    .bind(places.changes_at)
    .bind(places.changed_secs)
    .bind(columns.back_calls)
    .bind(columns.back_attempts)
    .bind(columns.back_refunds)
    .fetch_all(pool)
    .await
    .map_err(failed)
}

impl Row {
    fn reserved(self, wanted: &Reservation) -> Result<Reserved, StoreError> {
        let passed_over = || {
            let document = self.o_passed_over.as_deref().unwrap_or("[]");
            parse::<Vec<(CandidateId, CapKey)>>("list of full caps", document)
        };
        match (self.o_outcome.as_str(), self.o_buyer, self.o_lease, self.o_at, self.o_expires_at) {
            ("ended", ..) => Ok(Reserved::CallEnded),
            ("held", Some(candidate), Some(lease), Some(at), Some(expires_at)) => {
                Ok(Reserved::Held(Held {
                    candidate: CandidateId::from_uuid(candidate),
                    lease: LeaseId::from_uuid(lease),
                    at,
                    expires_at,
                    passed_over: passed_over()?,
                }))
            }
            ("full", ..) => {
                let passed_over = passed_over()?;
                match passed_over.len() == wanted.claims.len() {
                    true => Ok(Reserved::Full { passed_over }),
                    false => Err(StoreError::corrupt("refusal", "a claim is missing")),
                }
            }
            (outcome, ..) => Err(StoreError::corrupt("outcome", format!("{outcome:?}"))),
        }
    }
}
