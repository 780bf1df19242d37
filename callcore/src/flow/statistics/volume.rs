//! When calls come to business hours: by the hour of the day and the weekday that the wall clock of
//! the node's zone shows.

use chrono::{DateTime, Datelike, Timelike, Utc, Weekday};
use chrono_tz::Tz;

/// Hours of a day and days of a week.
const HOURS: usize = 24;
const DAYS: usize = 7;

/// How many calls came when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// The zone, in the newest version that a call ran. Each call is counted by the zone of its own
    /// version.
    pub zone: Tz,
    /// Calls that found it open.
    pub in_hours: u64,
    /// Calls that found it closed.
    pub out_of_hours: u64,
    /// Calls that came on a holiday.
    pub on_holidays: u64,
    version: u32,
    calls: [[u64; HOURS]; DAYS],
}

/// The busiest time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peak {
    /// The weekday.
    pub weekday: Weekday,
    /// The hour of the day, 0 to 23.
    pub hour: u8,
    /// Calls in that hour of that weekday.
    pub calls: u64,
}

impl Default for Volume {
    fn default() -> Self {
        Self {
            zone: Tz::UTC,
            in_hours: 0,
            out_of_hours: 0,
            on_holidays: 0,
            version: 0,
            calls: [[0; HOURS]; DAYS],
        }
    }
}

impl Volume {
    pub(super) fn add(&mut self, at: DateTime<Utc>, zone: Tz, exit: &str, version: u32) {
        self.know(version, zone);
        *match exit {
            "open" => &mut self.in_hours,
            "holiday" => &mut self.on_holidays,
            _ => &mut self.out_of_hours,
        } += 1;
        let local = at.with_timezone(&zone);
        let day = local.weekday().num_days_from_monday() as usize;
        if let Some(calls) =
            self.calls.get_mut(day).and_then(|day| day.get_mut(local.hour() as usize))
        {
            *calls += 1;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.know(other.version, other.zone);
        self.in_hours += other.in_hours;
        self.out_of_hours += other.out_of_hours;
        self.on_holidays += other.on_holidays;
        let others = other.calls.iter().flatten();
        self.calls.iter_mut().flatten().zip(others).for_each(|(calls, more)| *calls += more);
    }

    fn know(&mut self, version: u32, zone: Tz) {
        if (version, zone.name()) > (self.version, self.zone.name()) {
            (self.version, self.zone) = (version, zone);
        }
    }

    /// Calls in each hour of the day, from midnight on.
    pub fn by_hour(&self) -> [u64; 24] {
        std::array::from_fn(|hour| self.calls.iter().filter_map(|day| day.get(hour)).sum())
    }

    /// Calls on each weekday, from Monday on.
    pub fn by_weekday(&self) -> [u64; 7] {
        self.calls.map(|day| day.iter().sum())
    }

    /// Calls in each hour of each weekday, from Monday on.
    pub const fn by_weekday_and_hour(&self) -> &[[u64; 24]; 7] {
        &self.calls
    }

    /// The busiest hour of the week; of several that are as busy, the first from Monday on. `None`
    /// where no call came.
    pub fn peak(&self) -> Option<Peak> {
        let mut peak: Option<Peak> = None;
        for (weekday, day) in WEEK.into_iter().zip(&self.calls) {
            for (hour, calls) in (0..).zip(day) {
                if *calls > peak.map_or(0, |peak| peak.calls) {
                    peak = Some(Peak { weekday, hour, calls: *calls });
                }
            }
        }
        peak
    }
}

const WEEK: [Weekday; DAYS] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];
