//! The counters of the caps after it all: nothing is held, and nothing was forgotten.

use std::time::{Duration, Instant};

use crate::database::Database;
use crate::world::LEASE;

/// The sweep comes every 10 s, and a busy machine is late.
const SWEPT_WITHIN: Duration = LEASE.saturating_add(Duration::from_secs(40));

const HELD: &str = "SELECT count(*) FROM reservation_items WHERE window_kind = 'concurrent'";

/// Counters that do not say how many places are taken.
const WRONG: &str = "
    SELECT c.scope, c.window_kind, c.window_key, c.used, count(i.call_id)
    FROM cap_counters c
    LEFT JOIN reservation_items i USING (tenant_id, scope, window_kind, window_key)
    GROUP BY c.tenant_id, c.scope, c.window_kind, c.window_key, c.used
    HAVING c.used <> count(i.call_id)";

/// Waits until nothing is held at once any more, which takes no longer than a lease and a sweep, and
/// answers how long it took. All counters agree with what they count then.
pub(crate) async fn close(database: &Database) -> Duration {
    let begun = Instant::now();
    loop {
        let held = database.query(HELD).await;
        if held == ["0"] {
            break;
        }
        assert!(
            begun.elapsed() < SWEPT_WITHIN,
            "{held:?} slots are held after every lease is over"
        );
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let wrong = database.query(WRONG).await;
    assert!(wrong.is_empty(), "counters (scope, window, used, items) that are wrong: {wrong:#?}");
    begun.elapsed()
}

/// How much counts for the day, over all buyers.
pub(crate) async fn counting(database: &Database) -> u64 {
    let used = "SELECT coalesce(sum(used), 0) FROM cap_counters WHERE window_kind = 'daily'";
    let used = database.query(used).await;
    used.first().and_then(|sum| sum.parse().ok()).expect("a number")
}
