//! Published versions of flows, and what a published flow names.

use std::collections::BTreeSet;

use async_trait::async_trait;
use callcore::model::{CampaignStatus, FlowDefinition, FlowReferences, Kind, Router, Stored};
use callcore::port::{
    FlowRecord, FlowSource, FlowStage, FlowVersion, FlowVersionSummary, Flows, NewTrial,
    PinnedFlow, RegistryError, StoreError, Trial, TrialError,
};
use callcore::vocabulary::{BuyerId, FlowId, Page, PageRequest, RouterId, TargetId, TenantId};
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::SqliteStore;
use crate::archive;
use crate::error::failed;
use crate::object;
use crate::row::{column, count, instant, json, parse, rounded};
use crate::trials;

/// The columns of a version: number, draft, publication, document.
type Columns = (u32, i64, i64, String);

/// Why nothing was written.
enum Unwritten {
    /// The draft is published already.
    Known(FlowVersion),
    Refused(RegistryError),
}

impl<E: Into<RegistryError>> From<E> for Unwritten {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

#[async_trait]
impl Flows for SqliteStore {
    async fn publish(
        &self,
        tenant: TenantId,
        flow: FlowId,
        draft: u64,
        now: DateTime<Utc>,
    ) -> Result<FlowVersion, RegistryError> {
        let now = rounded(now)?;
        let written = self
            .change(tenant, false, move |db| Box::pin(publish(db, tenant, (flow, draft), now)))
            .await;
        match written {
            Ok(version) | Err(Unwritten::Known(version)) => Ok(version),
            Err(Unwritten::Refused(error)) => Err(error),
        }
    }

    async fn newest(
        &self,
        tenant: TenantId,
        flow: FlowId,
    ) -> Result<Option<FlowVersion>, StoreError> {
        self.snapshot(move |db| Box::pin(newest(db, tenant, flow))).await
    }

    async fn versions(
        &self,
        tenant: TenantId,
        flow: FlowId,
        before: Option<u32>,
        limit: usize,
    ) -> Result<Vec<FlowVersionSummary>, StoreError> {
        self.snapshot(move |db| Box::pin(versions(db, tenant, flow, (before, limit)))).await
    }

    async fn version(
        &self,
        tenant: TenantId,
        flow: FlowId,
        number: u32,
    ) -> Result<Option<FlowVersion>, StoreError> {
        let pinned = PinnedFlow { flow, version: number };
        self.snapshot(move |db| Box::pin(one(db, tenant, pinned))).await
    }

    async fn record(
        &self,
        tenant: TenantId,
        flow: FlowId,
    ) -> Result<Option<FlowRecord>, StoreError> {
        self.snapshot(move |db| Box::pin(archive::record(db, tenant, flow))).await
    }

    async fn records(
        &self,
        tenant: TenantId,
        stage: Option<FlowStage>,
        page: PageRequest,
    ) -> Result<Page<FlowRecord>, StoreError> {
        let found =
            self.snapshot(move |db| Box::pin(archive::records(db, tenant, stage, page))).await;
        Ok(Page::from_surplus(found?, page.limit, |record| record.draft.cursor()))
    }

    async fn archive(
        &self,
        tenant: TenantId,
        flow: FlowId,
        now: DateTime<Utc>,
    ) -> Result<(), RegistryError> {
        let now = rounded(now)?;
        self.change(tenant, false, move |db| Box::pin(archive::archive(db, tenant, flow, now)))
            .await
    }

    async fn restore(&self, tenant: TenantId, flow: FlowId) -> Result<(), RegistryError> {
        self.change(tenant, false, move |db| Box::pin(archive::restore(db, tenant, flow))).await
    }

    async fn known(
        &self,
        tenant: TenantId,
        named: FlowReferences,
    ) -> Result<FlowReferences, StoreError> {
        self.snapshot(move |db| Box::pin(known(db, tenant, named))).await
    }

