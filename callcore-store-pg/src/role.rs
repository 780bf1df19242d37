//! The role that keeps tenants apart: made on each start where it is missing, because it belongs to
//! the cluster and not to the database, so that no dump brings it along.

use sqlx::{AssertSqlSafe, PgConnection};

use crate::error::OpenError;
use crate::options::{APPLICATION_ROLE, PgOptions};
use crate::pool::quoted;

/// Makes `callcore_app` and lets the login role work as it. Another database of the cluster may be
/// doing the same at this very moment.
const PREPARE: &str = "
DO $$
DECLARE
    allowed boolean;
BEGIN
    IF to_regrole('callcore_app') IS NULL THEN
        BEGIN
            CREATE ROLE callcore_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END IF;
    -- From Postgres 16 on, whoever makes a role may manage it but not work as it until told so.
    IF current_setting('server_version_num')::integer >= 160000 THEN
        allowed := pg_has_role(current_user, 'callcore_app', 'SET');
    ELSE
        allowed := pg_has_role(current_user, 'callcore_app', 'MEMBER');
    END IF;
    IF NOT allowed THEN
        BEGIN
            EXECUTE format('GRANT callcore_app TO %I', current_user);
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
    END IF;
END $$";

/// Prepares the role, inside the transaction of the migrations.
pub(crate) async fn prepare(db: &mut PgConnection) -> Result<(), OpenError> {
    let login: String = sqlx::query_scalar("SELECT current_user::text").fetch_one(&mut *db).await?;
    let prepared = sqlx::raw_sql(PREPARE).execute(&mut *db).await;
    prepared.map_err(|error| {
        let why = error.to_string();
        let remedy = format!(
            "CREATE ROLE {APPLICATION_ROLE} NOLOGIN; GRANT {APPLICATION_ROLE} TO {};",
            quoted(&login)
        );
        refused(APPLICATION_ROLE, why, remedy)
    })?;
    let passes_policies: bool = sqlx::query_scalar(
        "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = 'callcore_app'",
    )
    .fetch_one(db)
    .await?;
    match passes_policies {
        true => {
            let remedy = format!("ALTER ROLE {APPLICATION_ROLE} NOSUPERUSER NOBYPASSRLS;");
            Err(refused(APPLICATION_ROLE, "row-level security does not bind it".into(), remedy))
        }
        false => Ok(()),
    }
}

/// Tries the role, inside the transaction of the migrations. Pools would keep on trying.
pub(crate) async fn assume(db: &mut PgConnection, options: &PgOptions) -> Result<(), OpenError> {
    let role = &options.application_role;
    let login: String = sqlx::query_scalar("SELECT current_user::text").fetch_one(&mut *db).await?;
    let assume = format!("SET LOCAL ROLE {}; RESET ROLE", quoted(role));
    let assumed = sqlx::raw_sql(AssertSqlSafe(assume)).execute(&mut *db).await;
    match assumed {
        Ok(_) => Ok(()),
        Err(error) => {
            let remedy = format!("GRANT {} TO {};", quoted(role), quoted(&login));
            Err(refused(role, error.to_string(), remedy))
        }
    }
}

fn refused(role: &str, why: String, remedy: String) -> OpenError {
    OpenError::Role { role: role.to_owned(), why, remedy }
}
