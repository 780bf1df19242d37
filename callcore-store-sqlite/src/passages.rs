//! What calls did in a flow: a page of calls, then what their nodes recorded, in two statements.

use std::collections::HashMap;

use callcore::call::{FlowSession, NodeRun, Passage};
use callcore::port::{PassageFilter, StoreError};
use callcore::vocabulary::{CallId, Cursor, Page, PageRequest, TenantId};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::{QueryBuilder, SqliteConnection};
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
    db: &mut SqliteConnection,
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
    db: &mut SqliteConnection,
    tenant: TenantId,
    PassageFilter { flow, from, to }: PassageFilter,
    page: PageRequest,
) -> Result<Vec<Stored>, StoreError> {
    let mut query = QueryBuilder::new("SELECT document FROM calls WHERE tenant_id = ");
    query.push_bind(tenant.uuid()).push(" AND flow_id = ").push_bind(flow.uuid());
    if let Some(from) = from {
        query.push(" AND started_at >= ").push_bind(from.timestamp_micros());
    }
    if let Some(to) = to {
        query.push(" AND started_at < ").push_bind(to.timestamp_micros());
    }
    if let Some(after) = page.after {
        query.push(" AND (started_at, id) < (").push_bind(after.created_at.timestamp_micros());
        query.push(", ").push_bind(after.id).push(")");
    }
    query.push(" ORDER BY started_at DESC, id DESC LIMIT ").push_bind(surplus(page));
    let documents: Vec<String> = query.build_query_scalar().fetch_all(db).await.map_err(failed)?;
    documents.iter().map(|document| parse("call", document)).collect()
}

/// What the nodes of calls recorded, by the id of the call.
async fn runs(
    db: &mut SqliteConnection,
    tenant: TenantId,
    calls: &[Stored],
) -> Result<HashMap<Uuid, Vec<NodeRun>>, StoreError> {
    let mut runs: HashMap<Uuid, Vec<NodeRun>> = HashMap::new();
    if calls.is_empty() {
        return Ok(runs);
    }
    let mut query = QueryBuilder::new(
        "SELECT call_id, json_extract(document, '$.nodes') FROM call_logs WHERE tenant_id = ",
    );
    query.push_bind(tenant.uuid()).push(" AND call_id IN (");
    let mut ids = query.separated(", ");
    for call in calls {
        ids.push_bind(call.id.uuid());
    }
    query.push(") ORDER BY call_id, position");
    let rows: Vec<(Uuid, Option<String>)> =
        query.build_query_as().fetch_all(db).await.map_err(failed)?;
    for (call, nodes) in rows {
        if let Some(nodes) = nodes {
            let nodes: Vec<NodeRun> = parse("fact", &nodes)?;
            runs.entry(call).or_default().extend(nodes);
        }
    }
    Ok(runs)
}
