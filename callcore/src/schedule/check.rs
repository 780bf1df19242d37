//! Reads a document: all of its problems at once, and beside them what could be understood.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::{NaiveDate, Weekday};

use super::document::{DayHours, Holiday, ScheduleDocument, TimeRange};
use super::quote::quoted;
use super::time_of_day::{self, DAY};
use super::week::{Range, Week};
use crate::vocabulary::Problem;

/// How many ranges one weekday may have.
pub const MAX_RANGES_PER_DAY: usize = 16;

/// How many holidays one schedule may have: one for each day of a leap year.
pub const MAX_HOLIDAYS: usize = 366;

/// Every problem of `document`, in the order in which its parts are written.
///
/// Paths are JSON pointers from the document's root. Errors keep it from being compiled:
/// `invalid_time`, `invalid_date`, `too_many_ranges`, `too_many_holidays`. Warnings do not:
/// `duplicate_range`, `overlapping_ranges`, `no_time_ranges`, `duplicate_holiday`. Ranges of a day
/// that is not enabled must still be times, but may overlap.
pub fn check(document: &ScheduleDocument) -> Vec<Problem> {
    read(document).problems
}

/// What a document says; complete only where `problems` holds no error.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) week: Week,
    pub(super) holidays: BTreeMap<NaiveDate, String>,
    pub(super) problems: Vec<Problem>,
}

pub(super) fn read(document: &ScheduleDocument) -> Reading {
    let mut reading = Reading::default();
    for (weekday, key, hours) in document.business_hours.days() {
        reading.day(hours, weekday, key);
    }
    reading.holidays(&document.holidays);
    reading
}

impl Reading {
    fn day(&mut self, hours: &DayHours, weekday: Weekday, key: &str) {
        let path = format!("/businessHours/{key}/timeRanges");
        let count = hours.time_ranges.len();
        if count > MAX_RANGES_PER_DAY {
            let message = format!(
                "{key} has {count} time ranges, and at most {MAX_RANGES_PER_DAY} are allowed; \
                 remove some, or make one of several that follow each other"
            );
            self.error("too_many_ranges", &path, message);
        }
        if hours.enabled && count == 0 {
            let message = format!(
                "{key} is enabled but has no time range, so it is closed; \
                 add a range or set enabled to false"
            );
            self.warning("no_time_ranges", &path, message);
        }

        let mut earlier = Vec::new();
        for (position, written) in hours.time_ranges.iter().enumerate() {
            let path = format!("{path}/{position}");
            let Some(range) = self.range(written, key, &path) else { continue };
            if !hours.enabled {
                continue;
            }
            // A day over the limit is not compared: that would take time quadratic in its size.
            if count <= MAX_RANGES_PER_DAY {
                self.compare(range, written, &earlier, key, &path);
                earlier.push((range, written));
            }
            self.week.add(range, weekday);
        }
    }

    fn range(&mut self, written: &TimeRange, key: &str, path: &str) -> Option<Range> {
        let open = time_of_day::parse(&written.open).filter(|&minutes| minutes < DAY);
        if open.is_none() {
            let open = quoted(&written.open);
            let message = format!(
                "{key} opens at {open}, which is not a time of day; \
                 expected HH:MM from 00:00 to 23:59, such as 09:00"
            );
            self.error("invalid_time", &format!("{path}/open"), message);
        }
        let close = time_of_day::parse(&written.close);
        if close.is_none() {
            let close = quoted(&written.close);
            let message = format!(
                "{key} closes at {close}, which is not a time of day; \
                 expected HH:MM from 00:00 to 24:00, such as 17:00"
            );
            self.error("invalid_time", &format!("{path}/close"), message);
        }
        Some(Range::new(open?, close?))
    }

    /// Tells of the first earlier range that `range` repeats or overlaps.
    fn compare(
        &mut self,
        range: Range,
        written: &TimeRange,
        earlier: &[(Range, &TimeRange)],
        key: &str,
        path: &str,
    ) {
        let TimeRange { open, close } = written;
        if earlier.iter().any(|&(other, _)| other == range) {
            let message = format!("{key} lists {open} to {close} twice; remove one of the two");
            self.warning("duplicate_range", path, message);
        } else if let Some((_, other)) = earlier.iter().find(|(other, _)| other.overlaps(range)) {
            let message = format!(
                "{key} is open from {open} to {close} and from {} to {}, which overlap; \
                 expected ranges apart from each other, or one range for both",
                other.open, other.close
            );
            self.warning("overlapping_ranges", path, message);
        }
    }

    fn holidays(&mut self, holidays: &[Holiday]) {
        let count = holidays.len();
        if count > MAX_HOLIDAYS {
            let message = format!(
                "there are {count} holidays, and at most {MAX_HOLIDAYS} are allowed; \
                 remove those that have passed"
            );
            self.error("too_many_holidays", "/holidays", message);
        }
        let mut first_with = BTreeMap::new();
        for (position, holiday) in holidays.iter().enumerate() {
            let path = format!("/holidays/{position}/date");
            let Some(date) = parse_date(&holiday.date) else {
                let message = format!(
                    "{} is not a date; expected YYYY-MM-DD, such as 2026-12-25",
                    quoted(&holiday.date)
                );
                self.error("invalid_date", &path, message);
                continue;
            };
            match first_with.entry(date) {
                Entry::Vacant(vacant) => {
                    vacant.insert(position);
                }
                Entry::Occupied(first) => {
                    let message = format!(
                        "{date} is already holiday {}; remove one of the two \
                         (the first that is enabled counts)",
                        first.get()
                    );
                    self.warning("duplicate_holiday", &path, message);
                }
            }
            if holiday.enabled {
                self.holidays.entry(date).or_insert_with(|| holiday.name.clone());
            }
        }
    }

