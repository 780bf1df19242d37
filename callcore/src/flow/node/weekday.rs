//! Days of the week as flows write them.

use chrono::Weekday;
use serde_json::Value;

use crate::flow::reader::{Reader, shape};

pub(super) const NAMES: [(&str, Weekday); 7] = [
    ("monday", Weekday::Mon),
    ("tuesday", Weekday::Tue),
    ("wednesday", Weekday::Wed),
    ("thursday", Weekday::Thu),
    ("friday", Weekday::Fri),
    ("saturday", Weekday::Sat),
    ("sunday", Weekday::Sun),
];

/// The days of a list: names, their first three letters, or numbers from 0 for Sunday to 6 for
/// Saturday. No list, or an empty one, is every day.
pub(super) fn read_days(reader: &Reader<'_>, key: &'static str) -> Vec<Weekday> {
    let mut days = Vec::new();
    for (path, item) in reader.list(key, 7) {
        match day(item) {
            Some(day) if !days.contains(&day) => days.push(day),
            Some(_) => {}
            None => {
                let message = format!(
                    "{} is no day: give monday to sunday, or 0 (Sunday) to 6 (Saturday)",
                    shape(item)
                );
                reader.report().error("bad_day", path, message);
            }
        }
    }
    if days.is_empty() {
        days = NAMES.into_iter().map(|(_, day)| day).collect();
    }
    days
}

fn day(item: &Value) -> Option<Weekday> {
    match item {
        Value::String(text) => {
            let text = text.to_ascii_lowercase();
            let fits = |(name, _): &(&str, Weekday)| *name == text || name[..3] == *text;
            NAMES.into_iter().find(fits).map(|(_, day)| day)
        }
        Value::Number(number) => {
            let index = usize::try_from(number.as_u64()?).ok()?;
            // Sunday stands last in the names.
            (index < 7).then(|| NAMES[(index + 6) % 7].1)
        }
        _ => None,
    }
}
