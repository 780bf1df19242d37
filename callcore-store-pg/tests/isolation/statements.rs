//! Wall 2: direct SQL as the application role.

use callcore_testkit::fixtures::tenant;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::harness::database::{Opened, execute};
use crate::seed;

/// SQLSTATE of a refusal, by a policy or for want of a privilege.
const REFUSED: &str = "42501";

async fn number(db: &mut PgConnection, sql: &str) -> i64 {
    let asked = sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(db).await;
    asked.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// How many rows a statement touched; `None` where it was refused.
async fn touched(db: &mut PgConnection, sql: &str) -> Option<u64> {
    match sqlx::query(AssertSqlSafe(sql.to_owned())).execute(db).await {
        Ok(done) => Some(done.rows_affected()),
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(REFUSED) => None,
        Err(error) => panic!("{sql}: {error}"),
    }
}

/// Every table that carries a tenant.
pub(crate) async fn tables(db: &mut PgConnection) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT c.table_name::text FROM information_schema.columns AS c \
         JOIN information_schema.tables AS t USING (table_schema, table_name) \
         WHERE c.column_name = 'tenant_id' AND c.table_schema = current_schema() \
         AND t.table_type = 'BASE TABLE' ORDER BY 1",
    )
    .fetch_all(db)
    .await
    .expect("the catalogue is readable");
    assert!(tables.len() >= 31, "{tables:?}");
    tables
}

async fn as_tenant(db: &mut PgConnection, n: u32) {
    let tenant = tenant(n).uuid();
    execute(db, &format!("SELECT set_config('callcore.tenant', '{tenant}', false)")).await;
}

#[tokio::test]
async fn hostile_statements_reach_no_other_tenant() {
    for opened in [Opened::new().await, Opened::hosted().await] {
        seed::both(&opened.store).await;
        let mut owner = opened.database.superuser().await;
        let mut app = opened.database.superuser().await;
        execute(&mut app, "SET ROLE callcore_app").await;
        for table in tables(&mut owner).await {
            let of = |n| format!("FROM {table} WHERE tenant_id = '{}'", tenant(n).uuid());
            let digest = format!(
                "SELECT md5(string_agg(r::text, '|' ORDER BY r::text)) FROM \
                 (SELECT * {}) AS r",
                of(2)
            );
            let before: Option<String> = sqlx::query_scalar(AssertSqlSafe(digest.clone()))
                .fetch_one(&mut owner)
                .await
                .unwrap();
            assert!(before.is_some(), "{table} has rows of both tenants");
            assert!(number(&mut owner, &format!("SELECT count(*) {}", of(1))).await > 0, "{table}");
            execute(&mut app, "RESET callcore.tenant").await;
            let all = format!("SELECT FROM {table}");
            assert_eq!(touched(&mut app, &all).await.unwrap_or(0), 0, "{table} without a tenant");
            as_tenant(&mut app, 1).await;
            attack(&mut app, &mut owner, &table).await;
            let after: Option<String> =
                sqlx::query_scalar(AssertSqlSafe(digest)).fetch_one(&mut owner).await.unwrap();
            assert_eq!(before, after, "{table}");
        }
    }
}

/// Everything that tenant 1 can try on a table in which tenant 2 has rows.
async fn attack(app: &mut PgConnection, owner: &mut PgConnection, table: &str) {
    let (mine, theirs) = (tenant(1).uuid(), tenant(2).uuid());
    let others = format!("SELECT FROM {table} WHERE tenant_id <> '{mine}'");
    assert_eq!(touched(app, &others).await.unwrap_or(0), 0, "{table}: {others}");
    let own = format!("SELECT FROM {table}");
    let hidden = ["tenants", "users"].contains(&table);
    assert_eq!(touched(app, &own).await.is_some_and(|rows| rows > 0), !hidden, "{table}: {own}");
    for write in [
        format!("DELETE FROM {table} WHERE tenant_id = '{theirs}'"),
        format!("UPDATE {table} SET tenant_id = '{mine}' WHERE tenant_id = '{theirs}'"),
    ] {
        assert_eq!(touched(app, &write).await.unwrap_or(0), 0, "{table}: {write}");
    }
    let give_away = format!("UPDATE {table} SET tenant_id = '{theirs}'");
    assert_eq!(touched(app, &give_away).await, None, "{table}: {give_away}");
    let row = format!("SELECT to_jsonb(r)::text FROM {table} AS r WHERE tenant_id = '{theirs}'");
    let row: String = sqlx::query_scalar(AssertSqlSafe(row))
        .fetch_one(owner)
        .await
        .expect("the second tenant has a row");
    let row = row.replace('\'', "''");
    let plant =
        format!("INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, '{row}')");
    assert_eq!(touched(app, &plant).await, None, "{table}: {plant}");
    assert_eq!(touched(app, &format!("TRUNCATE {table} CASCADE")).await, None, "{table}");
}

/// A connection goes back to its pool without a tenant, whatever the last act was.
#[tokio::test]
async fn an_act_leaves_no_tenant_behind() {
    let opened = Opened::new().await;
    seed::both(&opened.store).await;
    let mut app = opened.database.superuser().await;
    execute(&mut app, "SET ROLE callcore_app").await;
    let mine = tenant(1).uuid();
    assert_eq!(number(&mut app, &format!("SELECT callcore_held('{mine}', NULL)")).await, 0);
    assert_eq!(number(&mut app, "SELECT count(*) FROM calls").await, 0);
    execute(&mut app, "SELECT * FROM callcore_sweep(NULL, true, 10)").await;
    assert_eq!(number(&mut app, "SELECT count(*) FROM calls").await, 0);
}

#[tokio::test]
async fn hashes_of_passwords_are_out_of_reach() {
    let opened = Opened::hosted().await;
    seed::both(&opened.store).await;
    let mut app = opened.database.superuser().await;
    execute(&mut app, "SET ROLE callcore_app").await;
    as_tenant(&mut app, 1).await;
    assert_eq!(touched(&mut app, "SELECT password_hash FROM users").await, None);
    assert_eq!(touched(&mut app, "SELECT 1 FROM users").await, None);
}
