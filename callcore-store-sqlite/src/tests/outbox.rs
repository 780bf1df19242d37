//! Deliveries that cannot be read, and how those that are due are found.

use callcore::call::StepKey;
use callcore::port::{Calls as _, Outbox, Save};
use callcore_testkit::fixtures::{
    call, call_id, delivery, delivery_id, noon, requests, save, tenant,
};
use chrono::TimeDelta;
use sqlx::Row as _;

use super::Opened;
use crate::outbox::{DUE_OF_TENANT, WAITING_TENANTS};

#[tokio::test]
async fn a_delivery_that_cannot_be_read_holds_up_no_other_and_is_given_up_in_the_end() {
    let opened = Opened::new().await;
    let store = &opened.store;
    let outbox = (1..=3).map(delivery).collect();
    let sending = Save { outbox, ..save(call(tenant(1), 1), None, &StepKey::voice()) };
    store.save(tenant(1), sending).await.unwrap();
    let mut db = opened.stranger().await;
    sqlx::query("UPDATE outbox SET document = ?2 WHERE id = ?1")
        .bind(delivery_id(2))
        .bind("“\"kind\":\"http\"")
        .execute(&mut db)
        .await
        .unwrap();
    for attempt in 1..=12 {
        let now = noon() + TimeDelta::minutes(attempt);
        let claimed = store.claim(&requests(9), now, now).await.unwrap();
        let ids: Vec<_> = claimed.iter().map(|due| due.delivery.id).collect();
        assert_eq!(ids, [1, 3].map(delivery_id));
    }
    let row = sqlx::query("SELECT status, attempts, reason FROM outbox WHERE id = ?1")
        .bind(delivery_id(2))
        .fetch_one(&mut db)
        .await
        .unwrap();
    let told: (String, i64, String) = (row.get(0), row.get(1), row.get(2));
    assert_eq!(told, ("given_up".into(), 10, "it cannot be read".into()));
    assert_eq!(Outbox::of_call(store, tenant(1), call_id(1)).await.unwrap().len(), 2);
}

/// A backlog of one tenant, or of one lane, is not read through whenever somebody looks.
#[tokio::test]
async fn what_is_due_is_found_by_an_index() {
    let opened = Opened::new().await;
    let mut db = opened.stranger().await;
    for statement in [WAITING_TENANTS, DUE_OF_TENANT] {
        let explained = format!("EXPLAIN QUERY PLAN {statement}");
        let plan = sqlx::query(sqlx::AssertSqlSafe(explained)).fetch_all(&mut db).await.unwrap();
        let steps = plan.iter().map(|step| step.get::<String, _>("detail"));
        let tables: Vec<_> =
            steps.filter(|step| step.contains("outbox") || step.contains(" o ")).collect();
        assert!(!tables.is_empty());
        for step in tables {
            let is_searched = step.starts_with("SEARCH") && step.contains("outbox_due_in_lanes");
            assert!(is_searched, "{step}");
        }
    }
}
