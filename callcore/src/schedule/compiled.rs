//! The schedule that runs: open, closed or holiday at an instant, and when that changes.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

use super::check::{self, Reading};
use super::clock;
use super::document::ScheduleDocument;
use super::week::Week;
use crate::vocabulary::{Problem, Severity};

/// How far [`Schedule::next_change`] and [`Schedule::next_open`] look ahead.
pub const LOOK_AHEAD: TimeDelta = TimeDelta::days(400);

/// Whether a business is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenState {
    /// Within its hours.
    Open,
    /// Outside its hours.
    Closed,
    /// On a date that its hours do not apply to.
    Holiday {
        /// What the day is called; may be empty.
        name: String,
    },
}

/// A schedule without errors, in a zone. See the [module](super) for its rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    zone: Tz,
    week: Week,
    holidays: BTreeMap<NaiveDate, String>,
}

impl Schedule {
    /// The schedule that `document` describes, by the wall clock of `zone`.
    ///
    /// # Errors
    ///
    /// Every problem of the document, warnings included, where one of them is an error.
    pub fn compile(document: &ScheduleDocument, zone: Tz) -> Result<Self, Vec<Problem>> {
        let Reading { week, holidays, problems } = check::read(document);
        if problems.iter().any(|problem| problem.severity == Severity::Error) {
            return Err(problems);
        }
        Ok(Self { zone, week, holidays })
    }

    /// The schedule of who wrote none: open at every instant.
    pub fn always_open(zone: Tz) -> Self {
        Self { zone, week: Week::always_open(), holidays: BTreeMap::new() }
    }

    /// The zone whose wall clock counts.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The state at `at`.
    pub fn state(&self, at: DateTime<Utc>) -> OpenState {
        self.standing(at).into()
    }

    /// The first instant after `at` at which the state is another, and that state.
    ///
    /// `None` where the state does not change within [`LOOK_AHEAD`].
    pub fn next_change(&self, at: DateTime<Utc>) -> Option<(DateTime<Utc>, OpenState)> {
        let now = self.standing(at);
        let (instant, standing) = self.first_after(|standing| standing != now, at)?;
        Some((instant, standing.into()))
    }

    /// The first instant from `at` on at which it is open: `at` itself if it is open then.
    ///
    /// `None` where it does not open within [`LOOK_AHEAD`].
    pub fn next_open(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.standing(at) == Standing::Open {
            return Some(at);
        }
        let (instant, _) = self.first_after(|standing| standing == Standing::Open, at)?;
        Some(instant)
    }

    fn standing(&self, at: DateTime<Utc>) -> Standing<'_> {
        let shown = clock::local(self.zone, at);
        let (date, weekday) = (shown.date(), shown.weekday());
        if let Some(name) = self.holidays.get(&date) {
            return Standing::Holiday(name);
        }
        let minute = minute_of_day(shown);
        let eve_counts = date.pred_opt().is_some_and(|eve| !self.holidays.contains_key(&eve));
        let open = self.week.open_on(weekday, minute)
            || eve_counts && self.week.open_since_eve(weekday, minute);
        if open { Standing::Open } else { Standing::Closed }
    }

    /// The first instant after `at`, within [`LOOK_AHEAD`], whose standing is `wanted`.
    ///
    /// Goes from edge to edge of the wall clock, since the standing is constant between them.
    fn first_after(
        &self,
        wanted: impl Fn(Standing<'_>) -> bool,
        at: DateTime<Utc>,
    ) -> Option<(DateTime<Utc>, Standing<'_>)> {
        let horizon = at.checked_add_signed(LOOK_AHEAD)?;
        let mut instant = at;
        loop {
            let shown = clock::local(self.zone, instant);
            let edge = match self.week.next_edge(shown.weekday(), minute_of_day(shown)) {
                Some(minute) => {
                    shown.date().and_hms_opt(u32::from(minute / 60), u32::from(minute % 60), 0)?
                }
                None => clock::end_of(shown.date())?,
            };
            instant = clock::reach(edge, self.zone, instant)?;
            if instant > horizon {
                return None;
            }
            let standing = self.standing(instant);
            if wanted(standing) {
                return Some((instant, standing));
            }
        }
    }
}

