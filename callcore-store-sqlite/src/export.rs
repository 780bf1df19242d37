//! Everything that a file holds, row by row, for moving to another store.

use callcore::port::StoreError;
use callcore::vocabulary::TenantId;
use futures_util::StreamExt as _;
use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, SqliteConnection, SqlitePool};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::failed;
use crate::row::{count, instant, parse};

/// The tables in an order in which each row comes after those that it refers to.
const TABLES: [&str; 34] = [
    "tenants",
    "users",
    "sessions",
    "api_keys",
    "user_preferences",
    "phone_numbers",
    "buyers",
    "rtb_targets",
    "rtb_routers",
    "rtb_router_assignments",
    "flows",
    "flow_templates",
    "flow_versions",
    "flow_trials",
    "campaigns",
    "campaign_buyers",
    "campaign_targets",
    "configuration_revisions",
    "numbers_revision",
    "calls",
    "call_logs",
    "routing_decisions",
    "outbox",
    "rtb_bid_requests",
    "rtb_bid_responses",
    "rtb_auction_details",
    "rtb_bid_exchanges",
    "steps_begun",
    "rotations",
    "rotation_turns",
    "buyer_activity",
    "caller_contacts",
    "cap_counters",
    "reservations",
];
/// Comes last, after the reservations and the counters.
const LAST: &str = "reservation_items";
/// Rows of one batch.
const BATCH: usize = 500;
/// Batches that wait for whoever takes them.
const WAITING: usize = 2;

/// Some rows of one table, all of one tenant.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The table's name, the same in every store of callcore.
    pub table: &'static str,
    /// Whose rows they are; `None` in a table that is nobody's.
    pub tenant: Option<TenantId>,
    /// The rows by column. Ids are 32 hexadecimal digits, hashes the same after `\x`, instants are
    /// RFC 3339, documents are JSON values.
    pub rows: Vec<Map<String, Value>>,
}

/// The rows of a file as of one instant.
#[derive(Debug)]
pub struct Export {
    /// How many rows there are.
    pub rows: u64,
    batches: mpsc::Receiver<Result<Batch, StoreError>>,
}

impl Export {
    /// The next batch; `None` after the last one.
    ///
    /// # Errors
    /// [`StoreError`]; there is no next batch after it.
    pub async fn next(&mut self) -> Option<Result<Batch, StoreError>> {
        self.batches.recv().await
    }
}

impl SqliteStore {
    /// Reads every row of the file, as of the instant of this call. What is written afterwards is
    /// not in it, so a server that works on the file should be stopped before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn export(&self) -> Result<Export, StoreError> {
        let (counted, rows) = tokio::sync::oneshot::channel();
        let (sender, batches) = mpsc::channel(WAITING);
        tokio::spawn(read_all(self.readers.clone(), counted, sender));
        let rows = rows.await.map_err(StoreError::unavailable)??;
        Ok(Export { rows, batches })
    }
}

pub(crate) fn tables() -> impl Iterator<Item = &'static str> {
    TABLES.into_iter().chain([LAST])
}

/// Reads in one transaction, which is of one instant from its first statement on.
async fn read_all(
    readers: SqlitePool,
    counted: tokio::sync::oneshot::Sender<Result<u64, StoreError>>,
    sender: mpsc::Sender<Result<Batch, StoreError>>,
) {
    let began = async {
        let mut db = readers.acquire().await.map_err(failed)?;
        sqlx::query("BEGIN").execute(&mut *db).await.map_err(failed)?;
        let rows = count_rows(&mut db).await?;
        Ok((db, rows))
    };
    let mut db = match began.await {
        Ok((db, rows)) => {
            let _ = counted.send(Ok(rows));
            db
        }
        Err(error) => {
            let _ = counted.send(Err(error));
            return;
        }
    };
    for table in tables() {
        if let Err(error) = read_table(&mut db, table, &sender).await {
            let _ = sender.send(Err(error)).await;
            break;
        }
    }
    crate::transaction::roll_back(&mut db).await;
}

async fn count_rows(db: &mut SqliteConnection) -> Result<u64, StoreError> {
    let mut rows = 0;
    for table in tables() {
        let question = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        let found: i64 = sqlx::query_scalar(question).fetch_one(&mut *db).await.map_err(failed)?;
        rows += count(found)?;
    }
    Ok(rows)
}

async fn read_table(
    db: &mut SqliteConnection,
    table: &'static str,
    sender: &mpsc::Sender<Result<Batch, StoreError>>,
) -> Result<(), StoreError> {
    let columns: Vec<(String, String)> =
        sqlx::query_as("SELECT name, type FROM pragma_table_info(?1)")
            .bind(table)
            .fetch_all(&mut *db)
            .await
            .map_err(failed)?;
    let mut found =
        sqlx::query_scalar::<_, String>(AssertSqlSafe(statement(table, &columns))).fetch(&mut *db);
    let mut batch = Batch { table, tenant: None, rows: Vec::new() };
    while let Some(row) = found.next().await {
        let (tenant, row) = read_row(&row.map_err(failed)?)?;
        if batch.rows.len() == BATCH || (tenant != batch.tenant && !batch.rows.is_empty()) {
            let next = Batch { table, tenant, rows: Vec::new() };
            if sender.send(Ok(std::mem::replace(&mut batch, next))).await.is_err() {
                return Ok(());
            }
        }
        batch.tenant = tenant;
        batch.rows.push(row);
    }
    if !batch.rows.is_empty() {
        // Whoever took the batches may be gone, which is the end as well.
        let _ = sender.send(Ok(batch)).await;
    }
    Ok(())
}

/// Selects each row as one JSON object. Names of tables and columns are those of our migrations.
fn statement(table: &str, columns: &[(String, String)]) -> String {
    let value = |(name, kind): &(String, String)| match (name.as_str(), kind.as_str()) {
        ("document" | "leases" | "passed_over", _) => format!("'{name}', json({name})"),
        ("token_hash", _) => format!("'{name}', '\\x' || lower(hex({name}))"),
        (_, "BLOB") => format!("'{name}', IIF({name} IS NULL, NULL, lower(hex({name})))"),
        _ => format!("'{name}', {name}"),
    };
    let values: Vec<String> = columns.iter().map(value).collect();
    let order = match columns.iter().any(|(name, _)| name == "tenant_id") {
        true => " ORDER BY tenant_id",
        false => "",
    };
    format!("SELECT json_object({}) FROM {table}{order}", values.join(", "))
}

fn read_row(row: &str) -> Result<(Option<TenantId>, Map<String, Value>), StoreError> {
    let mut row: Map<String, Value> = parse("row", row)?;
    for (name, value) in &mut row {
        let is_instant =
            name.ends_with("_at") || name.ends_with("_until") || name.as_str() == "until";
        if let (true, Some(micros)) = (is_instant, value.as_i64()) {
            *value = instant(micros)?.to_rfc3339().into();
        }
    }
    let tenant = match row.get("tenant_id").and_then(Value::as_str) {
        Some(id) => Some(Uuid::parse_str(id).map_err(|error| StoreError::corrupt("id", error))?),
        None => None,
    };
    Ok((tenant.map(TenantId::from_uuid), row))
}
