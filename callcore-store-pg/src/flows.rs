//! The published versions of flows, and what they name.

use std::collections::BTreeSet;

use async_trait::async_trait;
use callcore::model::{CampaignStatus, FlowDefinition, FlowReferences, Kind, Router, Stored};
use callcore::port::{
    FlowRecord, FlowSource, FlowStage, FlowVersion, FlowVersionSummary, Flows, NewTrial,
    PinnedFlow, RegistryError, StoreError, Trial, TrialError,
};
use callcore::vocabulary::{BuyerId, FlowId, Page, PageRequest, RouterId, TenantId};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::archive;
use crate::error::failed;
use crate::object::{self, read_all};
use crate::open::PgStore;
use crate::row::{column, count, parse, rounded, small_count};
use crate::transaction::{in_tenant, snapshot};
use crate::trials;

#[async_trait]
impl Flows for PgStore {
    async fn publish(
        &self,
        tenant: TenantId,
        flow: FlowId,
        draft: u64,
        now: DateTime<Utc>,
    ) -> Result<FlowVersion, RegistryError> {
        let now = rounded(now)?;
        let pool = self.api_pool()?;
        // What is published already raises no revision, and no plan is compiled anew for it.
        let standing =
            snapshot(pool, tenant, move |db| Box::pin(standing(db, tenant, flow, draft))).await?;
        if let Standing::Published(version) = standing {
            return Ok(version);
        }
        self.change(tenant, false, move |db| Box::pin(publish(db, tenant, flow, draft, now))).await
    }

    async fn newest(
        &self,
        tenant: TenantId,
        flow: FlowId,
    ) -> Result<Option<FlowVersion>, StoreError> {
        snapshot(self.api_pool()?, tenant, move |db| Box::pin(newest(db, tenant, flow))).await
    }

    async fn versions(
        &self,
        tenant: TenantId,
        flow: FlowId,
        before: Option<u32>,
        limit: usize,
    ) -> Result<Vec<FlowVersionSummary>, StoreError> {
        let (pool, part) = (self.api_pool()?, (before, limit));
        snapshot(pool, tenant, move |db| Box::pin(versions(db, tenant, flow, part))).await
    }

    async fn version(
        &self,
        tenant: TenantId,
        flow: FlowId,
        number: u32,
    ) -> Result<Option<FlowVersion>, StoreError> {
        let pool = self.api_pool()?;
        snapshot(pool, tenant, move |db| Box::pin(version(db, tenant, flow, number))).await
    }

    async fn record(
        &self,
        tenant: TenantId,
        flow: FlowId,
    ) -> Result<Option<FlowRecord>, StoreError> {
        let pool = self.api_pool()?;
        snapshot(pool, tenant, move |db| Box::pin(archive::record(db, tenant, flow))).await
    }

    async fn records(
        &self,
        tenant: TenantId,
        stage: Option<FlowStage>,
        page: PageRequest,
    ) -> Result<Page<FlowRecord>, StoreError> {
        let pool = self.api_pool()?;
        let found =
            snapshot(pool, tenant, move |db| Box::pin(archive::records(db, tenant, stage, page)));
        Ok(Page::from_surplus(found.await?, page.limit, |record| record.draft.cursor()))
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
        snapshot(self.api_pool()?, tenant, move |db| Box::pin(known(db, tenant, named))).await
    }

    async fn try_out(
        &self,
        tenant: TenantId,
        trial: NewTrial,
        now: DateTime<Utc>,
    ) -> Result<Trial, TrialError> {
        let (pool, now) = (self.api_pool()?, rounded(now)?);
        in_tenant(pool, tenant, move |db| Box::pin(trials::try_out(db, tenant, trial, now))).await
    }
}

async fn known(
    db: &mut PgConnection,
    tenant: TenantId,
    named: FlowReferences,
) -> Result<FlowReferences, StoreError> {
    let buyers = named.buyers.into_iter().map(BuyerId::uuid).collect();
    let buyers = object::known(db, tenant, Kind::Buyer, buyers).await?;
    let routers = named.routers.into_iter().map(RouterId::uuid).collect();
    let routers = object::known(db, tenant, Kind::Router, routers).await?;
    Ok(FlowReferences {
        buyers: buyers.into_iter().map(BuyerId::from_uuid).collect(),
        routers: routers.into_iter().map(RouterId::from_uuid).collect(),
    })
}