/// [`OpenState`] without a name of its own, so that a search allocates nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing<'a> {
    Open,
    Closed,
    Holiday(&'a str),
}

impl From<Standing<'_>> for OpenState {
    fn from(standing: Standing<'_>) -> Self {
        match standing {
            Standing::Open => Self::Open,
            Standing::Closed => Self::Closed,
            Standing::Holiday(name) => Self::Holiday { name: name.to_owned() },
        }
    }
}

fn minute_of_day(shown: NaiveDateTime) -> u16 {
    u16::try_from(shown.hour() * 60 + shown.minute()).expect("a day has 1440 minutes")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NEW_YORK: Tz = Tz::America__New_York;

    fn schedule(document: serde_json::Value, zone: Tz) -> Schedule {
        Schedule::compile(&serde_json::from_value(document).unwrap(), zone).unwrap()
    }

    fn utc(instant: &str) -> DateTime<Utc> {
        instant.parse().unwrap()
    }

    /// Friday night until two, Saturday closed, Christmas on a Friday.
    fn friday_night() -> Schedule {
        let document = json!({
            "businessHours": {
                "friday": { "enabled": true, "timeRanges": [
                    { "open": "22:00", "close": "02:00" } ] },
                "saturday": { "enabled": false, "timeRanges": [
                    { "open": "09:00", "close": "17:00" } ] }
            },
            "holidays": [
                { "date": "2026-12-25", "name": "Christmas" },
                { "date": "2026-12-18", "enabled": false, "name": "Office party" } ]
        });
        schedule(document, NEW_YORK)
    }

    #[test]
    fn a_night_belongs_to_the_day_it_begins_on() {
        let friday_night = friday_night();
        let christmas = OpenState::Holiday { name: "Christmas".to_owned() };
        for (at, expected) in [
            ("2026-11-21T02:59:59.999Z", OpenState::Closed),
            ("2026-11-21T03:00:00Z", OpenState::Open),
            ("2026-11-21T06:59:59.999Z", OpenState::Open),
            ("2026-11-21T07:00:00Z", OpenState::Closed),
            ("2026-11-21T15:00:00Z", OpenState::Closed),
            // A holiday that is not enabled changes nothing.
            ("2026-12-19T03:00:00Z", OpenState::Open),
            ("2026-12-25T04:59:59Z", OpenState::Closed),
            ("2026-12-25T05:00:00Z", christmas.clone()),
            ("2026-12-26T04:59:59Z", christmas),
            // What opened on the holiday does not run past its midnight.
            ("2026-12-26T05:00:00Z", OpenState::Closed),
        ] {
            assert_eq!(friday_night.state(utc(at)), expected, "{at}");
        }
    }

    #[test]
    fn changes_and_openings_over_christmas() {
        let friday_night = friday_night();
        let changes = std::iter::successors(Some(utc("2026-12-19T03:00:00Z")), |&at| {
            Some(friday_night.next_change(at)?.0)
        });
        let changes: Vec<_> = changes.take(6).map(|at| at.to_rfc3339()[..16].to_owned()).collect();
        let expected = [
            "2026-12-19T03:00",
            "2026-12-19T07:00",
            "2026-12-25T05:00",
            "2026-12-26T05:00",
            "2027-01-02T03:00",
            "2027-01-02T07:00",
        ];
        assert_eq!(changes, expected);

        let closed = utc("2026-12-19T07:00:00Z");
        assert_eq!(friday_night.next_open(closed), Some(utc("2027-01-02T03:00:00Z")));
        let open = utc("2027-01-02T03:00:00.5Z");
        assert_eq!(friday_night.next_open(open), Some(open));
    }

    #[test]
    fn what_never_changes_has_no_next_change() {
        let at = utc("2026-11-22T12:00:00Z");
        let open = Schedule::always_open(NEW_YORK);
        assert_eq!((open.state(at), open.next_change(at)), (OpenState::Open, None));
        assert_eq!(open.next_open(at), Some(at));
        let closed = schedule(json!({ "businessHours": {} }), NEW_YORK);
        assert_eq!((closed.state(at), closed.next_change(at)), (OpenState::Closed, None));
        assert_eq!(closed.next_open(at), None);
    }

    #[test]
    fn the_search_ends_at_the_horizon() {
        let holiday = json!({ "businessHours": {}, "holidays": [{ "date": "2027-12-27" }] });
        let schedule = schedule(holiday, Tz::UTC);
        let found = utc("2026-11-22T00:00:00Z");
        assert_eq!(schedule.next_change(found).map(|(at, _)| at - found), Some(LOOK_AHEAD));
        assert_eq!(schedule.next_change(found - TimeDelta::nanoseconds(1)), None);
    }

    #[test]
    fn a_clock_change_may_itself_open_or_close() {
        let open_at = |open: &str, close: &str| {
            let sunday =
                json!({ "enabled": true, "timeRanges": [{ "open": open, "close": close }] });
            schedule(json!({ "businessHours": { "sunday": sunday } }), NEW_YORK)
        };
        // On 2026-03-08 the clock skips 02:00 to 03:00, on 2026-11-01 it repeats 01:00 to 02:00.
        for (schedule, at, change) in [
            (open_at("02:30", "09:00"), "2026-03-08T00:00:00Z", "2026-03-08T07:00:00Z"),
            (open_at("00:00", "02:30"), "2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z"),
            (open_at("00:00", "01:30"), "2026-11-01T05:30:00Z", "2026-11-01T06:00:00Z"),
            (open_at("00:00", "01:30"), "2026-11-01T06:00:00Z", "2026-11-01T06:30:00Z"),
        ] {
            assert_eq!(schedule.next_change(utc(at)).unwrap().0, utc(change), "{at}");
        }
        let skipped = open_at("02:00", "03:00");
        assert_eq!(
            skipped.next_open(utc("2026-03-08T00:00:00Z")),
            Some(utc("2026-03-15T06:00:00Z"))
        );
    }

    #[test]
    fn errors_keep_a_document_from_compiling_and_warnings_do_not() {
        let document = |close| {
            let ranges =
                json!([{ "open": "09:00", "close": close }, { "open": "09:00", "close": "17:00" }]);
            let monday = json!({ "enabled": true, "timeRanges": ranges });
            serde_json::from_value(json!({ "businessHours": { "monday": monday } })).unwrap()
        };
        assert!(Schedule::compile(&document("17:00"), NEW_YORK).is_ok());
        let problems = Schedule::compile(&document("5pm"), NEW_YORK).unwrap_err();
        assert_eq!(problems, check::check(&document("5pm")));
    }

    #[test]
    fn a_skipped_day_and_the_ends_of_time_do_not_panic() {
        let ranges = json!([{ "open": "22:00", "close": "02:00" }]);
        let night = json!({ "enabled": true, "timeRanges": ranges });
        let nights = json!({ "businessHours": { "thursday": night, "friday": night } });
        let schedule = schedule(nights, Tz::Pacific__Apia);
        // Samoa had no Friday 2011-12-30: the night of Thursday ends at the change, where the one
        // that Friday would have begun goes on.
        let (change, _) = schedule.next_change(utc("2011-12-30T09:00:00Z")).unwrap();
        assert_eq!(change, utc("2011-12-30T12:00:00Z"));
        for at in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            let _ = (schedule.state(at), schedule.next_change(at), schedule.next_open(at));
        }
    }
}
