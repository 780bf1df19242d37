//! What calls did in a flow: a page of calls, then what their nodes recorded, in two statements.

use std::collections::HashMap;

use callcore::call::{FlowSession, NodeRun, Passage};
use callcore::port::{PassageFilter, StoreError};
use callcore::vocabulary::{CallId, Cursor, Page, PageRequest, TenantId};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::error::failed;
use crate::object::surplus;
use crate::row::parse;

/// What is read of a call.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    id: CallId,
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    flow: FlowSession,
}

/// What is read of a fact.
#[derive(Deserialize)]
struct StoredFact {
    nodes: Option<Vec<NodeRun>>,
}

impl Stored {
    fn passage(self, runs: &mut HashMap<Uuid, Vec<NodeRun>>) -> Passage {
        Passage {
            call: self.id,
            version: self.flow.version,
            status: self.flow.status,
            started_at: self.started_at,
            ended_at: self.ended_at,
            runs: runs.remove(&self.id.uuid()).unwrap_or_default(),
        }
    }
}

pub(crate) async fn passages(
    db: &mut PgConnection,
    tenant: TenantId,
    filter: PassageFilter,
    page: PageRequest,
) -> Result<Page<Passage>, StoreError> {
    let calls = calls(db, tenant, filter, page).await?;
    let Page { items, next } = Page::from_surplus(calls, page.limit, |call| Cursor {
        created_at: call.started_at,
        id: call.id.uuid(),
    });
    let mut runs = runs(db, tenant, &items).await?;
    Ok(Page { items: items.into_iter().map(|call| call.passage(&mut runs)).collect(), next })
}

/// Up to one call more than a page has.
async fn calls(
    db: &mut PgConnection,
    tenant: TenantId,
    PassageFilter { flow, from, to }: PassageFilter,
    page: PageRequest,
) -> Result<Vec<Stored>, StoreError> {
    let mut query: QueryBuilder<Postgres> =
        QueryBuilder::new("SELECT document::text FROM calls WHERE tenant_id = ");
    query.push_bind(tenant.uuid()).push(" AND flow_id = ").push_bind(flow.uuid());
    if let Some(from) = from {
        query.push(" AND started_at >= ").push_bind(from);
    }
    if let Some(to) = to {
        query.push(" AND started_at < ").push_bind(to);
    }
    if let Some(after) = page.after {
        query.push(" AND (started_at, id) < (").push_bind(after.created_at);
        query.push(", ").push_bind(after.id).push(")");
    }
    query.push(" ORDER BY started_at DESC, id DESC LIMIT ").push_bind(surplus(page));
    let documents: Vec<String> = query.build_query_scalar().fetch_all(db).await.map_err(failed)?;
    documents.iter().map(|document| parse("call", document)).collect()
}

/// What the nodes of calls recorded, by the id of the call.
async fn runs(
    db: &mut PgConnection,
    tenant: TenantId,
    calls: &[Stored],
) -> Result<HashMap<Uuid, Vec<NodeRun>>, StoreError> {
    let ids: Vec<Uuid> = calls.iter().map(|call| call.id.uuid()).collect();
    // A document may hold the character 0, which the database's own functions refuse to read: then
    // the whole of it comes.
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "SELECT call_id, CASE WHEN strpos(document::text, '\\u0000') > 0 THEN document::text \
         ELSE json_build_object('nodes', document->'nodes')::text END FROM call_logs \
         WHERE tenant_id = $1 AND call_id = ANY ($2) AND strpos(document::text, '\"nodes\":') > 0 \
         ORDER BY call_id, position",
    )
    .bind(tenant.uuid())
    .bind(ids)
    .fetch_all(db)
    .await
    .map_err(failed)?;
    let mut runs: HashMap<Uuid, Vec<NodeRun>> = HashMap::new();
    for (call, fact) in rows {
        let StoredFact { nodes } = parse("fact", &fact)?;
        runs.entry(call).or_default().extend(nodes.into_iter().flatten());
    }
    Ok(runs)
}
