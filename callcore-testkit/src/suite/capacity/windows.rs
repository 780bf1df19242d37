//! Windows of the wall clock, in several zones and over clock changes.

use callcore::routing::Cap;
use callcore::schedule::CapWindow;
use chrono_tz::Tz;

use crate::Harness;
use crate::fixtures::{buyer_cap, instant};
use crate::suite::kit::Kit;

/// Two instants, and whether a cap counts them together.
struct Pair(Tz, &'static str, &'static str, bool);

async fn check(harness: &impl Harness, window: CapWindow, pairs: &[Pair]) {
    let kit = Kit::of(harness);
    for (n, Pair(zone, first, second, together)) in (1..).zip(pairs) {
        // Each pair has a buyer of its own.
        let cap = Cap { zone: *zone, ..buyer_cap(n, window, 1) };
        let (first, second) = (instant(first), instant(second));
        assert!(kit.takes(n * 2, &[cap], first).await, "{zone} {first}");
        let taken = kit.takes(n * 2 + 1, &[cap], second).await;
        assert_eq!(taken, !together, "{window:?} in {zone}: {first}, then {second}");
        let used = kit.used(&cap, second).await;
        assert_eq!(used, 1, "{window:?} in {zone}: {first}, then {second}");
    }
}

/// An hour is the one that the local clock shows; one that a clock change repeats is one window.
pub async fn an_hourly_window_is_the_local_hour(harness: &impl Harness) {
    let (york, kathmandu, howe) =
        (Tz::America__New_York, Tz::Asia__Kathmandu, Tz::Australia__Lord_Howe);
    let pairs = [
        Pair(Tz::UTC, "2026-11-22T12:00:00Z", "2026-11-22T12:59:59.999999Z", true),
        Pair(Tz::UTC, "2026-11-22T12:59:59.999999Z", "2026-11-22T13:00:00Z", false),
        Pair(Tz::UTC, "2026-11-22T12:00:00Z", "2026-11-23T12:00:00Z", false),
        // A quarter to the hour.
        Pair(kathmandu, "2026-11-22T12:14:59Z", "2026-11-22T12:15:00Z", false),
        Pair(kathmandu, "2026-11-22T12:15:00Z", "2026-11-22T13:14:59Z", true),
        // 01:30 EDT and 01:30 EST; 02:00 EST is the next.
        Pair(york, "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", true),
        Pair(york, "2026-11-01T06:59:59Z", "2026-11-01T07:00:00Z", false),
        // 01:59 EST, then 03:00 EDT.
        Pair(york, "2026-03-08T06:59:59Z", "2026-03-08T07:00:00Z", false),
        // Half an hour back: 01:45, 01:30 again, 02:00.
        Pair(howe, "2026-04-04T14:45:00Z", "2026-04-04T15:00:00Z", true),
        Pair(howe, "2026-04-04T14:45:00Z", "2026-04-04T15:30:00Z", false),
    ];
    check(harness, CapWindow::Hourly, &pairs).await;
}

/// A day is the local date, however many hours it has.
pub async fn a_daily_window_is_the_local_date(harness: &impl Harness) {
    let (york, auckland, apia) = (Tz::America__New_York, Tz::Pacific__Auckland, Tz::Pacific__Apia);
    let pairs = [
        Pair(Tz::UTC, "2026-11-22T00:00:00Z", "2026-11-22T23:59:59.999999Z", true),
        Pair(Tz::UTC, "2026-11-22T23:59:59.999999Z", "2026-11-23T00:00:00Z", false),
        Pair(york, "2026-11-22T04:59:59Z", "2026-11-22T05:00:00Z", false),
        Pair(york, "2026-11-21T23:00:00Z", "2026-11-22T04:00:00Z", true),
        // The day of 25 hours, and the one of 23.
        Pair(york, "2026-11-01T04:00:00Z", "2026-11-02T04:59:59Z", true),
        Pair(york, "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", false),
        Pair(york, "2026-03-08T05:00:00Z", "2026-03-09T03:59:59Z", true),
        Pair(york, "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", false),
        Pair(auckland, "2026-11-22T10:59:59Z", "2026-11-22T11:00:00Z", false),
        // Samoa left out 30 December 2011.
        Pair(apia, "2011-12-30T09:59:59Z", "2011-12-30T10:00:00Z", false),
    ];
    check(harness, CapWindow::Daily, &pairs).await;
}

/// A month is the local calendar month.
pub async fn a_monthly_window_is_the_local_month(harness: &impl Harness) {
    let (york, tokyo) = (Tz::America__New_York, Tz::Asia__Tokyo);
    let pairs = [
        Pair(Tz::UTC, "2026-11-01T00:00:00Z", "2026-11-30T23:59:59.999999Z", true),
        Pair(Tz::UTC, "2026-11-30T23:59:59.999999Z", "2026-12-01T00:00:00Z", false),
        Pair(Tz::UTC, "2026-11-15T00:00:00Z", "2027-11-15T00:00:00Z", false),
        Pair(york, "2026-12-01T04:59:59Z", "2026-12-01T05:00:00Z", false),
        Pair(york, "2026-11-01T04:00:00Z", "2026-12-01T04:59:59Z", true),
        Pair(tokyo, "2026-11-30T14:59:59Z", "2026-11-30T15:00:00Z", false),
        Pair(Tz::UTC, "2028-02-01T00:00:00Z", "2028-02-29T23:59:59Z", true),
    ];
    check(harness, CapWindow::Monthly, &pairs).await;
}

/// A total counts for ever, and a concurrency cap knows no window.
pub async fn a_total_never_begins_anew(harness: &impl Harness) {
    let pairs = [
        Pair(Tz::UTC, "2026-11-22T12:00:00Z", "2046-11-22T12:00:00Z", true),
        Pair(Tz::America__New_York, "2026-11-22T12:00:00Z", "2026-12-01T05:00:00Z", true),
    ];
    check(harness, CapWindow::Total, &pairs).await;
    let midnight = [Pair(Tz::UTC, "2026-11-30T23:59:59Z", "2026-12-01T00:00:00Z", true)];
    let kit = Kit::of(harness);
    let Pair(_, first, second, _) = midnight[0];
    let cap = buyer_cap(99, CapWindow::Concurrent, 1);
    assert!(kit.takes(900, &[cap], instant(first)).await);
    assert!(!kit.takes(901, &[cap], instant(second)).await, "midnight frees nobody");
}

/// What was counted in one window stays counted there when the next has begun.
pub async fn windows_are_counted_side_by_side(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let cap = buyer_cap(1, CapWindow::Daily, 5);
    let days =
        ["2026-11-22T23:00:00Z", "2026-11-23T00:00:00Z", "2026-11-24T12:00:00Z"].map(instant);
    for (n, day) in [(1, 0), (2, 1), (3, 1), (4, 2), (5, 0), (6, 0)] {
        kit.hold(n, 1, &[cap], days[day]).await;
    }
    let mut used = Vec::new();
    for day in days {
        used.push(kit.used(&cap, day).await);
    }
    assert_eq!(used, [3, 2, 1]);
}
