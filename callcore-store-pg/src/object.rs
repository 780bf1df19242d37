//! Configuration objects as rows.

use callcore::model::{CampaignStatus, Kind, Object, Router, Stored, WrongKind};
use callcore::port::{RegistryError, StoreError};
use callcore::vocabulary::{FlowId, NumberId, PageRequest, RouterId, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::{clashes_with, failed};
use crate::row::{Columns, column, object};
use crate::text::storable;

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
    db: &mut PgConnection,
    tenant: TenantId,
    kind: Kind,
    id: Uuid,
) -> Result<Option<Stored<Object>>, StoreError> {
    let row: Option<Columns> = sqlx::query_as(on_table!(
        kind,
        "SELECT id, version, created_at, updated_at, document::text FROM ",
        " WHERE tenant_id = $1 AND id = $2"
    ))
    .bind(tenant.uuid())
    .bind(id)
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    row.map(|columns| object(kind, columns)).transpose()
}

/// Those of these objects that exist, ordered by id.
pub(crate) async fn read_all<T: TryFrom<Object, Error = WrongKind>>(
    db: &mut PgConnection,
    tenant: TenantId,
    kind: Kind,
    ids: Vec<Uuid>,
) -> Result<Vec<Stored<T>>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Columns> = sqlx::query_as(on_table!(
        kind,
        "SELECT id, version, created_at, updated_at, document::text FROM ",
        " WHERE tenant_id = $1 AND id = ANY ($2) ORDER BY id"
    ))
    .bind(tenant.uuid())
    .bind(ids)
    .fetch_all(db)
    .await
    .map_err(failed)?;
    rows.into_iter().map(|columns| of_kind(kind, object(kind, columns)?)).collect()
}

/// A row as one of its kind.
pub(crate) fn of_kind<T: TryFrom<Object, Error = WrongKind>>(
    kind: Kind,
    row: Stored<Object>,
) -> Result<Stored<T>, StoreError> {
    row.of().map_err(|error| StoreError::corrupt(kind.name(), error))
}

/// Which of these objects exist.
pub(crate) async fn known(
    db: &mut PgConnection,
    tenant: TenantId,
    kind: Kind,
    ids: Vec<Uuid>,
) -> Result<Vec<Uuid>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_scalar(on_table!(
        kind,
        "SELECT id FROM ",
        " WHERE tenant_id = $1 AND id = ANY ($2)"
    ))
    .bind(tenant.uuid())
    .bind(ids)
    .fetch_all(db)
    .await
    .map_err(failed)
}

pub(crate) async fn exists(
    db: &mut PgConnection,
    tenant: TenantId,
    kind: Kind,
    id: Uuid,
) -> Result<bool, StoreError> {
    sqlx::query_scalar(on_table!(
        kind,
        "SELECT EXISTS (SELECT 1 FROM ",
        " WHERE tenant_id = $1 AND id = $2)"
    ))
    .bind(tenant.uuid())
    .bind(id)
    .fetch_one(db)
    .await
    .map_err(failed)
}

