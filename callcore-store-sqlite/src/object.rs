//! Configuration objects as rows, and what spans them.

use callcore::model::{Campaign, CampaignStatus, Kind, Object, Router, Stored, WrongKind};
use callcore::port::{Holder, RegistryError, StoreError};
use callcore::vocabulary::{FlowId, NumberId, PageRequest, RouterId, TenantId};
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::error::failed;
use crate::flows;
use crate::row::{Columns, column, json, object};

/// A statement on the table of a kind.
macro_rules! on_table {
    ($kind:expr, $before:literal, $after:literal) => {
        match $kind {
            Kind::Campaign => concat!($before, "campaigns", $after),
            Kind::Buyer => concat!($before, "buyers", $after),
            Kind::Number => concat!($before, "phone_numbers", $after),
            Kind::Target => concat!($before, "rtb_targets", $after),
            Kind::Router => concat!($before, "rtb_routers", $after),
            Kind::Flow => concat!($before, "flows", $after),
            Kind::FlowTemplate => concat!($before, "flow_templates", $after),
        }
    };
}

pub(crate) async fn read(
    db: &mut SqliteConnection,
    tenant: TenantId,
    kind: Kind,
    id: Uuid,
) -> Result<Option<Stored<Object>>, StoreError> {
    let row: Option<Columns> = sqlx::query_as(on_table!(
        kind,
        "SELECT id, version, created_at, updated_at, document FROM ",
        " WHERE tenant_id = ?1 AND id = ?2"
    ))
    .bind(tenant.uuid())
    .bind(id)
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    row.map(|columns| object(kind, columns)).transpose()
}

/// Those of these objects that are there, ordered by id.
pub(crate) async fn read_several<T: TryFrom<Object, Error = WrongKind>>(
    db: &mut SqliteConnection,
    tenant: TenantId,
    kind: Kind,
    ids: impl Iterator<Item = Uuid>,
) -> Result<Vec<Stored<T>>, StoreError> {
    let ids: Vec<String> = ids.map(|id| id.simple().to_string()).collect();
    let rows: Vec<Columns> = sqlx::query_as(on_table!(
        kind,
        "SELECT id, version, created_at, updated_at, document FROM ",
        " WHERE tenant_id = ?1 AND id IN (SELECT unhex(value) FROM json_each(?2)) ORDER BY id"
    ))
    .bind(tenant.uuid())
    .bind(json("ids", &ids)?)
    .fetch_all(db)
    .await
    .map_err(failed)?;
    let of_kind = |columns| {
        let row = object(kind, columns)?;
        row.of().map_err(|error| StoreError::corrupt(kind.name(), error))
    };
    rows.into_iter().map(of_kind).collect()
}

