//! Flows with what became of their drafts: what is published of them, and whether they were put away.

use callcore::model::{FlowDefinition, Kind};
use callcore::port::{FlowRecord, FlowStage, Holder, RegistryError, StoreError};
use callcore::vocabulary::{FlowId, PageRequest, TenantId};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::failed;
use crate::object::surplus;
use crate::row::{parse, small_count, stored};

/// A flow and its newest version, whose document is read only where its text is another.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT f.id, f.version, f.created_at, f.updated_at, f.document::text AS document, \
             f.archived_at, v.number, NULLIF(v.document::text, f.document::text) AS other \
             FROM flows AS f LEFT JOIN LATERAL (SELECT number, document FROM flow_versions \
             WHERE tenant_id = $1 AND flow_id = f.id ORDER BY number DESC LIMIT 1) AS v ON true \
             WHERE f.tenant_id = $1 AND ",
            $rest
        )
    };
}

/// Id, version, creation, last change and document of a flow, when it was archived, the number of its
/// newest version, and that one's document where its text is another.
type Row = (
    Uuid,
    i64,
    DateTime<Utc>,
    DateTime<Utc>,
    String,
    Option<DateTime<Utc>>,
    Option<i64>,
    Option<String>,
);

fn read(row: Row) -> Result<FlowRecord, StoreError> {
    let (id, version, created_at, updated_at, document, archived_at, number, other) = row;
    let draft = stored((id, version, created_at, updated_at, document), |json| {
        parse::<FlowDefinition>("flow", json)
    })?;
    let changed = match (number, other) {
        (None, _) => true,
        (Some(_), None) => false,
        // Another text can be the same document with its keys in another order.
        (Some(_), Some(other)) => parse::<FlowDefinition>("flow version", &other)? != draft.value,
    };
    Ok(FlowRecord { draft, published: number.map(small_count).transpose()?, changed, archived_at })
}

pub(crate) async fn record(
    db: &mut PgConnection,
    tenant: TenantId,
    flow: FlowId,
) -> Result<Option<FlowRecord>, StoreError> {
    let row: Option<Row> = sqlx::query_as(select!("f.id = $2"))
        .bind(tenant.uuid())
        .bind(flow.uuid())
        .fetch_optional(db)
        .await
        .map_err(failed)?;
    row.map(read).transpose()
}

/// Up to one more than a page has.
pub(crate) async fn records(
    db: &mut PgConnection,
    tenant: TenantId,
    stage: Option<FlowStage>,
    page: PageRequest,
) -> Result<Vec<FlowRecord>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(select!(
        "(f.created_at, f.id) < (coalesce($2, 'infinity'::timestamptz), $3) \
         AND ($4::text IS NULL OR $4::text = CASE \
         WHEN f.archived_at IS NOT NULL THEN 'archived' \
         WHEN v.number IS NULL THEN 'draft' ELSE 'published' END) \
         ORDER BY f.created_at DESC, f.id DESC LIMIT $5"
    ))
    .bind(tenant.uuid())
    .bind(page.after.map(|after| after.created_at))
    .bind(page.after.map_or(Uuid::max(), |after| after.id))
    .bind(stage.map(word))
    .bind(surplus(page))
    .fetch_all(db)
    .await
    .map_err(failed)?;
    rows.into_iter().map(read).collect()
}

const fn word(stage: FlowStage) -> &'static str {
    match stage {
        FlowStage::Draft => "draft",
        FlowStage::Published => "published",
        FlowStage::Archived => "archived",
    }
}

pub(crate) async fn archive(
    db: &mut PgConnection,
    tenant: TenantId,
    flow: FlowId,
    now: DateTime<Utc>,
) -> Result<(), RegistryError> {
    let active: Vec<(Uuid, String)> = sqlx::query_as(
        "SELECT id, name FROM campaigns \
         WHERE tenant_id = $1 AND flow_id = $2 AND status = 'active' ORDER BY id",
    )
    .bind(tenant.uuid())
    .bind(flow.uuid())
    .fetch_all(&mut *db)
    .await
    .map_err(failed)?;
    if !active.is_empty() {
        let holder = |(id, name)| Holder { kind: Kind::Campaign, id, name };
        return Err(RegistryError::InUse(active.into_iter().map(holder).collect()));
    }
    let written = sqlx::query(
        "UPDATE flows SET archived_at = coalesce(archived_at, $3) \
         WHERE tenant_id = $1 AND id = $2",
    )
    .bind(tenant.uuid())
    .bind(flow.uuid())
    .bind(now)
    .execute(db)
    .await
    .map_err(failed)?;
    found(written.rows_affected())
}

pub(crate) async fn restore(
    db: &mut PgConnection,
    tenant: TenantId,
    flow: FlowId,
) -> Result<(), RegistryError> {
    let written =
        sqlx::query("UPDATE flows SET archived_at = NULL WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.uuid())
            .bind(flow.uuid())
            .execute(db)
            .await
            .map_err(failed)?;
    found(written.rows_affected())
}

const fn found(rows: u64) -> Result<(), RegistryError> {
    if rows == 0 { Err(RegistryError::NotFound(Kind::Flow)) } else { Ok(()) }
}
