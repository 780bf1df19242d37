//! Properties of schedules and windows around clock changes, against a walk through the minutes.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A zone and an hour in which its clocks change, by an hour, half an hour, at or across midnight.
const CHANGES: [(Tz, &str); 14] = [
    (Tz::America__New_York, "2026-03-08T07:00:00Z"),
    (Tz::America__New_York, "2026-11-01T06:00:00Z"),
    (Tz::Australia__Lord_Howe, "2026-04-04T15:00:00Z"),
    (Tz::Australia__Lord_Howe, "2026-10-03T15:30:00Z"),
    (Tz::Pacific__Chatham, "2026-04-04T14:00:00Z"),
    (Tz::Pacific__Chatham, "2026-09-26T14:00:00Z"),
    (Tz::America__Santiago, "2026-04-05T03:00:00Z"),
    (Tz::America__Santiago, "2026-09-06T04:00:00Z"),
    (Tz::Africa__Cairo, "2026-04-23T22:00:00Z"),
    (Tz::America__Havana, "2026-11-01T05:00:00Z"),
    (Tz::America__Scoresbysund, "2026-10-25T01:00:00Z"),
    (Tz::Antarctica__Troll, "2026-03-29T01:00:00Z"),
    (Tz::Pacific__Apia, "2011-12-30T10:00:00Z"),
    (Tz::Asia__Kathmandu, "2026-12-31T18:15:00Z"),
];

/// How far the model walks.
const WALK: TimeDelta = TimeDelta::hours(40);

/// A zone and an instant within 30 hours of its clock change.
fn near_a_change() -> impl Strategy<Value = (Tz, DateTime<Utc>)> {
    let change = proptest::sample::select(&CHANGES[..]);
    (change, -108_000_i64..108_000, 0_i64..1_000).prop_map(|((zone, change), seconds, millis)| {
        let change: DateTime<Utc> = change.parse().unwrap();
        (zone, change + TimeDelta::seconds(seconds) + TimeDelta::milliseconds(millis))
    })
}

fn any_window() -> impl Strategy<Value = CapWindow> {
    proptest::sample::select(&[CapWindow::Hourly, CapWindow::Daily, CapWindow::Monthly][..])
}

/// Times on the quarter hour, which is where the edges of clock changes are.
fn any_range() -> impl Strategy<Value = TimeRange> {
    let written = |quarter: u32| format!("{:02}:{:02}", quarter / 4, quarter % 4 * 15);
    (0_u32..96, 0_u32..=96)
        .prop_map(move |(open, close)| TimeRange { open: written(open), close: written(close) })
}

fn any_day() -> impl Strategy<Value = Option<DayHours>> {
    let hours = (prop::bool::weighted(0.8), vec(any_range(), 0..4));
    let hours = hours.prop_map(|(enabled, time_ranges)| DayHours { enabled, time_ranges });
    proptest::option::weighted(0.8, hours)
}

/// Any week, with holidays on some of the dates around `at`.
fn any_document(at: DateTime<Utc>) -> impl Strategy<Value = ScheduleDocument> {
    let holidays = vec((-3_i64..=3, any::<bool>()), 0..3).prop_map(move |days| {
        let date = |days| NaiveDate::to_string(&(at + TimeDelta::days(days)).date_naive());
        let name = |days: i64| if days % 2 == 0 { "even" } else { "odd" }.to_owned();
        let holiday =
            |(days, enabled): (i64, bool)| Holiday { date: date(days), enabled, name: name(days) };
        days.into_iter().map(holiday).collect()
    });
    let week = proptest::array::uniform7(any_day());
    (week, holidays).prop_map(|(week, holidays)| {
        let [monday, tuesday, wednesday, thursday, friday, saturday, sunday] = week;
        let business_hours =
            BusinessHours { monday, tuesday, wednesday, thursday, friday, saturday, sunday };
        ScheduleDocument { business_hours, holidays }
    })
}

fn any_schedule() -> impl Strategy<Value = (Schedule, DateTime<Utc>)> {
    near_a_change().prop_flat_map(|(zone, at)| {
        any_document(at).prop_map(move |document| (Schedule::compile(&document, zone).unwrap(), at))
    })
}

/// The whole minutes after `at`, as far as the model walks.
fn minutes_after(at: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    let next = at.timestamp().div_euclid(60) + 1;
    (next..).map_while(move |minute| {
        let minute = DateTime::from_timestamp(minute * 60, 0)?;
        (minute <= at + WALK).then_some(minute)
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn next_change_is_the_first_minute_of_another_state((schedule, at) in any_schedule()) {
        let state = schedule.state(at);
        let walked = minutes_after(at)
            .map(|minute| (minute, schedule.state(minute)))
            .find(|(_, other)| *other != state);
        let within = schedule.next_change(at).filter(|&(change, _)| change <= at + WALK);
        prop_assert_eq!(within, walked);
    }

    #[test]
    fn next_open_is_the_first_open_minute((schedule, at) in any_schedule()) {
        let walked = std::iter::once(at)
            .chain(minutes_after(at))
            .find(|&minute| schedule.state(minute) == OpenState::Open);
        let within = schedule.next_open(at).filter(|&open| open <= at + WALK);
        prop_assert_eq!(within, walked);
    }

    #[test]
    fn a_window_ends_at_the_first_minute_of_another_key(
        (zone, at) in near_a_change(), window in any_window(),
    ) {
        let key = window_key(window, zone, at);
        let walked = minutes_after(at).find(|&minute| window_key(window, zone, minute) != key);
        let within = window_end(window, zone, at).filter(|&end| end <= at + WALK);
        prop_assert_eq!(within, walked);
    }

    /// From end to end the windows leave no gap and do not overlap: each instant has one key, which
    /// holds up to the end that the window's first instant names.
    #[test]
    fn windows_follow_each_other_without_a_gap(
        (zone, at) in near_a_change(), window in any_window(), thousandths in 0_i32..1000,
    ) {
        let mut begin = at;
        for _ in 0..60 {
            let end = window_end(window, zone, begin).unwrap();
            prop_assert!(begin < end);
            let within = begin + (end - begin) / 1000 * thousandths;
            prop_assert_eq!(window_end(window, zone, within), Some(end));
            let key = window_key(window, zone, begin);
            prop_assert_eq!(&window_key(window, zone, within), &key);
            let last = end - TimeDelta::nanoseconds(1);
            prop_assert_eq!(&window_key(window, zone, last), &key);
            prop_assert_ne!(&window_key(window, zone, end), &key);
            begin = end;
        }
    }
}

/// Keeps the properties above from being about instants with nothing special.
#[test]
fn the_changes_are_changes() {
    use chrono::{Offset, TimeZone};
    for (zone, change) in CHANGES {
        let change: DateTime<Utc> = change.parse().unwrap();
        let offset = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix();
        let changed = offset(change) != offset(change - TimeDelta::seconds(1));
        assert_eq!(changed, zone != Tz::Asia__Kathmandu, "{zone} {change}");
    }
}
