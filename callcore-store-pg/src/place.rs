//! Caps as the functions of the database take them: scope, kind of window, and what the clock of the
//! zone shows.
//!
//! The database's clock names the window, by the time zones that this crate was built with: the
//! client tells the offset in force and the next change of it. So a key is [`Cap::window_key`] to
//! the letter, also where the database knows fewer zones, or others.

use std::collections::HashMap;

use callcore::port::StoreError;
use callcore::routing::{Cap, CapKey};
use callcore::schedule::CapWindow;
use chrono::{DateTime, Offset as _, TimeDelta, TimeZone, Utc};

use crate::row::json;

/// How far the database's clock may be from ours before a change of a zone's clocks is missed. No
/// zone has changed its clocks there and back within two days since 1970.
const AROUND: TimeDelta = TimeDelta::days(1);

/// What the clock of a zone shows around an instant, in seconds east of UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct WallClock {
    offset_secs: i32,
    changes_at: Option<DateTime<Utc>>,
    changed_secs: i32,
}

impl WallClock {
    fn of(cap: &Cap, now: DateTime<Utc>) -> Self {
        match cap.key.window {
            CapWindow::Concurrent | CapWindow::Total => Self::default(),
            CapWindow::Hourly | CapWindow::Daily | CapWindow::Monthly => {
                Self::around(cap.zone, now)
            }
        }
    }

    fn around(zone: impl TimeZone + Copy, now: DateTime<Utc>) -> Self {
        let offset = |at: DateTime<Utc>| {
            zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
        };
        let before = now.checked_sub_signed(AROUND).unwrap_or(now);
        let after = now.checked_add_signed(AROUND).unwrap_or(now);
        let (offset_secs, changed_secs) = (offset(before), offset(after));
        if offset_secs == changed_secs {
            return Self { offset_secs, changes_at: None, changed_secs };
        }
        // Clock changes fall on whole seconds, hence the search by second.
        let (mut unchanged, mut changed) = (before.timestamp(), after.timestamp());
        while changed - unchanged > 1 {
            let middle = unchanged + (changed - unchanged) / 2;
            match DateTime::from_timestamp(middle, 0) {
                Some(at) if offset(at) != offset_secs => changed = middle,
                _ => unchanged = middle,
            }
        }
        Self { offset_secs, changes_at: DateTime::from_timestamp(changed, 0), changed_secs }
    }
}

/// Different caps, column by column, numbered from 1.
#[derive(Debug, Default)]
pub(crate) struct Places {
    numbers: HashMap<(CapKey, WallClock), i32>,
    latest: HashMap<CapKey, i32>,
    pub(crate) scopes: Vec<String>,
    pub(crate) kinds: Vec<&'static str>,
    /// The caps' keys as documents.
    pub(crate) docs: Vec<String>,
    /// For each the one before it with the same key in another zone; 0 for none.
    pub(crate) twins: Vec<i32>,
    pub(crate) offsets_secs: Vec<i32>,
    pub(crate) changes_at: Vec<Option<DateTime<Utc>>>,
    pub(crate) changed_secs: Vec<i32>,
}

impl Places {
    /// The number of a cap; `now` is about when it counts.
    pub(crate) fn number(&mut self, cap: &Cap, now: DateTime<Utc>) -> Result<i32, StoreError> {
        let clock = WallClock::of(cap, now);
        if let Some(number) = self.numbers.get(&(cap.key, clock)) {
            return Ok(*number);
        }
        self.scopes.push(cap.key.scope.key());
        self.kinds.push(cap.key.window.name());
        self.docs.push(json("key of a cap", &cap.key)?);
        self.offsets_secs.push(clock.offset_secs);
        self.changes_at.push(clock.changes_at);
        self.changed_secs.push(clock.changed_secs);
        let number = position(self.scopes.len());
        self.twins.push(self.latest.insert(cap.key, number).unwrap_or(0));
        self.numbers.insert((cap.key, clock), number);
        Ok(number)
    }
}

/// A position for its column. The limits on everything keep it small.
pub(crate) fn position(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use callcore::routing::CapScope;
    use callcore::schedule::parse_zone;
    use callcore::vocabulary::BuyerId;
    use uuid::Uuid;

    use super::*;

    fn utc(instant: &str) -> DateTime<Utc> {
        instant.parse().unwrap()
    }

    #[test]
    fn clocks_are_told_for_a_day_around() {
        for (zone, now) in [
            ("America/New_York", "2026-11-01T06:30:00Z"),
            ("America/New_York", "2026-03-08T05:00:00Z"),
            ("Australia/Lord_Howe", "2026-04-05T00:00:00Z"),
            ("Pacific/Apia", "2011-12-30T00:00:00Z"),
            ("Asia/Kathmandu", "2026-01-01T00:00:00Z"),
        ] {
            let (tz, now) = (parse_zone(zone, "").unwrap(), utc(now));
            let clock = WallClock::around(tz, now);
            for minutes in -1_439..1_440 {
                let at = now + TimeDelta::minutes(minutes);
                let told = match clock.changes_at {
                    Some(change) if at >= change => clock.changed_secs,
                    _ => clock.offset_secs,
                };
                let shown = tz.offset_from_utc_datetime(&at.naive_utc()).fix();
                assert_eq!(told, shown.local_minus_utc(), "{zone} at {at}");
            }
        }
    }

    #[test]
    fn a_cap_has_one_number_in_each_zone() {
        let scope = CapScope::Buyer { buyer: BuyerId::from_uuid(Uuid::nil()) };
        let cap = |window, zone| {
            let key = CapKey { scope, window };
            Cap { key, zone: parse_zone(zone, "").unwrap(), limit: 1 }
        };
        let mut places = Places::default();
        let now = utc("2026-11-22T12:00:00Z");
        let mut number = |window, zone| places.number(&cap(window, zone), now).unwrap();
        assert_eq!(number(CapWindow::Daily, "UTC"), 1);
        assert_eq!(number(CapWindow::Daily, "Asia/Tokyo"), 2);
        assert_eq!(number(CapWindow::Daily, "UTC"), 1);
        // All zones' concurrency is one.
        assert_eq!(number(CapWindow::Concurrent, "Asia/Tokyo"), 3);
        assert_eq!(number(CapWindow::Concurrent, "UTC"), 3);
        assert_eq!(number(CapWindow::Daily, "America/New_York"), 4);
        assert_eq!(places.twins, [0, 1, 0, 2]);
    }
}