/// Which of these objects are there.
pub(crate) async fn known(
    db: &mut SqliteConnection,
    tenant: TenantId,
    kind: Kind,
    ids: impl Iterator<Item = Uuid>,
) -> Result<Vec<Uuid>, StoreError> {
    let ids: Vec<String> = ids.map(|id| id.simple().to_string()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_scalar(on_table!(
        kind,
        "SELECT id FROM ",
        " WHERE tenant_id = ?1 AND id IN (SELECT unhex(value) FROM json_each(?2))"
    ))
    .bind(tenant.uuid())
    .bind(json("ids", &ids)?)
    .fetch_all(db)
    .await
    .map_err(failed)
}

pub(crate) async fn exists(
    db: &mut SqliteConnection,
    tenant: TenantId,
    kind: Kind,
    id: Uuid,
) -> Result<bool, StoreError> {
    sqlx::query_scalar(on_table!(
        kind,
        "SELECT EXISTS (SELECT 1 FROM ",
        " WHERE tenant_id = ?1 AND id = ?2)"
    ))
    .bind(tenant.uuid())
    .bind(id)
    .fetch_one(db)
    .await
    .map_err(failed)
}

/// Up to one row more than a page has.
pub(crate) async fn list(
    db: &mut SqliteConnection,
    tenant: TenantId,
    kind: Kind,
    page: PageRequest,
) -> Result<Vec<Stored<Object>>, StoreError> {
    let after = page.after.map(|after| (after.created_at.timestamp_micros(), after.id));
    let (created_at, id) = after.unwrap_or((i64::MAX, Uuid::max()));
    let rows: Vec<Columns> = sqlx::query_as(on_table!(
        kind,
        "SELECT id, version, created_at, updated_at, document FROM ",
        " WHERE tenant_id = ?1 AND (created_at, id) < (?2, ?3) \
         ORDER BY created_at DESC, id DESC LIMIT ?4"
    ))
    .bind(tenant.uuid())
    .bind(created_at)
    .bind(id)
    .bind(surplus(page))
    .fetch_all(db)
    .await
    .map_err(failed)?;
    rows.into_iter().map(|columns| object(kind, columns)).collect()
}

/// How many rows a page is read from: one more than it has tells whether another follows.
pub(crate) fn surplus(page: PageRequest) -> i64 {
    column(page.limit as u64).saturating_add(1)
}

/// Writes a row, new or not.
pub(crate) async fn put(
    db: &mut SqliteConnection,
    tenant: TenantId,
    row: &Stored<Object>,
) -> Result<(), StoreError> {
    let query = match &row.value {
        Object::Campaign(_) => sqlx::query(
            "INSERT INTO campaigns (tenant_id, id, version, created_at, updated_at, document, \
             name, status, phone_number_id, rtb_router_id, flow_id) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
             ON CONFLICT (tenant_id, id) DO UPDATE SET version = ?3, updated_at = ?5, \
             document = ?6, name = ?7, status = ?8, phone_number_id = ?9, rtb_router_id = ?10, \
             flow_id = ?11",
        ),
        Object::Buyer(_)
        | Object::Target(_)
        | Object::Router(_)
        | Object::Flow(_)
        | Object::FlowTemplate(_) => sqlx::query(on_table!(
            row.value.kind(),
            "INSERT INTO ",
            " (tenant_id, id, version, created_at, updated_at, document) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (tenant_id, id) DO UPDATE SET \
             version = ?3, updated_at = ?5, document = ?6"
        )),
        Object::Number(_) => sqlx::query(
            "INSERT INTO phone_numbers (tenant_id, id, version, created_at, updated_at, document, \
             number) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (tenant_id, id) DO UPDATE SET \
             version = ?3, updated_at = ?5, document = ?6, number = ?7",
        ),
    };
    let kind = row.value.kind();
    let document = row.value.to_json().map_err(|error| StoreError::corrupt(kind.name(), error))?;
    let query = query
        .bind(tenant.uuid())
        .bind(row.id)
        .bind(column(row.version))
        .bind(row.created_at.timestamp_micros())
        .bind(row.updated_at.timestamp_micros())
        .bind(document);
    let query = match &row.value {
        Object::Campaign(campaign) => query
            .bind(campaign.name.as_str())
            .bind(word(campaign.status))
            .bind(campaign.phone_number_id.map(NumberId::uuid))
            .bind(campaign.rtb_router_id.map(RouterId::uuid))
            .bind(campaign.flow_id.map(FlowId::uuid)),
        Object::Number(number) => query.bind(number.number.as_str()),
        _ => query,
    };
    query.execute(&mut *db).await.map_err(failed)?;
    match &row.value {
        Object::Router(router) => put_router_assignments(db, tenant, row.id, router).await,
        _ => Ok(()),
    }
}

/// Repeats which targets a router names.
async fn put_router_assignments(
    db: &mut SqliteConnection,
    tenant: TenantId,
    id: Uuid,
    router: &Router,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM rtb_router_assignments WHERE tenant_id = ?1 AND router_id = ?2")
        .bind(tenant.uuid())
        .bind(id)
        .execute(&mut *db)
        .await
        .map_err(failed)?;
    sqlx::query(
        "INSERT INTO rtb_router_assignments (tenant_id, router_id, position, target_id) \
         SELECT ?1, ?2, key + 1, unhex(value) FROM json_each(?3)",
    )
    .bind(tenant.uuid())
    .bind(id)
    .bind(json("targets", &named(router))?)
    .execute(db)
    .await
    .map(drop)
    .map_err(failed)
}

/// The targets of a router as `unhex` reads them.
fn named(router: &Router) -> Vec<String> {
    let assigned = router.assignments.iter();
    assigned.map(|assigned| assigned.target_id.uuid().simple().to_string()).collect()
}

pub(crate) async fn delete(
    db: &mut SqliteConnection,
    tenant: TenantId,
    kind: Kind,
    id: Uuid,
) -> Result<(), StoreError> {
    sqlx::query(on_table!(kind, "DELETE FROM ", " WHERE tenant_id = ?1 AND id = ?2"))
        .bind(tenant.uuid())
        .bind(id)
        .execute(db)
        .await
        .map(drop)
        .map_err(failed)
}

/// Refuses what spans objects.
pub(crate) async fn check(
    db: &mut SqliteConnection,
    tenant: TenantId,
    id: Uuid,
    object: &Object,
) -> Result<(), RegistryError> {
    match object {
        Object::Campaign(campaign) => check_campaign(db, tenant, id, campaign).await,
        Object::Buyer(_) | Object::Target(_) | Object::Flow(_) | Object::FlowTemplate(_) => Ok(()),
        Object::Router(router) => check_router(db, tenant, router).await,
        Object::Number(number) => {
            let holder: Option<(Uuid, Uuid)> =
                sqlx::query_as("SELECT tenant_id, id FROM phone_numbers WHERE number = ?1")
                    .bind(number.number.as_str())
                    .fetch_optional(db)
                    .await
                    .map_err(failed)?;
            match holder {
                Some(holder) if holder != (tenant.uuid(), id) => {
                    Err(RegistryError::NumberUnavailable)
                }
                _ => Ok(()),
            }
        }
    }
}

/// A router names targets that are there.
async fn check_router(
    db: &mut SqliteConnection,
    tenant: TenantId,
    router: &Router,
) -> Result<(), RegistryError> {
    let missing: Option<i64> = sqlx::query_scalar(
        "SELECT named.key FROM json_each(?2) AS named WHERE NOT EXISTS (SELECT 1 FROM rtb_targets \
         WHERE tenant_id = ?1 AND id = unhex(named.value)) ORDER BY named.key LIMIT 1",
    )
    .bind(tenant.uuid())
    .bind(json("targets", &named(router))?)
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    match missing {
        None => Ok(()),
        Some(place) => Err(RegistryError::UnknownReference {
            path: format!("/assignments/{place}/targetId").into(),
            kind: Kind::Target,
        }),
    }
}

/// A campaign names a router, a flow and a number that are there, and shares the number with no
/// other active one.
async fn check_campaign(
    db: &mut SqliteConnection,
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
         WHERE tenant_id = ?1 AND phone_number_id = ?2 AND status = 'active' AND id <> ?3",
    )
    .bind(tenant.uuid())
    .bind(number.uuid())
    .bind(id)
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    match rival {
        Some((id, name)) => {
            Err(RegistryError::NumberInUse(Holder { kind: Kind::Campaign, id, name }))
        }
        None => Ok(()),
    }
}

