//! Published versions of flows, and what a published flow names.

use std::collections::BTreeSet;

use async_trait::async_trait;
use callcore::model::{FlowDefinition, Kind, Router, Stored};
use callcore::port::{FlowSource, FlowVersion, Flows, PinnedFlow, RegistryError, StoreError};
use callcore::vocabulary::{BuyerId, FlowId, RouterId, TargetId, TenantId};
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use crate::SqliteStore;
use crate::error::failed;
use crate::object;
use crate::row::{column, count, instant, json, parse, rounded};

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

    async fn versions(
        &self,
        tenant: TenantId,
        flow: FlowId,
    ) -> Result<Vec<FlowVersion>, StoreError> {
        self.snapshot(move |db| {
            Box::pin(async move {
                let rows: Vec<Columns> = sqlx::query_as(
                    "SELECT number, draft, published_at, document FROM flow_versions \
                     WHERE tenant_id = ?1 AND flow_id = ?2 ORDER BY number DESC",
                )
                .bind(tenant.uuid())
                .bind(flow.uuid())
                .fetch_all(db)
                .await
                .map_err(failed)?;
                rows.into_iter().map(version).collect()
            })
        })
        .await
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

/// The version that was asked for, else the newest of the flow that the campaign names, with what it
/// names.
pub(crate) async fn source(
    db: &mut SqliteConnection,
    tenant: TenantId,
    pinned: Option<PinnedFlow>,
    named: Option<FlowId>,
) -> Result<Option<FlowSource>, StoreError> {
    let (flow, version) = match (pinned, named) {
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
