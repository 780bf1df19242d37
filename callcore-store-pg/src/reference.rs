//! What spans the configuration objects of a tenant: which of them name which.

use callcore::model::{Campaign, CampaignStatus, Kind, Object, Router};
use callcore::port::{Holder, RegistryError, StoreError};
use callcore::vocabulary::TenantId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::failed;
use crate::flows;
use crate::object::exists;
use crate::row::parse;

/// Refuses what spans objects of a tenant. No other change of the tenant happens at the same time.
pub(crate) async fn check(
    db: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
    object: &Object,
) -> Result<(), RegistryError> {
    match object {
        Object::Campaign(campaign) => check_campaign(db, tenant, id, campaign).await,
        Object::Router(router) => check_router(db, tenant, router).await,
        Object::Buyer(_)
        | Object::Number(_)
        | Object::Target(_)
        | Object::Flow(_)
        | Object::FlowTemplate(_) => Ok(()),
    }
}

/// A router names targets that are there.
async fn check_router(
    db: &mut PgConnection,
    tenant: TenantId,
    router: &Router,
) -> Result<(), RegistryError> {
    let named = router.assignments.iter().map(|assigned| assigned.target_id.uuid());
    let unknown: Option<i64> = sqlx::query_scalar(
        "SELECT min(w.position) FROM unnest($2) WITH ORDINALITY AS w (target, position) \
         WHERE NOT EXISTS (SELECT 1 FROM rtb_targets WHERE tenant_id = $1 AND id = w.target)",
    )
    .bind(tenant.uuid())
    .bind(named.collect::<Vec<_>>())
    .fetch_one(db)
    .await
    .map_err(failed)?;
    match unknown {
        None => Ok(()),
        Some(position) => Err(RegistryError::UnknownReference {
            path: format!("/assignments/{}/targetId", position - 1).into(),
            kind: Kind::Target,
        }),
    }
}

/// A campaign names a router, a flow and a number that are there, and shares the number with no other
/// active one.
async fn check_campaign(
    db: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
    campaign: &Campaign,
) -> Result<(), RegistryError> {
    if let Some(router) = campaign.rtb_router_id
        && !exists(db, tenant, Kind::Router, router.uuid()).await?
    {
        let path = "/rtbRouterId".into();
        return Err(RegistryError::UnknownReference { path, kind: Kind::Router });
    }
    if let Some(flow) = campaign.flow_id {
        flows::check_named(db, tenant, id, flow, campaign.status).await?;
    }
    let Some(number) = campaign.phone_number_id else { return Ok(()) };
    if !exists(db, tenant, Kind::Number, number.uuid()).await? {
        let path = "/phoneNumberId".into();
        return Err(RegistryError::UnknownReference { path, kind: Kind::Number });
    }
    if campaign.status != CampaignStatus::Active {
        return Ok(());
    }
    let rival: Option<(Uuid, String)> = sqlx::query_as(
        "SELECT id, name FROM campaigns \
         WHERE tenant_id = $1 AND phone_number_id = $2 AND status = 'active' AND id <> $3",
    )
    .bind(tenant.uuid())
    .bind(number.uuid())
    .bind(id)
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    match rival {
        Some(rival) => Err(RegistryError::NumberInUse(holder(rival))),
        None => Ok(()),
    }
}

/// What holds on to an object, so that it cannot be deleted.
pub(crate) async fn holders(
    db: &mut PgConnection,
    tenant: TenantId,
    kind: Kind,
    id: Uuid,
) -> Result<Vec<Holder>, StoreError> {
    let query = match kind {
        Kind::Campaign | Kind::FlowTemplate => return Ok(Vec::new()),
        Kind::Buyer => sqlx::query_as(
            "SELECT c.id, c.name FROM campaign_buyers AS a \
             JOIN campaigns AS c ON c.tenant_id = a.tenant_id AND c.id = a.campaign_id \
             WHERE a.tenant_id = $1 AND a.buyer_id = $2 ORDER BY c.id",
        ),
        Kind::Number => sqlx::query_as(
            "SELECT id, name FROM campaigns WHERE tenant_id = $1 AND phone_number_id = $2 \
             ORDER BY id",
        ),
        Kind::Target => sqlx::query_as(
            "SELECT c.id, c.name FROM campaign_targets AS a \
             JOIN campaigns AS c ON c.tenant_id = a.tenant_id AND c.id = a.campaign_id \
             WHERE a.tenant_id = $1 AND a.target_id = $2 ORDER BY c.id",
        ),
        Kind::Router => sqlx::query_as(
            "SELECT id, name FROM campaigns WHERE tenant_id = $1 AND rtb_router_id = $2 ORDER BY id",
        ),
        Kind::Flow => sqlx::query_as(
            "SELECT id, name FROM campaigns WHERE tenant_id = $1 AND flow_id = $2 ORDER BY id",
        ),
    };
    let rows: Vec<(Uuid, String)> =
        query.bind(tenant.uuid()).bind(id).fetch_all(&mut *db).await.map_err(failed)?;
    let mut holders: Vec<_> = rows.into_iter().map(holder).collect();
    if kind == Kind::Target {
        holders.extend(routers_of(db, tenant, id).await?);
    }
    Ok(holders)
}

/// The routers that name a target.
async fn routers_of(
    db: &mut PgConnection,
    tenant: TenantId,
    target: Uuid,
) -> Result<Vec<Holder>, StoreError> {
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "SELECT r.id, r.document::text FROM rtb_routers AS r WHERE r.tenant_id = $1 AND EXISTS (\
         SELECT 1 FROM rtb_router_assignments AS a \
         WHERE a.tenant_id = $1 AND a.router_id = r.id AND a.target_id = $2) ORDER BY r.id",
    )
    .bind(tenant.uuid())
    .bind(target)
    .fetch_all(db)
    .await
    .map_err(failed)?;
    let holder = |(id, document): (Uuid, String)| {
        let Router { name, .. } = parse("router", &document)?;
        Ok(Holder { kind: Kind::Router, id, name })
    };
    rows.into_iter().map(holder).collect()
}

fn holder((id, name): (Uuid, String)) -> Holder {
    Holder { kind: Kind::Campaign, id, name }
}