/// A campaign names a flow that is there, and takes up none that is archived. No other change of the
/// tenant happens at the same time.
pub(crate) async fn check_named(
    db: &mut PgConnection,
    tenant: TenantId,
    campaign: Uuid,
    flow: FlowId,
    status: CampaignStatus,
) -> Result<(), RegistryError> {
    let refused: Option<bool> = sqlx::query_scalar(
        "SELECT archived_at IS NOT NULL AND ($4 OR NOT EXISTS (SELECT 1 FROM campaigns \
         WHERE tenant_id = $1 AND id = $3 AND flow_id = $2)) \
         FROM flows WHERE tenant_id = $1 AND id = $2",
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

/// How a draft stands.
enum Standing {
    /// It is the newest version already.
    Published(FlowVersion),
    /// It would be the version of this number.
    Unpublished(u32),
}

async fn standing(
    db: &mut PgConnection,
    tenant: TenantId,
    flow: FlowId,
    draft: u64,
) -> Result<Standing, RegistryError> {
    // The document as well: a flow that was deleted and is created again counts its drafts anew.
    let row: Option<(i64, bool, Option<i64>, Option<bool>)> = sqlx::query_as(
        "SELECT f.version, f.archived_at IS NOT NULL, v.number, \
         v.draft = f.version AND v.document::text = f.document::text FROM flows AS f LEFT JOIN LATERAL (\
         SELECT number, draft, document FROM flow_versions \
         WHERE tenant_id = $1 AND flow_id = $2 ORDER BY number DESC LIMIT 1) AS v ON true \
         WHERE f.tenant_id = $1 AND f.id = $2",
    )
    .bind(tenant.uuid())
    .bind(flow.uuid())
    .fetch_optional(&mut *db)
    .await
    .map_err(failed)?;
    let (current, archived, newest, same) = row.ok_or(RegistryError::NotFound(Kind::Flow))?;
    if archived {
        return Err(RegistryError::FlowArchived);
    }
    if count(current)? != draft {
        return Err(RegistryError::VersionConflict);
    }
    let newest = newest.map(small_count).transpose()?.unwrap_or(0);
    if same == Some(true)
        && let Some(published) = version(db, tenant, flow, newest).await?
    {
        return Ok(Standing::Published(published));
    }
    Ok(Standing::Unpublished(newest + 1))
}

async fn publish(
    db: &mut PgConnection,
    tenant: TenantId,
    flow: FlowId,
    draft: u64,
    now: DateTime<Utc>,
) -> Result<FlowVersion, RegistryError> {
    let number = match standing(db, tenant, flow, draft).await? {
        Standing::Published(version) => return Ok(version),
        Standing::Unpublished(number) => number,
    };
    // The draft's own text, so that it can be told to be the same later.
    let row: Row = sqlx::query_as(
        "INSERT INTO flow_versions (tenant_id, flow_id, number, draft, published_at, document) \
         SELECT tenant_id, id, $3, version, $4, document FROM flows \
         WHERE tenant_id = $1 AND id = $2 \
         RETURNING number, draft, published_at, document::text",
    )
    .bind(tenant.uuid())
    .bind(flow.uuid())
    .bind(i64::from(number))
    .bind(now)
    .fetch_one(db)
    .await
    .map_err(failed)?;
    Ok(read(row)?)
}

/// Number, draft, publication and document of a version.
type Row = (i64, i64, DateTime<Utc>, String);

fn read((number, draft, published_at, document): Row) -> Result<FlowVersion, StoreError> {
    let (number, draft) = (small_count(number)?, count(draft)?);
    Ok(FlowVersion { number, draft, published_at, definition: parse("flow version", &document)? })
}

/// Versions without their documents.
async fn versions(
    db: &mut PgConnection,
    tenant: TenantId,
    flow: FlowId,
    (before, limit): (Option<u32>, usize),
) -> Result<Vec<FlowVersionSummary>, StoreError> {
    // No part of a document that names the character 0 anywhere can be taken out of it: it comes whole.
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT number, draft, published_at, \
         CASE WHEN strpos(document::text, '\\u0000') > 0 THEN document::text \
         ELSE (document -> 'name')::text END FROM flow_versions \
         WHERE tenant_id = $1 AND flow_id = $2 AND number < $3 ORDER BY number DESC LIMIT $4",
    )
    .bind(tenant.uuid())
    .bind(flow.uuid())
    .bind(before.map_or(i64::MAX, i64::from))
    .bind(column(limit as u64))
    .fetch_all(db)
    .await
    .map_err(failed)?;
    let summary = |(number, draft, published_at, named): Row| {
        let name = match parse("name of a flow", &named)? {
            Named::Alone(name) | Named::Document { name } => name,
        };
        let (number, draft) = (small_count(number)?, count(draft)?);
        Ok(FlowVersionSummary { number, draft, published_at, name })
    };
    rows.into_iter().map(summary).collect()
}

/// A flow's name, by itself or in its document.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Named {
    Alone(String),
    Document { name: String },
}

