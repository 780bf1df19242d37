//! The schedule as users write it and see it again: nothing is normalised.

use chrono::Weekday;
use serde::{Deserialize, Serialize};

/// Weekly hours and holidays, as they stand in a configuration.
///
/// [`check`](super::check()) finds what is wrong with one; a [`Schedule`](super::Schedule) is what
/// runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ScheduleDocument {
    /// The hours of each weekday.
    pub business_hours: BusinessHours,
    /// Dates on which the hours do not apply.
    #[serde(default)]
    pub holidays: Vec<Holiday>,
}

/// The hours of each weekday. A weekday that is missing is closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BusinessHours {
    /// The hours of Monday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monday: Option<DayHours>,
    /// The hours of Tuesday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tuesday: Option<DayHours>,
    /// The hours of Wednesday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wednesday: Option<DayHours>,
    /// The hours of Thursday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thursday: Option<DayHours>,
    /// The hours of Friday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub friday: Option<DayHours>,
    /// The hours of Saturday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saturday: Option<DayHours>,
    /// The hours of Sunday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sunday: Option<DayHours>,
}

impl BusinessHours {
    /// The weekdays that are present, from Monday, each with the key it is written under.
    pub fn days(&self) -> impl Iterator<Item = (Weekday, &'static str, &DayHours)> {
        [
            (Weekday::Mon, "monday", &self.monday),
            (Weekday::Tue, "tuesday", &self.tuesday),
            (Weekday::Wed, "wednesday", &self.wednesday),
            (Weekday::Thu, "thursday", &self.thursday),
            (Weekday::Fri, "friday", &self.friday),
            (Weekday::Sat, "saturday", &self.saturday),
            (Weekday::Sun, "sunday", &self.sunday),
        ]
        .into_iter()
        .filter_map(|(weekday, key, hours)| Some((weekday, key, hours.as_ref()?)))
    }
}

/// The hours of one weekday.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DayHours {
    /// Whether the ranges apply; where not, the day is closed and keeps its ranges for later.
    pub enabled: bool,
    /// When the day is open.
    #[serde(default)]
    pub time_ranges: Vec<TimeRange>,
}

/// One stretch of opening hours by the wall clock, such as `09:00` to `17:00`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TimeRange {
    /// When it opens, `HH:MM` from `00:00` to `23:59`.
    pub open: String,
    /// When it closes, `HH:MM` from `00:00` to `24:00`; at or before `open` means the next day.
    pub close: String,
}

/// A date on which the weekly hours do not apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Holiday {
    /// The local date, `YYYY-MM-DD`.
    pub date: String,
    /// Whether it applies.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// What the day is called; may be empty.
    #[serde(default)]
    pub name: String,
}

impl Default for Holiday {
    /// What an empty entry reads as: enabled, which a derive would not give.
    fn default() -> Self {
        Self { date: String::new(), enabled: enabled(), name: String::new() }
    }
}

fn enabled() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_users_have_reads_and_writes_back_the_same() {
        let written = json!({
            "businessHours": { "monday": { "enabled": true, "timeRanges": [
                { "open": "09:00", "close": "12:00" }, { "open": "13:00", "close": "17:00" } ] } },
            "holidays": [{ "date": "2025-12-25", "enabled": true, "name": "Christmas" }]
        });
        let document: ScheduleDocument = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(&document).unwrap(), written);
    }

    #[test]
    fn nothing_is_normalised() {
        let written = json!({ "open": "9am", "close": "25:61" });
        let range: TimeRange = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(&range).unwrap(), written);
    }

    #[test]
    fn what_may_be_left_out() {
        let holiday: Holiday = serde_json::from_value(json!({ "date": "2026-01-01" })).unwrap();
        assert!(holiday.enabled && holiday.name.is_empty());
        assert!(Holiday::default().enabled);
        let day: DayHours = serde_json::from_value(json!({ "enabled": false })).unwrap();
        assert_eq!(day, DayHours::default());
        let document: ScheduleDocument =
            serde_json::from_value(json!({ "businessHours": { "monday": null } })).unwrap();
        assert_eq!(document, ScheduleDocument::default());
    }

    #[test]
    fn what_may_not() {
        for wrong in [
            json!({}),
            json!({ "businessHours": {}, "holiday": [] }),
            json!({ "businessHours": { "Monday": { "enabled": true } } }),
            json!({ "businessHours": { "monday": { "timeRanges": [] } } }),
            json!({ "businessHours": { "monday": { "enabled": true, "hours": [] } } }),
            json!({ "businessHours": {}, "holidays": [{ "name": "New Year" }] }),
        ] {
            assert!(serde_json::from_value::<ScheduleDocument>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
