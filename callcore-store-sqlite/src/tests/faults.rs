//! A full disk, a locked file, somebody's own hand in the tables.

use callcore::port::{Calls as _, Capacity as _, SaveError, StoreError, SystemStore as _};
use callcore_testkit::fixtures::{call_id, noon, tenant};

use super::{Opened, reserve, save_new};

#[tokio::test]
async fn a_full_disk_is_unavailable_and_recovers() {
    let opened = Opened::new().await;
    let store = &opened.store;
    save_new(store, 0).await.unwrap();
    set_pages(&opened, "PRAGMA max_page_count = 1").await;
    let mut saved = 0;
    let error = loop {
        match save_new(store, saved + 1).await {
            Ok(()) => saved += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, SaveError::Store(StoreError::Unavailable(_))), "{error:?}");
    for _ in 0..3 {
        assert!(save_new(store, saved + 1).await.is_err());
    }
    assert_eq!(store.call(call_id(saved)).await.unwrap(), Some(tenant(1)));
    assert_eq!(store.call(call_id(saved + 1)).await.unwrap(), None);
    opened.assert_sound().await;
    opened.assert_writable().await;

    set_pages(&opened, "PRAGMA max_page_count = 1000000").await;
    save_new(store, saved + 1).await.unwrap();
    reserve(store, 1, 1).await;
    assert_eq!(store.held(tenant(1), noon()).await.unwrap(), 1);
    opened.assert_sound().await;
}

/// SQLite takes a number below the present size for the present size.
async fn set_pages(opened: &Opened, pragma: &'static str) {
    let mut db = opened.store.writer.acquire().await.unwrap();
    sqlx::query(pragma).execute(&mut *db).await.unwrap();
}

#[tokio::test]
async fn a_file_locked_by_another_process_is_unavailable_and_still_read() {
    let opened = Opened::new().await;
    save_new(&opened.store, 1).await.unwrap();
    let mut other = opened.stranger().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let error = save_new(&opened.store, 2).await.unwrap_err();
    assert!(matches!(error, SaveError::Store(StoreError::Unavailable(_))), "{error:?}");
    assert_eq!(opened.store.call(call_id(1)).await.unwrap(), Some(tenant(1)));
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    save_new(&opened.store, 2).await.unwrap();
}

#[tokio::test]
async fn a_row_changed_by_hand_is_corrupt() {
    let opened = Opened::new().await;
    save_new(&opened.store, 1).await.unwrap();
    let mut other = opened.stranger().await;
    sqlx::query("UPDATE calls SET document = '{}'").execute(&mut other).await.unwrap();
    let error =
        callcore::port::Calls::read(&opened.store, tenant(1), call_id(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { what: "call", .. }), "{error:?}");
    let look = opened.store.look(tenant(1), call_id(1), &Default::default(), noon()).await;
    assert!(matches!(look, Err(StoreError::Corrupt { .. })));
}

#[tokio::test]
async fn a_closed_store_is_unavailable() {
    let opened = Opened::new().await;
    opened.store.close().await;
    let error = opened.store.is_set_up().await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)));
}