/// Up to one row more than a page has.
pub(crate) async fn list(
    db: &mut PgConnection,
    tenant: TenantId,
    kind: Kind,
    page: PageRequest,
) -> Result<Vec<Stored<Object>>, StoreError> {
    let rows: Vec<Columns> = sqlx::query_as(on_table!(
        kind,
        "SELECT id, version, created_at, updated_at, document::text FROM ",
        " WHERE tenant_id = $1 AND (created_at, id) < (coalesce($2, 'infinity'::timestamptz), $3) \
         ORDER BY created_at DESC, id DESC LIMIT $4"
    ))
    .bind(tenant.uuid())
    .bind(page.after.map(|after| after.created_at))
    .bind(page.after.map_or(Uuid::max(), |after| after.id))
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

/// Writes a row, new or not. Whether some tenant has its number shows here.
pub(crate) async fn put(
    db: &mut PgConnection,
    tenant: TenantId,
    row: &Stored<Object>,
) -> Result<(), RegistryError> {
    let kind = row.value.kind();
    let document = row.value.to_json().map_err(|error| StoreError::corrupt(kind.name(), error))?;
    let query = sqlx::query(upsert(kind))
        .bind(tenant.uuid())
        .bind(row.id)
        .bind(column(row.version))
        .bind(row.created_at)
        .bind(row.updated_at)
        .bind(document);
    let query = match &row.value {
        Object::Campaign(campaign) => query
            .bind(storable(&campaign.name))
            .bind(word(campaign.status))
            .bind(campaign.phone_number_id.map(NumberId::uuid))
            .bind(campaign.rtb_router_id.map(RouterId::uuid))
            .bind(campaign.flow_id.map(FlowId::uuid)),
        Object::Number(number) => query.bind(number.number.as_str()),
        Object::Buyer(_)
        | Object::Target(_)
        | Object::Router(_)
        | Object::Flow(_)
        | Object::FlowTemplate(_) => query,
    };
    match query.execute(&mut *db).await {
        Ok(_) => {}
        Err(error) if clashes_with(&error, "phone_numbers_number") => {
            return Err(RegistryError::NumberUnavailable);
        }
        Err(error) => return Err(failed(error).into()),
    }
    match &row.value {
        Object::Router(router) => Ok(put_members(db, tenant, row.id, router).await?),
        _ => Ok(()),
    }
}

const fn upsert(kind: Kind) -> &'static str {
    match kind {
        Kind::Campaign => {
            "INSERT INTO campaigns (tenant_id, id, version, created_at, updated_at, document, name, \
             status, phone_number_id, rtb_router_id, flow_id) \
             VALUES ($1, $2, $3, $4, $5, $6::json, $7, $8, $9, $10, $11) \
             ON CONFLICT (tenant_id, id) DO UPDATE SET version = $3, updated_at = $5, \
             document = $6::json, name = $7, status = $8, phone_number_id = $9, rtb_router_id = $10, \
             flow_id = $11"
        }
        Kind::Number => {
            "INSERT INTO phone_numbers (tenant_id, id, version, created_at, updated_at, document, \
             number) VALUES ($1, $2, $3, $4, $5, $6::json, $7) ON CONFLICT (tenant_id, id) DO \
             UPDATE SET version = $3, updated_at = $5, document = $6::json, number = $7"
        }
        Kind::Buyer | Kind::Target | Kind::Router | Kind::Flow | Kind::FlowTemplate => on_table!(
            kind,
            "INSERT INTO ",
            " (tenant_id, id, version, created_at, updated_at, document) \
             VALUES ($1, $2, $3, $4, $5, $6::json) ON CONFLICT (tenant_id, id) DO UPDATE SET \
             version = $3, updated_at = $5, document = $6::json"
        ),
    }
}

/// Repeats which targets a router names, in their order, so that none of them can be deleted.
async fn put_members(
    db: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
    router: &Router,
) -> Result<(), StoreError> {
    let targets = router.assignments.iter().map(|assigned| assigned.target_id.uuid());
    sqlx::query("DELETE FROM rtb_router_assignments WHERE tenant_id = $1 AND router_id = $2")
        .bind(tenant.uuid())
        .bind(id)
        .execute(&mut *db)
        .await
        .map_err(failed)?;
    sqlx::query(
        "INSERT INTO rtb_router_assignments (tenant_id, router_id, position, target_id) \
         SELECT $1, $2, position, target FROM unnest($3) WITH ORDINALITY AS w (target, position)",
    )
    .bind(tenant.uuid())
    .bind(id)
    .bind(targets.collect::<Vec<_>>())
    .execute(db)
    .await
    .map(drop)
    .map_err(failed)
}

pub(crate) async fn delete(
    db: &mut PgConnection,
    tenant: TenantId,
    kind: Kind,
    id: Uuid,
) -> Result<(), StoreError> {
    sqlx::query(on_table!(kind, "DELETE FROM ", " WHERE tenant_id = $1 AND id = $2"))
        .bind(tenant.uuid())
        .bind(id)
        .execute(db)
        .await
        .map(drop)
        .map_err(failed)
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