    fn error(&mut self, code: &'static str, path: &str, message: String) {
        self.problems.push(Problem::error(code, path, message));
    }

    fn warning(&mut self, code: &'static str, path: &str, message: String) {
        self.problems.push(Problem::warning(code, path, message));
    }
}

/// Exactly `YYYY-MM-DD`: chrono alone would also take spaces, signs and single digits.
fn parse_date(written: &str) -> Option<NaiveDate> {
    let date: NaiveDate = written.parse().ok()?;
    (written.len() == 10 && date.to_string() == written).then_some(date)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vocabulary::Severity;
    use crate::vocabulary::mends::says_how_to_mend;

    /// `severity code path` of each problem.
    fn found(document: serde_json::Value) -> Vec<String> {
        let document = serde_json::from_value(document).unwrap();
        let line = |problem: Problem| {
            let severity = match problem.severity {
                Severity::Error => "error",
                _ => "warning",
            };
            format!("{severity} {} {}", problem.code, problem.path)
        };
        let problems = check(&document);
        for problem in &problems {
            assert!(says_how_to_mend(&problem.message), "{problem:?}");
        }
        problems.into_iter().map(line).collect()
    }

    fn monday(ranges: &[(&str, &str)]) -> serde_json::Value {
        let ranges: Vec<_> =
            ranges.iter().map(|(open, close)| json!({ "open": open, "close": close })).collect();
        json!({ "businessHours": { "monday": { "enabled": true, "timeRanges": ranges } } })
    }

    #[test]
    fn sound_documents_have_no_problem() {
        assert!(found(json!({ "businessHours": {} })).is_empty());
        for ranges in [
            &[("09:00", "12:00"), ("12:00", "17:00")][..],
            &[("00:00", "24:00")],
            &[("09:00", "09:00")],
            &[("22:00", "02:00"), ("01:00", "02:00")],
        ] {
            assert_eq!(found(monday(ranges)), [""; 0], "{ranges:?}");
        }
    }

    #[test]
    fn every_problem_at_once() {
        let document = json!({
            "businessHours": {
                "sunday": { "enabled": false, "timeRanges": [
                    { "open": "9:00", "close": "17:00" },
                    { "open": "10:00", "close": "11:00" },
                    { "open": "10:00", "close": "11:00" } ] },
                "monday": { "enabled": true, "timeRanges": [
                    { "open": "24:00", "close": "25:00" },
                    { "open": "09:00", "close": "17:00" },
                    { "open": "09:00", "close": "17:00" },
                    { "open": "16:00", "close": "00:00" } ] },
                "tuesday": { "enabled": true }
            },
            "holidays": [
                { "date": "2026-02-29" }, { "date": "2026-12-25" },
                { "date": "2026-12-25", "enabled": false }, { "date": "2026-1-1" },
                { "date": "+2026-1-01" } ]
        });
        assert_eq!(
            found(document),
            [
                "error invalid_time /businessHours/monday/timeRanges/0/open",
                "error invalid_time /businessHours/monday/timeRanges/0/close",
                "warning duplicate_range /businessHours/monday/timeRanges/2",
                "warning overlapping_ranges /businessHours/monday/timeRanges/3",
                "warning no_time_ranges /businessHours/tuesday/timeRanges",
                "error invalid_time /businessHours/sunday/timeRanges/0/open",
                "error invalid_date /holidays/0/date",
                "warning duplicate_holiday /holidays/2/date",
                "error invalid_date /holidays/3/date",
                "error invalid_date /holidays/4/date",
            ]
        );
    }

    #[test]
    fn limits_hold_at_the_limit_and_not_beyond() {
        let ranges: Vec<_> =
            (0..17).map(|hour| (format!("{hour:02}:00"), format!("{hour:02}:30"))).collect();
        let ranges: Vec<_> =
            ranges.iter().map(|(open, close)| (open.as_str(), close.as_str())).collect();
        assert_eq!(found(monday(&ranges[..16])), [""; 0]);
        assert_eq!(
            found(monday(&ranges)),
            ["error too_many_ranges /businessHours/monday/timeRanges"]
        );

        let new_year = NaiveDate::from_ymd_opt(2028, 1, 1).unwrap();
        let holidays = |count| {
            let days = new_year.iter_days().take(count);
            let days: Vec<_> = days.map(|date| json!({ "date": date.to_string() })).collect();
            json!({ "businessHours": {}, "holidays": days })
        };
        assert_eq!(found(holidays(366)), [""; 0]);
        assert_eq!(found(holidays(367)), ["error too_many_holidays /holidays"]);
    }

    #[test]
    fn messages_say_what_where_and_what_is_expected() {
        let document = serde_json::from_value(monday(&[("9:00", "17:00")])).unwrap();
        assert_eq!(
            check(&document)[0].message,
            "monday opens at \"9:00\", which is not a time of day; \
             expected HH:MM from 00:00 to 23:59, such as 09:00"
        );
    }
}