async fn version(
    db: &mut PgConnection,
    tenant: TenantId,
    flow: FlowId,
    number: u32,
) -> Result<Option<FlowVersion>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT number, draft, published_at, document::text FROM flow_versions \
         WHERE tenant_id = $1 AND flow_id = $2 AND number = $3",
    )
    .bind(tenant.uuid())
    .bind(flow.uuid())
    .bind(i64::from(number))
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    row.map(read).transpose()
}

async fn newest(
    db: &mut PgConnection,
    tenant: TenantId,
    flow: FlowId,
) -> Result<Option<FlowVersion>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT number, draft, published_at, document::text FROM flow_versions \
         WHERE tenant_id = $1 AND flow_id = $2 ORDER BY number DESC LIMIT 1",
    )
    .bind(tenant.uuid())
    .bind(flow.uuid())
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    row.map(read).transpose()
}

/// The version or trial that was asked for, else the newest version of the flow that a campaign names,
/// with what it names.
pub(crate) async fn source(
    db: &mut PgConnection,
    tenant: TenantId,
    pinned: Option<PinnedFlow>,
    named: Option<FlowId>,
) -> Result<Option<FlowSource>, StoreError> {
    let (flow, found) = match (pinned, named) {
        (Some(trial), _) if trial.is_trial() => {
            (trial.flow, trials::as_version(db, tenant, trial).await?)
        }
        (Some(PinnedFlow { flow, version: number }), _) => {
            (flow, version(db, tenant, flow, number).await?)
        }
        (None, Some(flow)) => (flow, newest(db, tenant, flow).await?),
        (None, None) => return Ok(None),
    };
    let Some(FlowVersion { number, definition, .. }) = found else { return Ok(None) };
    let pinned = PinnedFlow { flow, version: number };
    with_references(db, tenant, pinned, definition).await.map(Some)
}

async fn with_references(
    db: &mut PgConnection,
    tenant: TenantId,
    pinned: PinnedFlow,
    definition: FlowDefinition,
) -> Result<FlowSource, StoreError> {
    let references = definition.references();
    let buyers = references.buyers.into_iter().map(BuyerId::uuid);
    let routers = references.routers.into_iter().map(RouterId::uuid);
    let buyers = read_all(db, tenant, Kind::Buyer, buyers.collect()).await?;
    let routers: Vec<Stored<Router>> =
        read_all(db, tenant, Kind::Router, routers.collect()).await?;
    let assigned = routers.iter().flat_map(|router| &router.value.assignments);
    let targets: BTreeSet<_> = assigned.map(|assigned| assigned.target_id.uuid()).collect();
    let targets = targets.into_iter().collect();
    let router_targets = read_all(db, tenant, Kind::Target, targets).await?;
    Ok(FlowSource { pinned, definition, buyers, routers, router_targets })
}
