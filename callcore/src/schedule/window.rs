//! The windows in which caps count.

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::clock;

/// What a cap counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum CapWindow {
    /// The calls that are up at the moment.
    Concurrent,
    /// A local hour.
    Hourly,
    /// A local date.
    Daily,
    /// A local month.
    Monthly,
    /// All time.
    Total,
}

impl CapWindow {
    /// The word on the wire, such as `daily`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Concurrent => "concurrent",
            Self::Hourly => "hourly",
            Self::Daily => "daily",
            Self::Monthly => "monthly",
            Self::Total => "total",
        }
    }
}

/// The key of the window that `at` lies in: instants have one key if a cap counts them together.
///
/// `live`, `2026-11-22T14`, `2026-11-22`, `2026-11` or `total`, by the wall clock of `zone`. An
/// hour that a clock change repeats is one window, so in a zone that falls back from 03:45 to 02:45
/// the hours 02 and 03 go on after the change where they were left.
///
/// ```
/// use callcore::schedule::{CapWindow, window_key};
/// use chrono_tz::Tz;
///
/// let key = window_key(CapWindow::Daily, Tz::America__New_York, "2026-11-22T02:00:00Z".parse()?);
/// assert_eq!(key, "2026-11-21");
/// # Ok::<(), chrono::ParseError>(())
/// ```
pub fn window_key(window: CapWindow, zone: Tz, at: DateTime<Utc>) -> String {
    let shown = clock::local(zone, at);
    match window {
        CapWindow::Concurrent => "live".to_owned(),
        CapWindow::Hourly => shown.format("%Y-%m-%dT%H").to_string(),
        CapWindow::Daily => shown.format("%Y-%m-%d").to_string(),
        CapWindow::Monthly => shown.format("%Y-%m").to_string(),
        CapWindow::Total => "total".to_owned(),
    }
}

/// The first instant after `at` whose [`window_key`] is another; `None` where it never changes.
pub fn window_end(window: CapWindow, zone: Tz, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let begun = clock::local(zone, at);
    let mut instant = at;
    loop {
        let edge = next_edge(window, clock::local(zone, instant))?;
        instant = clock::reach(edge, zone, instant)?;
        if !same_window(window, begun, clock::local(zone, instant)) {
            return Some(instant);
        }
    }
}

/// The next wall clock time at which a window may end; a month is taken day by day.
fn next_edge(window: CapWindow, shown: NaiveDateTime) -> Option<NaiveDateTime> {
    match window {
        CapWindow::Concurrent | CapWindow::Total => None,
        CapWindow::Hourly => {
            let hour = shown.date().and_hms_opt(shown.hour(), 0, 0)?;
            hour.checked_add_signed(TimeDelta::hours(1))
        }
        CapWindow::Daily | CapWindow::Monthly => clock::end_of(shown.date()),
    }
}

fn same_window(window: CapWindow, one: NaiveDateTime, other: NaiveDateTime) -> bool {
    match window {
        CapWindow::Concurrent | CapWindow::Total => true,
        CapWindow::Hourly => (one.date(), one.hour()) == (other.date(), other.hour()),
        CapWindow::Daily => one.date() == other.date(),
        CapWindow::Monthly => (one.year(), one.month()) == (other.year(), other.month()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(instant: &str) -> DateTime<Utc> {
        instant.parse().unwrap()
    }

    #[test]
    fn keys_are_local() {
        let at = utc("2026-11-30T18:30:00Z");
        for (window, zone, expected) in [
            (CapWindow::Concurrent, Tz::UTC, "live"),
            (CapWindow::Hourly, Tz::UTC, "2026-11-30T18"),
            (CapWindow::Hourly, Tz::Asia__Kathmandu, "2026-12-01T00"),
            (CapWindow::Daily, Tz::Asia__Kathmandu, "2026-12-01"),
            (CapWindow::Monthly, Tz::Asia__Kathmandu, "2026-12"),
            (CapWindow::Monthly, Tz::America__New_York, "2026-11"),
            (CapWindow::Total, Tz::UTC, "total"),
        ] {
            assert_eq!(window_key(window, zone, at), expected, "{window:?} {zone}");
        }
    }

    #[test]
    fn windows_end_where_the_wall_clock_says() {
        use CapWindow::{Daily, Hourly, Monthly};
        let (kathmandu, lord_howe) = (Tz::Asia__Kathmandu, Tz::Australia__Lord_Howe);
        let (new_york, chatham) = (Tz::America__New_York, Tz::Pacific__Chatham);
        for (window, zone, at, expected) in [
            (Hourly, Tz::UTC, "2026-11-22T14:59:59.9Z", "2026-11-22T15:00:00Z"),
            (Hourly, kathmandu, "2026-11-22T14:10:00Z", "2026-11-22T14:15:00Z"),
            // The repeated hour is one window of two hours.
            (Hourly, new_york, "2026-11-01T05:00:00Z", "2026-11-01T07:00:00Z"),
            // The hour before the skipped one ends as usual.
            (Hourly, new_york, "2026-03-08T06:10:00Z", "2026-03-08T07:00:00Z"),
            // 01:30 to 02:00 is repeated, or 02:00 to 02:30 skipped.
            (Hourly, lord_howe, "2026-04-04T14:00:00Z", "2026-04-04T15:30:00Z"),
            (Hourly, lord_howe, "2026-10-03T15:30:00Z", "2026-10-03T16:00:00Z"),
            // 03:45 becomes 02:45, so the hour is left and comes back.
            (Hourly, chatham, "2026-04-04T13:15:00Z", "2026-04-04T14:00:00Z"),
            (Hourly, chatham, "2026-04-04T14:00:00Z", "2026-04-04T14:15:00Z"),
            // Days of 25 and of 23 hours.
            (Daily, new_york, "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"),
            (Daily, new_york, "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"),
            // In Cairo the day of the change begins at 01:00.
            (Daily, Tz::Africa__Cairo, "2026-04-23T12:00:00Z", "2026-04-23T22:00:00Z"),
            (Monthly, new_york, "2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z"),
            (Monthly, kathmandu, "2028-02-01T00:00:00Z", "2028-02-29T18:15:00Z"),
        ] {
            assert_eq!(window_end(window, zone, utc(at)), Some(utc(expected)), "{zone} {at}");
        }
    }

    #[test]
    fn some_windows_never_end() {
        let at = utc("2026-11-22T14:00:00Z");
        assert_eq!(window_end(CapWindow::Concurrent, Tz::UTC, at), None);
        assert_eq!(window_end(CapWindow::Total, Tz::UTC, at), None);
        assert_eq!(window_end(CapWindow::Monthly, Tz::UTC, DateTime::<Utc>::MAX_UTC), None);
    }

    #[test]
    fn wire_names_and_order() {
        let all = [
            CapWindow::Concurrent,
            CapWindow::Hourly,
            CapWindow::Daily,
            CapWindow::Monthly,
            CapWindow::Total,
        ];
        assert!(all.is_sorted());
        let names = serde_json::to_string(&all).unwrap();
        assert_eq!(names, r#"["concurrent","hourly","daily","monthly","total"]"#);
        assert_eq!(serde_json::from_str::<[CapWindow; 5]>(&names).unwrap(), all);
    }
}
