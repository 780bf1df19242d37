//! Caps that hold. There is one writer, so a cap that had room at the beginning of a transaction has
//! it until the end; the counters are written under the condition all the same.

use std::collections::BTreeSet;

use async_trait::async_trait;
use callcore::call::Call;
use callcore::port::{Capacity, Held, Release, Reservation, Reserved, StoreError};
use callcore::routing::{CapKey, Claim};
use callcore::vocabulary::{CallId, CandidateId, LeaseId, TenantId};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::failed;
use crate::place::{Counters, Place, free_expired, give_back, note, place, take};
use crate::row::{count, instant, json, parse, rounded};

/// Claims whose counters are read at once: the first mostly fits, and hundreds may follow.
const CLAIMS_AT_ONCE: usize = 16;

/// Claims that did not fit, each with the first of its caps that was full.
type PassedOver = Vec<(CandidateId, CapKey)>;

#[async_trait]
impl Capacity for SqliteStore {
    async fn reserve(
        &self,
        tenant: TenantId,
        reservation: Reservation,
        now: DateTime<Utc>,
    ) -> Result<Reserved, StoreError> {
        let now = rounded(now)?;
        self.transaction(move |db| {
            Box::pin(async move { reserve(db, tenant, &reservation, now).await })
        })
        .await
    }

    async fn release(
        &self,
        tenant: TenantId,
        call: CallId,
        releases: &[Release],
        _now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let releases = releases.to_vec();
        self.transaction(move |db| {
            Box::pin(async move { release(db, tenant, call, &releases).await })
        })
        .await
    }

    async fn held(&self, tenant: TenantId, now: DateTime<Utc>) -> Result<u64, StoreError> {
        self.snapshot(move |db| {
            Box::pin(async move {
                let places: i64 = sqlx::query_scalar(
                    "SELECT COUNT(*) FROM reservation_items \
                     WHERE tenant_id = ?1 AND window_kind = 'concurrent' AND expires_at > ?2",
                )
                .bind(tenant.uuid())
                .bind(now.timestamp_micros())
                .fetch_one(db)
                .await
                .map_err(failed)?;
                count(places)
            })
        })
        .await
    }
}

async fn reserve(
    db: &mut SqliteConnection,
    tenant: TenantId,
    wanted: &Reservation,
    now: DateTime<Utc>,
) -> Result<Reserved, StoreError> {
    release(db, tenant, wanted.call, &wanted.releases).await?;
    // An ended call gets not even its own earlier grant again: its places are given back.
    if has_ended(db, tenant, wanted.call).await? {
        return Ok(Reserved::CallEnded);
    }
    if let Some(held) = granted(db, tenant, wanted).await? {
        return Ok(Reserved::Held(held));
    }
    free_expired(db, tenant, now).await?;
    let (fits, passed_over) = first_that_fits(db, tenant, &wanted.claims, now).await?;
    let Some(claim) = fits else { return Ok(Reserved::Full { passed_over }) };
    let held = Held {
        candidate: claim.candidate,
        lease: wanted.lease,
        at: now,
        expires_at: now + TimeDelta::seconds(i64::from(wanted.lease_secs)),
        passed_over,
    };
    grant(db, tenant, wanted, claim, &held).await?;
    Ok(Reserved::Held(held))
}

/// Gives back what these attempts hold.
pub(crate) async fn release(
    db: &mut SqliteConnection,
    tenant: TenantId,
    call: CallId,
    releases: &[Release],
) -> Result<(), StoreError> {
    for release in releases {
        give_back(db, tenant, (call, release.attempt), release.refund).await?;
    }
    Ok(())
}

/// Gives back all that is left of a call that is over. Attempts that it does not know never dialled.
pub(crate) async fn close(
    db: &mut SqliteConnection,
    tenant: TenantId,
    call: &Call,
) -> Result<(), StoreError> {
    let open: Vec<(u32, Uuid)> = sqlx::query_as(
        "SELECT attempt, lease_id FROM reservations \
         WHERE tenant_id = ?1 AND call_id = ?2 AND open = 1",
    )
    .bind(tenant.uuid())
    .bind(call.id.uuid())
    .fetch_all(&mut *db)
    .await
    .map_err(failed)?;
    for (attempt, lease) in open {
        let lease = Some(LeaseId::from_uuid(lease));
        let known = call.attempts.iter().any(|one| one.attempt == attempt && one.lease == lease);
        give_back(db, tenant, (call.id, attempt), !known).await?;
    }
    Ok(())
}

