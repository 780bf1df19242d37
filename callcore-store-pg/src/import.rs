//! Takes over what another store holds, all of it or nothing.

use callcore::vocabulary::TenantId;
use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

use crate::error::OpenError;
use crate::migration::migrate;
use crate::options::PgOptions;

/// Why rows were not taken over. Nothing was: the transaction ends with the import.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The database could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Somebody uses the database already, and two stores cannot be mixed.
    #[error("the database is in use already: an empty one is expected")]
    NotEmpty,
    /// A table or a column has a name that no store of callcore has.
    #[error("{0:?} is no table or column of callcore")]
    Unknown(String),
    /// The database refused rows.
    #[error("the table {table} does not take the rows: {source}")]
    Rows {
        /// Which table.
        table: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database did not keep what it had taken.
    #[error("the database did not commit: {0}")]
    Commit(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Rows that become a store, once they are all there. It works as the login role, as a migration
/// does, and is dropped without effect unless [`Import::commit`] succeeds.
#[derive(Debug)]
pub struct Import {
    db: PgConnection,
}

impl Import {
    /// Brings the database up to date and begins.
    ///
    /// # Errors
    /// [`ImportError::Open`], [`ImportError::NotEmpty`].
    pub async fn begin(options: &PgOptions) -> Result<Self, ImportError> {
        migrate(options).await?;
        let mut db = options.connect.connect().await.map_err(OpenError::from)?;
        // Nobody is set up while the rows come in.
        let begin = "BEGIN; SELECT set_config('search_path', quote_ident(current_schema()) || \
                     ', pg_temp', true); LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE";
        sqlx::raw_sql(begin).execute(&mut db).await.map_err(OpenError::from)?;
        let used = sqlx::query_scalar("SELECT callcore_is_set_up()");
        if used.fetch_one(&mut db).await.map_err(OpenError::from)? {
            return Err(ImportError::NotEmpty);
        }
        Ok(Self { db })
    }

    /// Takes rows of one table, all of one tenant, by the names of their columns. Ids and instants
    /// are text as Postgres reads them, documents are JSON values. Rows come after those that they
    /// refer to.
    ///
    /// # Errors
    /// [`ImportError::Unknown`], [`ImportError::Rows`].
    pub async fn rows(
        &mut self,
        table: &str,
        tenant: Option<TenantId>,
        rows: &[Map<String, Value>],
    ) -> Result<(), ImportError> {
        let rows: Vec<_> = rows.iter().cloned().map(|row| completed(table, row)).collect();
        let Some(first) = rows.first() else { return Ok(()) };
        let names = first.keys().map(String::as_str);
        if let Some(unknown) = names.clone().chain([table]).find(|name| !is_plain(name)) {
            return Err(ImportError::Unknown(unknown.to_owned()));
        }
        // Quoted, because one is a word of SQL.
        let columns: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
        let columns = columns.join(", ");
        // The one row that is there from the beginning.
        let conflict = match table {
            "numbers_revision" => {
                "ON CONFLICT (\"only\") DO UPDATE SET revision = excluded.revision"
            }
            _ => "",
        };
        let statement = format!(
            "INSERT INTO {table} ({columns}) \
             SELECT {columns} FROM json_populate_recordset(NULL::{table}, $1::json) {conflict}"
        );
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| ImportError::Rows {
            table: table.to_owned(),
            source,
        };
        let text = serde_json::to_string(&rows).map_err(|error| failed(error.into()))?;
        let taken = async {
            let tenant = tenant.map_or_else(String::new, |tenant| tenant.to_string());
            sqlx::query("SELECT set_config('callcore.tenant', $1, true)")
                .bind(tenant)
                .execute(&mut self.db)
                .await?;
            sqlx::query(AssertSqlSafe(statement)).bind(text).execute(&mut self.db).await
        };
        taken.await.map(drop).map_err(|error: sqlx::Error| failed(error.into()))
    }

    /// Keeps what was taken.
    ///
    /// # Errors
    /// [`ImportError::Commit`]; whether the rows are there is then unknown, and a second import
    /// tells.
    pub async fn commit(mut self) -> Result<(), ImportError> {
        let committed = sqlx::raw_sql("COMMIT").execute(&mut self.db).await;
        committed.map_err(|error| ImportError::Commit(error.into()))?;
        // The work is done, whatever comes of the farewell.
        let _ = self.db.close().await;
        Ok(())
    }
}

/// The row with the columns that only Postgres has: they repeat what stands in the document.
fn completed(table: &str, mut row: Map<String, Value>) -> Map<String, Value> {
    if table == "calls" {
        let tags = row.get("document").and_then(|call| call.get("tags")).cloned();
        row.entry("tags").or_insert(tags.unwrap_or_else(|| Value::Object(Map::new())));
    }
    row
}

/// Whether a name needs no quotes. Names come from the migrations of another store.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}