/// What holds on to an object, so that it cannot be deleted.
pub(crate) async fn holders(
    db: &mut SqliteConnection,
    tenant: TenantId,
    kind: Kind,
    id: Uuid,
) -> Result<Vec<Holder>, StoreError> {
    let query = match kind {
        Kind::Campaign | Kind::FlowTemplate => return Ok(Vec::new()),
        Kind::Buyer => sqlx::query_as(
            "SELECT FALSE, c.id, c.name FROM campaign_buyers AS a \
             JOIN campaigns AS c ON c.tenant_id = a.tenant_id AND c.id = a.campaign_id \
             WHERE a.tenant_id = ?1 AND a.buyer_id = ?2 ORDER BY c.id",
        ),
        Kind::Number => sqlx::query_as(
            "SELECT FALSE, id, name FROM campaigns WHERE tenant_id = ?1 AND phone_number_id = ?2 \
             ORDER BY id",
        ),
        Kind::Target => sqlx::query_as(
            "SELECT FALSE, c.id, c.name FROM campaign_targets AS a \
             JOIN campaigns AS c ON c.tenant_id = a.tenant_id AND c.id = a.campaign_id \
             WHERE a.tenant_id = ?1 AND a.target_id = ?2 \
             UNION SELECT TRUE, r.id, r.document ->> '$.name' FROM rtb_router_assignments AS a \
             JOIN rtb_routers AS r ON r.tenant_id = a.tenant_id AND r.id = a.router_id \
             WHERE a.tenant_id = ?1 AND a.target_id = ?2 ORDER BY 1, 2",
        ),
        Kind::Router => sqlx::query_as(
            "SELECT FALSE, id, name FROM campaigns WHERE tenant_id = ?1 AND rtb_router_id = ?2 \
             ORDER BY id",
        ),
        Kind::Flow => sqlx::query_as(
            "SELECT FALSE, id, name FROM campaigns WHERE tenant_id = ?1 AND flow_id = ?2 \
             ORDER BY id",
        ),
    };
    let rows: Vec<(bool, Uuid, String)> =
        query.bind(tenant.uuid()).bind(id).fetch_all(db).await.map_err(failed)?;
    let holder = |(is_router, id, name)| {
        let kind = if is_router { Kind::Router } else { Kind::Campaign };
        Holder { kind, id, name }
    };
    Ok(rows.into_iter().map(holder).collect())
}

/// The column of a campaign's status. Migrations name these words, so they are written out.
pub(crate) const fn word(status: CampaignStatus) -> &'static str {
    match status {
        CampaignStatus::Draft => "draft",
        CampaignStatus::Active => "active",
        CampaignStatus::Paused => "paused",
        CampaignStatus::Completed => "completed",
    }
}