async fn has_ended(
    db: &mut SqliteConnection,
    tenant: TenantId,
    call: CallId,
) -> Result<bool, StoreError> {
    let ended: Option<bool> =
        sqlx::query_scalar("SELECT ended FROM calls WHERE tenant_id = ?1 AND id = ?2")
            .bind(tenant.uuid())
            .bind(call.uuid())
            .fetch_optional(db)
            .await
            .map_err(failed)?;
    Ok(ended == Some(true))
}

/// What this attempt was granted before. The column is named after the buyers that were there first.
async fn granted(
    db: &mut SqliteConnection,
    tenant: TenantId,
    wanted: &Reservation,
) -> Result<Option<Held>, StoreError> {
    let row: Option<(Uuid, Uuid, i64, i64, String)> = sqlx::query_as(
        "SELECT buyer_id, lease_id, granted_at, expires_at, passed_over FROM reservations \
         WHERE tenant_id = ?1 AND call_id = ?2 AND attempt = ?3",
    )
    .bind(tenant.uuid())
    .bind(wanted.call.uuid())
    .bind(wanted.attempt)
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    let held = row.map(|(candidate, lease, granted_at, expires_at, passed_over)| {
        Ok(Held {
            candidate: CandidateId::from_uuid(candidate),
            lease: LeaseId::from_uuid(lease),
            at: instant(granted_at)?,
            expires_at: instant(expires_at)?,
            passed_over: parse("list of full caps", &passed_over)?,
        })
    });
    held.transpose()
}

async fn first_that_fits<'claims>(
    db: &mut SqliteConnection,
    tenant: TenantId,
    claims: &'claims [Claim],
    now: DateTime<Utc>,
) -> Result<(Option<&'claims Claim>, PassedOver), StoreError> {
    let mut passed_over = Vec::new();
    for claims in claims.chunks(CLAIMS_AT_ONCE) {
        let caps = claims.iter().flat_map(|claim| &claim.caps);
        let wanted: BTreeSet<Place> = caps.map(|cap| place(cap, now)).collect();
        let counters = Counters::read(db, tenant, &Vec::from_iter(&wanted)).await?;
        for claim in claims {
            let mut caps = claim.caps.iter();
            match caps.find(|cap| counters.used(&place(cap, now)) >= cap.limit) {
                Some(full) => passed_over.push((claim.candidate, full.key)),
                None => return Ok((Some(claim), passed_over)),
            }
        }
    }
    Ok((None, passed_over))
}

async fn grant(
    db: &mut SqliteConnection,
    tenant: TenantId,
    wanted: &Reservation,
    claim: &Claim,
    held: &Held,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO reservations (tenant_id, call_id, attempt, lease_id, buyer_id, granted_at, \
         expires_at, passed_over, open) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1)",
    )
    .bind(tenant.uuid())
    .bind(wanted.call.uuid())
    .bind(wanted.attempt)
    .bind(held.lease.uuid())
    .bind(held.candidate.uuid())
    .bind(held.at.timestamp_micros())
    .bind(held.expires_at.timestamp_micros())
    .bind(json("list of full caps", &held.passed_over)?)
    .execute(&mut *db)
    .await
    .map_err(failed)?;
    let mut taken = BTreeSet::new();
    for cap in &claim.caps {
        let place = place(cap, held.at);
        // A cap that stands twice in a claim takes one place.
        if taken.contains(&place) {
            continue;
        }
        if !take(db, tenant, &place, cap.limit).await? {
            return Err(StoreError::corrupt("counter", "a cap with room was full at once"));
        }
        taken.insert(place);
    }
    note(db, tenant, (wanted.call, wanted.attempt), &taken, held.expires_at).await
}
