//! The two walls between tenants, each alone: the statements where row-level security is off, and
//! row-level security where the statements are hostile.

#[path = "../harness/mod.rs"]
mod harness;
mod schema;
mod seed;
mod statements;

use callcore_testkit::suite;
use harness::{Bypass, database::Opened};

/// Wall 1. The connections work as a role that no policy binds, and one tenant still gets nothing
/// of the other's.
#[test]
fn statements_keep_tenants_apart_without_row_level_security() {
    let cases: Vec<_> =
        suite::cases::<Bypass>().into_iter().filter(|case| case.name.contains("tenant")).collect();
    assert!(cases.len() >= 17, "the suite has more cases on tenants");
    for case in &cases {
        suite::run(case);
    }
}

/// Proves that the wall above stands alone.
#[tokio::test]
async fn the_role_that_no_policy_binds_sees_every_tenant() {
    let opened = Opened::bypassing().await;
    seed::both(&opened.store).await;
    let mut db = opened.database.superuser().await;
    harness::database::execute(&mut db, "SET ROLE callcore_test_bypass").await;
    let tenants: i64 = sqlx::query_scalar("SELECT count(DISTINCT tenant_id) FROM campaigns")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(tenants, 2);
}
