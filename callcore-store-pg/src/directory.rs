//! The configuration as plans read it.

use async_trait::async_trait;
use callcore::model::{
    Campaign, CampaignStatus, Kind, Number, Object, Router, Stored, Target, WrongKind,
};
use callcore::port::{
    AssignedBuyer, AssignedTarget, Directory, NumberUse, PinnedFlow, Source, StoreError, Trial,
};
use callcore::vocabulary::{CampaignId, NumberId, RouterId, TenantId, TrialId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::assignment::{self, Assigned};
use crate::error::failed;
use crate::flows;
use crate::object::{self, word};
use crate::open::PgStore;
use crate::revision;
use crate::row::{Columns, parse, stored};
use crate::transaction::snapshot;
use crate::trials;

#[async_trait]
impl Directory for PgStore {
    fn revision(&self, tenant: TenantId) -> u64 {
        self.revisions().tenant(tenant)
    }

    fn numbers_revision(&self) -> u64 {
        self.revisions().numbers()
    }

    async fn source(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        flow: Option<PinnedFlow>,
    ) -> Result<Option<Source>, StoreError> {
        let pool = self.calls_pool()?;
        snapshot(pool, tenant, move |db| Box::pin(source(db, tenant, campaign, flow))).await
    }

    async fn trial(&self, tenant: TenantId, trial: TrialId) -> Result<Option<Trial>, StoreError> {
        let pool = self.calls_pool()?;
        snapshot(pool, tenant, move |db| Box::pin(trials::read(db, tenant, trial))).await
    }
}

async fn source(
    db: &mut PgConnection,
    tenant: TenantId,
    id: CampaignId,
    flow: Option<PinnedFlow>,
) -> Result<Option<Source>, StoreError> {
    let Some(campaign) = row::<Campaign>(db, tenant, Kind::Campaign, id.uuid()).await? else {
        return Ok(None);
    };
    let (number, number_also_used_by) = match campaign.value.phone_number_id {
        Some(number) => (
            row::<Number>(db, tenant, Kind::Number, number.uuid()).await?,
            other_uses(db, tenant, number, id).await?,
        ),
        None => (None, Vec::new()),
    };
    let (router, router_targets) = match campaign.value.rtb_router_id {
        Some(router) => (
            row::<Router>(db, tenant, Kind::Router, router.uuid()).await?,
            router_targets(db, tenant, router).await?,
        ),
        None => (None, Vec::new()),
    };
    let buyers = assignment::pairs(db, Assigned::Buyers, tenant, id).await?;
    let targets = assignment::pairs(db, Assigned::Targets, tenant, id).await?;
    let buyer = |(assignment, buyer)| AssignedBuyer { assignment, buyer };
    let target = |(assignment, target)| AssignedTarget { assignment, target };
    Ok(Some(Source {
        tenant,
        revision: revision::read(db, tenant).await?,
        flow: flows::source(db, tenant, flow, campaign.value.flow_id).await?,
        campaign,
        number,
        number_also_used_by,
        buyers: buyers.into_iter().map(buyer).collect(),
        targets: targets.into_iter().map(target).collect(),
        router,
        router_targets,
    }))
}

async fn row<T: TryFrom<Object, Error = WrongKind>>(
    db: &mut PgConnection,
    tenant: TenantId,
    kind: Kind,
    id: Uuid,
) -> Result<Option<Stored<T>>, StoreError> {
    let row = object::read(db, tenant, kind, id).await?;
    row.map(|row| object::of_kind(kind, row)).transpose()
}

/// The targets that a router names, in its order.
async fn router_targets(
    db: &mut PgConnection,
    tenant: TenantId,
    router: RouterId,
) -> Result<Vec<Stored<Target>>, StoreError> {
    let rows: Vec<Columns> = sqlx::query_as(
        "SELECT t.id, t.version, t.created_at, t.updated_at, t.document::text \
         FROM rtb_router_assignments AS a \
         JOIN rtb_targets AS t ON t.tenant_id = a.tenant_id AND t.id = a.target_id \
         WHERE a.tenant_id = $1 AND a.router_id = $2 ORDER BY a.position",
    )
    .bind(tenant.uuid())
    .bind(router.uuid())
    .fetch_all(db)
    .await
    .map_err(failed)?;
    rows.into_iter().map(|row| stored(row, |document| parse("target", document))).collect()
}

/// The other campaigns that name a number.
async fn other_uses(
    db: &mut PgConnection,
    tenant: TenantId,
    number: NumberId,
    campaign: CampaignId,
) -> Result<Vec<NumberUse>, StoreError> {
    let rows: Vec<(Uuid, String, String)> = sqlx::query_as(
        "SELECT id, name, status FROM campaigns \
         WHERE tenant_id = $1 AND phone_number_id = $2 AND id <> $3 ORDER BY id",
    )
    .bind(tenant.uuid())
    .bind(number.uuid())
    .bind(campaign.uuid())
    .fetch_all(db)
    .await
    .map_err(failed)?;
    let use_of = |(id, name, status): (Uuid, String, String)| {
        let campaign = CampaignId::from_uuid(id);
        Ok(NumberUse { campaign, name, status: status_of(&status)? })
    };
    rows.into_iter().map(use_of).collect()
}

fn status_of(column: &str) -> Result<CampaignStatus, StoreError> {
    use CampaignStatus::{Active, Completed, Draft, Paused};
    [Draft, Active, Paused, Completed]
        .into_iter()
        .find(|status| word(*status) == column)
        .ok_or_else(|| StoreError::corrupt("campaign status", column.to_owned()))
}
