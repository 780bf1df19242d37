//! The switchboard on Postgres, under load.

mod harness;

use callcore_testkit::storm::{self, Storm};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_cap_breaks_and_all_places_return() {
    let aftermath = storm::blow::<harness::Postgres>(Storm { callers: 64, calls: 6 }).await;
    assert_eq!(aftermath.calls, 384);
    // A storm in which nobody is dialled proves nothing.
    assert!(aftermath.dials > 60 && aftermath.connected > 15, "{aftermath:?}");
}
