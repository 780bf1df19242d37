//! The switchboard on the in-memory store, under load.

use callcore_testkit::Memory;
use callcore_testkit::storm::{self, Storm};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_cap_breaks_and_all_places_return() {
    let aftermath = storm::blow::<Memory>(Storm { callers: 64, calls: 20 }).await;
    assert_eq!(aftermath.calls, 1_280);
    // A storm in which nobody is dialled proves nothing.
    assert!(aftermath.dials > 100 && aftermath.connected > 20, "{aftermath:?}");
}
