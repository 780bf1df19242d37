//! Trials of flows: what test calls run.

use callcore::port::{FlowVersion, NewTrial, PinnedFlow, StoreError, Trial, TrialError};
use callcore::vocabulary::{CampaignId, FlowId, TenantId, TrialId, limits};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::failed;
use crate::row::{json, parse, small_count};

pub(crate) async fn try_out(
    db: &mut PgConnection,
    tenant: TenantId,
    new: NewTrial,
    now: DateTime<Utc>,
) -> Result<Trial, TrialError> {
    // One after the other for each tenant. No revision is raised: what plans are made of stays.
    sqlx::query(
        "SELECT pg_advisory_xact_lock(hashtextextended('callcore trials ' || $1::text, 0))",
    )
    .bind(tenant.uuid())
    .execute(&mut *db)
    .await
    .map_err(failed)?;
    if let Some(known) = read(db, tenant, new.id).await? {
        return Ok(known);
    }
    let since = now - TimeDelta::minutes(1);
    let (recent, newest): (i64, Option<i64>) = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE created_at > $3), max(number) FILTER (WHERE flow_id = $2) \
         FROM flow_trials WHERE tenant_id = $1",
    )
    .bind(tenant.uuid())
    .bind(new.flow.uuid())
    .bind(since)
    .fetch_one(&mut *db)
    .await
    .map_err(failed)?;
    if recent >= i64::from(limits::TRIALS_PER_MINUTE) {
        return Err(TrialError::TooMany);
    }
    let newest = newest.map(small_count).transpose()?;
    let version = newest.map_or(limits::FIRST_TRIAL, |newest| newest + 1);
    let pinned = PinnedFlow { flow: new.flow, version };
    let trial = Trial { id: new.id, campaign: new.campaign, pinned, created_at: now };
    insert(db, tenant, &trial, &json("flow", &new.definition)?).await?;
    let gone = "DELETE FROM flow_trials WHERE tenant_id = $1 AND flow_id = $2 AND number <= $3";
    sqlx::query(gone)
        .bind(tenant.uuid())
        .bind(new.flow.uuid())
        .bind(i64::from(version - limits::FLOW_TRIALS))
        .execute(db)
        .await
        .map_err(failed)?;
    Ok(trial)
}

async fn insert(
    db: &mut PgConnection,
    tenant: TenantId,
    trial: &Trial,
    document: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO flow_trials (tenant_id, id, flow_id, number, campaign_id, created_at, document) \
         VALUES ($1, $2, $3, $4, $5, $6, $7::json)",
    )
    .bind(tenant.uuid())
    .bind(trial.id.uuid())
    .bind(trial.pinned.flow.uuid())
    .bind(i64::from(trial.pinned.version))
    .bind(trial.campaign.uuid())
    .bind(trial.created_at)
    .bind(document)
    .execute(db)
    .await
    .map(drop)
    .map_err(failed)
}

/// A trial, if it is still kept.
pub(crate) async fn read(
    db: &mut PgConnection,
    tenant: TenantId,
    id: TrialId,
) -> Result<Option<Trial>, StoreError> {
    let row: Option<(Uuid, i64, Uuid, DateTime<Utc>)> = sqlx::query_as(
        "SELECT flow_id, number, campaign_id, created_at FROM flow_trials \
         WHERE tenant_id = $1 AND id = $2",
    )
    .bind(tenant.uuid())
    .bind(id.uuid())
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    let Some((flow, version, campaign, created_at)) = row else { return Ok(None) };
    let version = small_count(version)?;
    Ok(Some(Trial {
        id,
        campaign: CampaignId::from_uuid(campaign),
        pinned: PinnedFlow { flow: FlowId::from_uuid(flow), version },
        created_at,
    }))
}

/// A trial's document in the shape of a version, which calls that are pinned to it run.
pub(crate) async fn as_version(
    db: &mut PgConnection,
    tenant: TenantId,
    pinned: PinnedFlow,
) -> Result<Option<FlowVersion>, StoreError> {
    let row: Option<(DateTime<Utc>, String)> = sqlx::query_as(
        "SELECT created_at, document::text FROM flow_trials \
         WHERE tenant_id = $1 AND flow_id = $2 AND number = $3",
    )
    .bind(tenant.uuid())
    .bind(pinned.flow.uuid())
    .bind(i64::from(pinned.version))
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    let Some((published_at, document)) = row else { return Ok(None) };
    Ok(Some(FlowVersion {
        number: pinned.version,
        draft: 0,
        published_at,
        definition: parse("flow trial", &document)?,
    }))
}
