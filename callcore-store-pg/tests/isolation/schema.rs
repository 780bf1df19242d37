//! What the catalogue must show, so that a table, view or function of a later migration cannot
//! forget its wall.

use sqlx::PgConnection;

use crate::harness::database::Opened;
use crate::statements::tables;

/// Unique keys over all tenants: what one of them can learn of another is that such a value is
/// taken. Everything else is unique within its tenant.
const OVER_ALL_TENANTS: [&str; 5] = [
    "api_keys_token_hash",
    "calls_id_key",
    "phone_numbers_number",
    "sessions_token_hash",
    "users_sign_in_name",
];

/// Functions that work with the rights of the tables' owner. Whoever adds one answers for it.
const WITH_THE_OWNERS_RIGHTS: [&str; 15] = [
    "callcore_add_tenant",
    "callcore_api_key",
    "callcore_claim",
    "callcore_claim_in_lane",
    "callcore_credentials",
    "callcore_forget_deliveries",
    "callcore_is_begun",
    "callcore_is_set_up",
    "callcore_number_holder",
    "callcore_revisions",
    "callcore_session",
    "callcore_set_up",
    "callcore_sweep",
    "callcore_sweep_steps",
    "callcore_tenant_of_call",
];

async fn names(db: &mut PgConnection, sql: &'static str) -> Vec<String> {
    sqlx::query_scalar(sql).fetch_all(db).await.expect("the catalogue is readable")
}

#[tokio::test]
async fn every_table_of_tenants_has_its_wall() {
    for opened in [Opened::new().await, Opened::hosted().await] {
        let mut db = opened.database.superuser().await;
        let walled = names(
            &mut db,
            "SELECT c.relname::text FROM pg_class AS c JOIN pg_policy AS p ON p.polrelid = c.oid \
             WHERE c.relrowsecurity AND c.relforcerowsecurity AND p.polname = 'tenant' \
             AND p.polcmd = '*' AND p.polroles = '{0}' AND p.polpermissive \
             AND pg_get_expr(p.polqual, c.oid) = pg_get_expr(p.polwithcheck, c.oid) \
             AND pg_get_expr(p.polqual, c.oid) \
             LIKE '(tenant_id = ( SELECT %NULLIF(current_setting(''callcore.tenant''%' ORDER BY 1",
        )
        .await;
        assert_eq!(walled, tables(&mut db).await);
        let gates_for_others = names(
            &mut db,
            "SELECT c.relname::text || '.' || p.polname FROM pg_policy AS p \
             JOIN pg_class AS c ON c.oid = p.polrelid \
             WHERE p.polname <> 'tenant' AND p.polroles <> ARRAY[c.relowner]",
        )
        .await;
        assert_eq!(gates_for_others, [""; 0]);
    }
}

#[tokio::test]
async fn the_application_role_can_do_no_more_than_it_must() {
    let opened = Opened::new().await;
    let mut db = opened.database.superuser().await;
    let excess = names(
        &mut db,
        "SELECT c.relname || ' ' || p FROM pg_class AS c, \
         unnest(ARRAY['TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p \
         WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') \
         AND has_table_privilege('callcore_app', c.oid, p)",
    )
    .await;
    assert_eq!(excess, [""; 0]);
    let is_bound: bool = sqlx::query_scalar(
        "SELECT NOT (rolsuper OR rolbypassrls OR rolcanlogin OR rolcreaterole OR rolcreatedb) \
         AND NOT has_schema_privilege('callcore_app', current_schema(), 'CREATE') \
         AND NOT EXISTS (SELECT FROM pg_auth_members AS m WHERE m.member = r.oid) \
         FROM pg_roles AS r WHERE rolname = 'callcore_app'",
    )
    .fetch_one(&mut db)
    .await
    .unwrap();
    assert!(is_bound);
}

/// A plain foreign key accepts another tenant's row, because its check knows no policy.
#[tokio::test]
async fn every_foreign_key_carries_the_tenant() {
    let opened = Opened::new().await;
    let mut db = opened.database.superuser().await;
    let simple = names(
        &mut db,
        "SELECT f.conname::text FROM pg_constraint AS f \
         JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attname = 'tenant_id' \
         JOIN pg_attribute AS b ON b.attrelid = f.confrelid AND b.attname = 'tenant_id' \
         WHERE f.contype = 'f' AND array_position(f.conkey, a.attnum) \
         IS DISTINCT FROM array_position(f.confkey, b.attnum)",
    )
    .await;
    assert_eq!(simple, [""; 0]);
    let all = names(&mut db, "SELECT conname::text FROM pg_constraint WHERE contype = 'f'").await;
    assert!(all.len() >= 8, "{all:?}");
}

#[tokio::test]
async fn only_few_keys_are_unique_over_all_tenants() {
    let opened = Opened::new().await;
    let mut db = opened.database.superuser().await;
    let over_all = names(
        &mut db,
        "SELECT i.indexrelid::regclass::text FROM pg_index AS i \
         JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attname = 'tenant_id' \
         WHERE i.indisunique AND NOT (a.attnum = ANY (i.indkey)) ORDER BY 1",
    )
    .await;
    assert_eq!(over_all, OVER_ALL_TENANTS);
}

#[tokio::test]
async fn views_and_functions_work_with_the_callers_rights() {
    let opened = Opened::hosted().await;
    let mut db = opened.database.superuser().await;
    let views = names(
        &mut db,
        "SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace \
         AND (relkind = 'm' OR relkind = 'v' \
         AND NOT coalesce(reloptions @> '{security_invoker=true}', false))",
    )
    .await;
    assert_eq!(views, [""; 0]);
    let with_the_owners_rights = names(
        &mut db,
        "SELECT proname::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace \
         AND prosecdef ORDER BY 1",
    )
    .await;
    assert_eq!(with_the_owners_rights, WITH_THE_OWNERS_RIGHTS);
    let open_ones = names(
        &mut db,
        "SELECT proname::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace \
         AND prosecdef AND (NOT has_function_privilege('callcore_app', oid, 'EXECUTE') \
         OR EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) AS a \
         WHERE a.grantee = 0) OR NOT proconfig && ARRAY['search_path=public, pg_temp'])",
    )
    .await;
    assert_eq!(open_ones, [""; 0]);
}