    async fn try_out(
        &self,
        tenant: TenantId,
        trial: NewTrial,
        now: DateTime<Utc>,
    ) -> Result<Trial, TrialError> {
        let now = rounded(now)?;
        self.transaction(move |db| Box::pin(trials::try_out(db, tenant, trial, now))).await
    }
}

/// Versions without their documents.
async fn versions(
    db: &mut SqliteConnection,
    tenant: TenantId,
    flow: FlowId,
    (before, limit): (Option<u32>, usize),
) -> Result<Vec<FlowVersionSummary>, StoreError> {
    // The name as JSON, so that every character of it comes back.
    let rows: Vec<Columns> = sqlx::query_as(
        "SELECT number, draft, published_at, document -> '$.name' FROM flow_versions \
         WHERE tenant_id = ?1 AND flow_id = ?2 AND number < ?3 ORDER BY number DESC LIMIT ?4",
    )
    .bind(tenant.uuid())
    .bind(flow.uuid())
    .bind(before.map_or(i64::MAX, i64::from))
    .bind(column(limit as u64))
    .fetch_all(db)
    .await
    .map_err(failed)?;
    let summary = |(number, draft, published_at, name): Columns| {
        Ok(FlowVersionSummary {
            number,
            draft: count(draft)?,
            published_at: instant(published_at)?,
            name: parse("name of a flow", &name)?,
        })
    };
    rows.into_iter().map(summary).collect()
}

async fn known(
    db: &mut SqliteConnection,
    tenant: TenantId,
    named: FlowReferences,
) -> Result<FlowReferences, StoreError> {
    let buyers = named.buyers.into_iter().map(BuyerId::uuid);
    let buyers = object::known(db, tenant, Kind::Buyer, buyers).await?;
    let routers = named.routers.into_iter().map(RouterId::uuid);
    let routers = object::known(db, tenant, Kind::Router, routers).await?;
    Ok(FlowReferences {
        buyers: buyers.into_iter().map(BuyerId::from_uuid).collect(),
        routers: routers.into_iter().map(RouterId::from_uuid).collect(),
    })
}

/// A campaign names a flow that is there, and takes up none that is archived.
pub(crate) async fn check_named(
    db: &mut SqliteConnection,
    tenant: TenantId,
    campaign: Uuid,
    flow: FlowId,
    status: CampaignStatus,
) -> Result<(), RegistryError> {
    let refused: Option<bool> = sqlx::query_scalar(
        "SELECT archived_at IS NOT NULL AND (?4 OR NOT EXISTS (SELECT 1 FROM campaigns \
         WHERE tenant_id = ?1 AND id = ?3 AND flow_id = ?2)) \
         FROM flows WHERE tenant_id = ?1 AND id = ?2",
    )
    .bind(tenant.uuid())
    .bind(flow.uuid())
    .bind(campaign)
    .bind(status == CampaignStatus::Active)
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    match refused {
        None => {
            let path = "/flowId".into();
            Err(RegistryError::UnknownReference { path, kind: Kind::Flow })
        }
        Some(true) => Err(RegistryError::FlowArchived),
        Some(false) => Ok(()),
    }
}

fn version((number, draft, published_at, document): Columns) -> Result<FlowVersion, StoreError> {
    Ok(FlowVersion {
        number,
        draft: count(draft)?,
        published_at: instant(published_at)?,
        definition: parse("flow", &document)?,
    })
}

async fn publish(
    db: &mut SqliteConnection,
    tenant: TenantId,
    (flow, draft): (FlowId, u64),
    now: DateTime<Utc>,
) -> Result<FlowVersion, Unwritten> {
    let row = object::read(db, tenant, Kind::Flow, flow.uuid()).await?;
    let row = row.ok_or(RegistryError::NotFound(Kind::Flow))?;
    let row: Stored<FlowDefinition> =
        row.of().map_err(|error| StoreError::corrupt("flow", error))?;
    if archive::is_archived(db, tenant, flow).await? {
        return Err(RegistryError::FlowArchived.into());
    }
    if row.version != draft {
        return Err(RegistryError::VersionConflict.into());
    }
    let newest = newest(db, tenant, flow).await?;
    let number = newest.as_ref().map_or(0, |newest| newest.number) + 1;
    // The document as well: a flow that was deleted and is created again counts its drafts anew.
    if let Some(newest) = newest.filter(|one| one.draft == draft && one.definition == row.value) {
        return Err(Unwritten::Known(newest));
    }
    sqlx::query(
        "INSERT INTO flow_versions (tenant_id, flow_id, number, draft, published_at, document) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(tenant.uuid())
    .bind(flow.uuid())
    .bind(number)
    .bind(column(draft))
    .bind(now.timestamp_micros())
    .bind(json("flow", &row.value)?)
    .execute(db)
    .await
    .map_err(failed)?;
    Ok(FlowVersion { number, draft, published_at: now, definition: row.value })
}

async fn newest(
    db: &mut SqliteConnection,
    tenant: TenantId,
    flow: FlowId,
) -> Result<Option<FlowVersion>, StoreError> {
    let row: Option<Columns> = sqlx::query_as(
        "SELECT number, draft, published_at, document FROM flow_versions \
         WHERE tenant_id = ?1 AND flow_id = ?2 ORDER BY number DESC LIMIT 1",
    )
    .bind(tenant.uuid())
    .bind(flow.uuid())
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    row.map(version).transpose()
}

async fn one(
    db: &mut SqliteConnection,
    tenant: TenantId,
    pinned: PinnedFlow,
) -> Result<Option<FlowVersion>, StoreError> {
    let row: Option<Columns> = sqlx::query_as(
        "SELECT number, draft, published_at, document FROM flow_versions \
         WHERE tenant_id = ?1 AND flow_id = ?2 AND number = ?3",
    )
    .bind(tenant.uuid())
    .bind(pinned.flow.uuid())
    .bind(pinned.version)
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    row.map(version).transpose()
}

/// The version or trial that was asked for, else the newest version of the flow that the campaign
/// names, with what it names.
pub(crate) async fn source(
    db: &mut SqliteConnection,
    tenant: TenantId,
    pinned: Option<PinnedFlow>,
    named: Option<FlowId>,
) -> Result<Option<FlowSource>, StoreError> {
    let (flow, version) = match (pinned, named) {
        (Some(trial), _) if trial.is_trial() => {
            (trial.flow, trials::as_version(db, tenant, trial).await?)
        }
        (Some(pinned), _) => (pinned.flow, one(db, tenant, pinned).await?),
        (None, Some(named)) => (named, newest(db, tenant, named).await?),
        (None, None) => return Ok(None),
    };
    let Some(FlowVersion { number, definition, .. }) = version else { return Ok(None) };
    let references = definition.references();
    let buyers = references.buyers.iter().copied().map(BuyerId::uuid);
    let buyers = object::read_several(db, tenant, Kind::Buyer, buyers).await?;
    let routers = references.routers.iter().copied().map(RouterId::uuid);
    let routers: Vec<Stored<Router>> =
        object::read_several(db, tenant, Kind::Router, routers).await?;
    let assigned = routers.iter().flat_map(|router| &router.value.assignments);
    let targets: BTreeSet<TargetId> = assigned.map(|assigned| assigned.target_id).collect();
    let targets = targets.into_iter().map(TargetId::uuid);
    Ok(Some(FlowSource {
        pinned: PinnedFlow { flow, version: number },
        definition,
        buyers,
        router_targets: object::read_several(db, tenant, Kind::Target, targets).await?,
        routers,
    }))
}
