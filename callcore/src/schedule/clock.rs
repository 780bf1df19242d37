//! The wall clock of a zone: what it shows, and when it next shows something.

use chrono::{
    DateTime, Days, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Utc,
};
use chrono_tz::Tz;

/// What the wall clock in `zone` shows.
pub(super) fn local(zone: Tz, at: DateTime<Utc>) -> NaiveDateTime {
    let utc = at.naive_utc();
    // Only the first and last day that chrono can tell have no local time; UTC is near enough.
    utc.checked_add_offset(offset(zone, at)).unwrap_or(utc)
}

/// When the wall clock, running on from `at`, shows `edge`, or when it is changed before that.
///
/// Between the two instants the wall clock runs evenly, so nothing that depends on it can turn at
/// any moment but those its reader named as edges. `edge` lies after what the clock shows at `at`,
/// and at most a day after it: no zone has changed its clocks there and back within two days since
/// 1970, so that one comparison of offsets finds each change. `None` at the end of chrono's time.
pub(super) fn reach(edge: NaiveDateTime, zone: Tz, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let undisturbed = at.checked_add_signed(edge - local(zone, at))?;
    let before = offset(zone, at);
    if offset(zone, undisturbed) == before {
        return Some(undisturbed);
    }
    // Clock changes fall on whole seconds, hence the search by second.
    let (mut unchanged, mut changed) = (at.timestamp(), undisturbed.timestamp());
    while changed - unchanged > 1 {
        let middle = unchanged + (changed - unchanged) / 2;
        if offset(zone, DateTime::from_timestamp(middle, 0)?) == before {
            unchanged = middle;
        } else {
            changed = middle;
        }
    }
    DateTime::from_timestamp(changed, 0)
}

/// The midnight that ends `date`.
pub(super) fn end_of(date: NaiveDate) -> Option<NaiveDateTime> {
    Some(date.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN))
}

fn offset(zone: Tz, at: DateTime<Utc>) -> FixedOffset {
    zone.offset_from_utc_datetime(&at.naive_utc()).fix()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(edge: &str, zone: Tz, at: &str) -> String {
        let instant = reach(edge.parse().unwrap(), zone, at.parse().unwrap()).unwrap();
        instant.to_rfc3339()
    }

    #[test]
    fn an_undisturbed_clock_reaches_the_edge() {
        let reached =
            reached("2026-11-22T10:00:00", Tz::America__New_York, "2026-11-22T14:00:00.5Z");
        assert_eq!(reached, "2026-11-22T15:00:00+00:00");
    }

    #[test]
    fn a_clock_change_comes_first() {
        for (edge, zone, at, expected) in [
            // New York springs from 02:00 to 03:00 at 07:00 UTC.
            ("2026-03-08T02:30:00", Tz::America__New_York, "2026-03-08T06:00:00Z", "07:00"),
            // and falls back from 02:00 to 01:00 at 06:00 UTC, just when 02:00 would show.
            ("2026-11-01T02:00:00", Tz::America__New_York, "2026-11-01T05:00:00Z", "06:00"),
            // Lord Howe falls back by half an hour, from 02:00 to 01:30.
            ("2026-04-05T02:00:00", Tz::Australia__Lord_Howe, "2026-04-04T14:10:00.25Z", "15:00"),
        ] {
            assert_eq!(reached(edge, zone, at)[11..16], *expected, "{zone} {edge}");
        }
    }

    #[test]
    fn a_skipped_day_is_one_change() {
        // Samoa went from the end of 2011-12-29 to the start of 2011-12-31.
        let apia = Tz::Pacific__Apia;
        let eve = "2011-12-30T09:59:59Z".parse().unwrap();
        assert_eq!(local(apia, eve).to_string(), "2011-12-29 23:59:59");
        let next = reach("2011-12-30T00:00:00".parse().unwrap(), apia, eve).unwrap();
        assert_eq!(local(apia, next).to_string(), "2011-12-31 00:00:00");
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        for zone in [Tz::Asia__Tokyo, Tz::America__New_York] {
            for at in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
                let shown = local(zone, at);
                if let Some(edge) = end_of(shown.date()) {
                    let _ = reach(edge, zone, at);
                }
            }
        }
    }
}
