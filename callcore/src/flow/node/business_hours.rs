//! `business_hours`: open, closed or a holiday at the instant of the call.

use chrono_tz::Tz;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::weekday::NAMES;
use super::{Behaviour, ExitRule, Last};
use crate::flow::act::Act;
use crate::flow::desk::Desk;
use crate::flow::reader::{Reader, shape};
use crate::schedule::{
    BusinessHours as WeekHours, DayHours, Holiday, MAX_HOLIDAYS, OpenState, Schedule,
    ScheduleDocument, check,
};

/// How the hours of a day and a holiday are written, for people.
const DAY: &str = r#"{ "enabled": true, "timeRanges": [{ "open": "09:00", "close": "17:00" }] }"#;
const HOLIDAY: &str = r#"{ "date": "2026-12-25", "enabled": true, "name": "Christmas" }"#;

#[derive(Debug)]
pub(super) struct BusinessHours {
    schedule: Schedule,
    /// Whether holidays differ from other days.
    holidays_hold: bool,
}

pub(super) fn read(reader: &Reader<'_>) -> Option<BusinessHours> {
    if !reader.has("timezone") {
        reader.missing("timezone", "the time zone");
    }
    let zone = reader.zone("timezone");
    let holidays_hold =
        reader.choice("holidayBehavior", &[("override", true), ("regular", false)]).unwrap_or(true);
    if !reader.has("businessHours") {
        reader.missing("businessHours", "the weekly hours");
    }
    let week = reader.value("businessHours").and_then(|week| week_of(week, reader));
    let holidays = holidays(reader);
    let week = week?;
    let whole = week.whole && holidays.is_some();
    let mut document =
        ScheduleDocument { business_hours: week.days, holidays: holidays.unwrap_or_default() };
    reader.report().extend(reader.place(), check(&document));
    if !whole {
        return None;
    }
    if !holidays_hold {
        document.holidays.clear();
    }
    if document.business_hours.days().all(|(_, _, day)| !day.enabled || day.time_ranges.is_empty())
    {
        let message = "it is never open: enable a weekday and give it a time range";
        reader.report().warning("never_open", reader.path("businessHours"), message);
    }
    let schedule = Schedule::compile(&document, zone?).ok()?;
    Some(BusinessHours { schedule, holidays_hold })
}

/// The weekdays that can be read, which are checked even where others cannot.
struct Readable {
    days: WeekHours,
    /// Whether that is every weekday that was written.
    whole: bool,
}

fn week_of(week: &Value, reader: &Reader<'_>) -> Option<Readable> {
    let place = reader.path("businessHours");
    let Some(days) = week.as_object() else {
        let message =
            format!("an object of weekdays is expected instead of {}: replace it", shape(week));
        reader.report().error("wrong_type", place, message);
        return None;
    };
    let mut week = days.clone();
    week.values_mut().for_each(close_unless_enabled);
    let day = |(name, day): (&String, &Value)| {
        let path = format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
        if !NAMES.iter().any(|(known, _)| known == name) {
            let message = format!("{name:?} is no weekday: use monday to sunday");
            reader.report().error("unknown_key", path, message);
            return false;
        }
        if day.is_null() {
            return true;
        }
        let hours: Option<DayHours> = part(day, DAY, &path, reader);
        let says_nothing = days.get(name).is_some_and(says_nothing);
        if says_nothing && hours.as_ref().is_some_and(|hours| !hours.time_ranges.is_empty()) {
            let message = "without `enabled`, the day is closed: set it to true, or to false";
            reader.report().warning("unused", format!("{path}/timeRanges"), message);
        }
        hours.is_some()
    };
    let unreadable: Vec<String> =
        week.iter().filter(|entry| !day(*entry)).map(|(name, _)| name.clone()).collect();
    week.retain(|name, _| !unreadable.contains(name));
    let days = serde_json::from_value(Value::Object(week)).ok()?;
    Some(Readable { days, whole: unreadable.is_empty() })
}

/// Whether the hours of a day do not say whether they apply.
fn says_nothing(day: &Value) -> bool {
    day.as_object().is_some_and(|day| day.get("enabled").is_none_or(Value::is_null))
}

/// A weekday that is not enabled is closed, also where it does not say so.
fn close_unless_enabled(day: &mut Value) {
    if says_nothing(day)
        && let Some(day) = day.as_object_mut()
    {
        day.insert("enabled".to_owned(), Value::Bool(false));
    }
}

fn holidays(reader: &Reader<'_>) -> Option<Vec<Holiday>> {
    let items = reader.list("holidays", MAX_HOLIDAYS).into_iter();
    let holidays: Vec<_> = items.map(|(path, item)| part(item, HOLIDAY, &path, reader)).collect();
    holidays.into_iter().collect()
}

/// One part of a schedule, which is written like the example.
fn part<T: DeserializeOwned>(
    value: &Value,
    example: &str,
    path: &str,
    reader: &Reader<'_>,
) -> Option<T> {
    serde_json::from_value(value.clone())
        .inspect_err(|error| {
            let message = format!("this cannot be read ({error}): write it as {example}");
            reader.report().error("bad_schedule", path, message);
        })
        .ok()
}

impl Behaviour for BusinessHours {
    fn counting_zone(&self) -> Option<Tz> {
        Some(self.schedule.zone())
    }

    fn exits(&self) -> Vec<ExitRule> {
        let on_holidays = match self.holidays_hold {
            true => Last::Fail,
            false => Last::NotTaken("`holidayBehavior` is override"),
        };
        vec![
            ExitRule::required("open"),
            ExitRule::required("closed"),
            ExitRule::optional("holiday", on_holidays).or(&["closed"]),
        ]
    }

    fn enter(&self, desk: &mut Desk<'_>) -> Act {
        match self.schedule.state(desk.context.now) {
            OpenState::Open => Act::exit("open"),
            OpenState::Closed => Act::exit("closed"),
            OpenState::Holiday { name } => {
                desk.note = (!name.is_empty()).then_some(name);
                Act::exit("holiday")
            }
        }
    }
}
