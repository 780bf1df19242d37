//! What the store is measured against: statements that the same client library sends, with
//! everything around them left out.

use std::sync::Arc;

use callcore_testkit::fixtures::{buyer_id, call, call_id, campaign_id};
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::bed::Bed;
use crate::next_call;

const SCOPES: usize = 5;

/// The documents of a call, made once: what it costs to make them is the store's.
struct Documents {
    call: String,
    fact: String,
    decision: String,
}

fn documents(bed: &Bed) -> &'static Documents {
    static MADE: std::sync::OnceLock<Documents> = std::sync::OnceLock::new();
    MADE.get_or_init(|| {
        let call = call(bed.tenant, 1);
        let json = |value: serde_json::Result<String>| value.expect("it serializes");
        let fact =
            callcore_testkit::fixtures::fact(&callcore::call::StepKey::voice(), call.started_at);
        Documents {
            fact: json(serde_json::to_string(&fact)),
            decision: json(serde_json::to_string(&callcore_testkit::fixtures::decision(&call))),
            call: json(serde_json::to_string(&call)),
        }
    })
}

fn scope(n: u32) -> String {
    format!("buyer/{}", buyer_id(n % 50 + 1_000))
}

/// The store's own statements for one routed call, sent bare.
pub(crate) async fn same_statements(bed: Arc<Bed>) {
    let n = next_call();
    let (tenant, id) = (bed.tenant.uuid(), call_id(n).uuid());
    look(&bed.pool, tenant, id, n).await;
    reserve(&bed.pool, tenant, id, n).await;
    save(&bed, tenant, id, n).await;
}

async fn look(pool: &PgPool, tenant: Uuid, id: Uuid, n: u32) {
    let scopes: Vec<String> =
        (0..5).flat_map(|other| [scope(n + other), scope(n + other)]).collect();
    let buyers: Vec<Uuid> = (0..5).map(|other| buyer_id(n + other).uuid()).collect();
    let absent: Vec<Option<DateTime<Utc>>> = vec![None; 2 * SCOPES];
    sqlx::query("SELECT * FROM callcore_look_with_auction($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, NULL, '{}')")
        .bind(tenant)
        .bind(id)
        .bind("voice")
        .bind(None::<DateTime<Utc>>)
        .bind(scopes)
        .bind(["concurrent", "daily"].repeat(SCOPES))
        .bind(vec![0_i32; 2 * SCOPES])
        .bind(absent)
        .bind(vec![0_i32; 2 * SCOPES])
        .bind(format!("+1555{n:07}"))
        .bind(campaign_id(1).uuid())
        .bind(buyers)
        .fetch_one(pool)
        .await
        .expect("the statement works");
}

async fn reserve(pool: &PgPool, tenant: Uuid, id: Uuid, n: u32) {
    sqlx::query(
        "SELECT * FROM callcore_capacity($1, NULL, $2, '{1}', $3, '{3600}', '{1}', $4, '{2}', '{1,2}', \
         '{1000000000,1000000000}', $5, $6, $7, '{0,0}', '{0,0}', '{NULL,NULL}', '{0,0}', '{}', '{}', \
         '{}')",
    )
    .bind(tenant)
    .bind(vec![id])
    .bind(vec![id])
    .bind(vec![buyer_id(n % 50).uuid()])
    .bind(vec![scope(n), scope(n)])
    .bind(vec!["concurrent", "daily"])
    .bind(vec!["{}", "{}"])
    .fetch_all(pool)
    .await
    .expect("the statement works");
}

async fn save(bed: &Bed, tenant: Uuid, id: Uuid, n: u32) {
    let made = documents(bed);
    sqlx::query(
        "SELECT callcore_save($1, $2, NULL, $3, NULL, 'ringing', false, now(), $4, $5, '{}', $6, \
         'voice', $7, $8, $9, $10, '{1}', '{0}', '{0}', '{NULL}', $4, '{}', '{}', '{}', '{}', '{}', '{}')",
    )
    .bind(tenant)
    .bind(id)
    .bind(campaign_id(1).uuid())
    .bind(format!("+1555{n:07}"))
    .bind(vec![format!("1/{}", id.simple())])
    .bind(&made.call)
    .bind(&made.fact)
    .bind(&made.decision)
    .bind(vec![campaign_id(1).uuid()])
    .bind(vec![buyer_id(n % 50).uuid()])
    .fetch_one(&bed.pool)
    .await
    .expect("the statement works");
}

/// One routed call by the plainest SQL there is: a read, a place under one cap without batching, and
/// the rows of a save, none of which keeps tenants apart or decides anything.
pub(crate) async fn plain_sql(bed: Arc<Bed>) {
    let n = next_call();
    let (tenant, id) = (bed.tenant.uuid(), call_id(n).uuid());
    sqlx::query(
        "SELECT c.document::text, (SELECT array_agg(used) FROM counters WHERE id = ANY ($3)) \
         FROM calls AS c WHERE c.tenant_id = $1 AND c.id = $2",
    )
    .bind(tenant)
    .bind(id)
    .bind((0..10).map(|other| i32::try_from((n + other) % 100).unwrap_or(0)).collect::<Vec<_>>())
    .fetch_optional(&bed.bare)
    .await
    .expect("the statement works");
    take(&bed.bare, id, n % 50 + 1).await;
    let made = documents(&bed);
    sqlx::query(
        "WITH new AS (INSERT INTO calls (tenant_id, id, version, campaign_id, status, ended, started_at, \
         caller, leases, tags, document) VALUES ($1, $2, 1, $3, 'ringing', false, now(), $4, '{}', '{}', \
         $5::json) RETURNING 1), \
         fact AS (INSERT INTO call_logs (tenant_id, call_id, step, position, document) \
         SELECT $1, $2, 'voice', 1, $6::json FROM new RETURNING 1) \
         INSERT INTO routing_decisions (tenant_id, call_id, position, step, document) \
         SELECT $1, $2, 1, 'voice', $7::json FROM fact",
    )
    .bind(tenant)
    .bind(id)
    .bind(campaign_id(1).uuid())
    .bind(format!("+1555{n:07}"))
    .bind(&made.call)
    .bind(&made.fact)
    .bind(&made.decision)
    .execute(&bed.bare)
    .await
    .expect("the statement works");
}

/// A place by a conditional update and a lease row, in one statement of its own.
async fn take(pool: &PgPool, lease: Uuid, counter: u32) {
    let taken = sqlx::query(
        "WITH taken AS (UPDATE counters SET used = used + 1 WHERE id = $1 AND used < 1000000000 \
         RETURNING id) INSERT INTO leases SELECT $2, id, now() + interval '1 hour' FROM taken",
    )
    .bind(i32::try_from(counter).unwrap_or(0))
    .bind(lease)
    .execute(pool)
    .await
    .expect("the statement works");
    assert_eq!(taken.rows_affected(), 1);
}

/// A place taken and given back by the unbatched design, one statement each.
pub(crate) async fn pair(bed: Arc<Bed>, counter: u32) {
    let lease = call_id(next_call()).uuid();
    take(&bed.bare, lease, counter).await;
    sqlx::query(
        "WITH gone AS (DELETE FROM leases WHERE id = $1 RETURNING counter) \
         UPDATE counters SET used = used - 1 FROM gone WHERE id = gone.counter",
    )
    .bind(lease)
    .execute(&bed.bare)
    .await
    .expect("the statement works");
}
