//! Stretches of the day on some weekdays, as conditions and splitters have them.

use chrono::{DateTime, Datelike, Timelike, Utc, Weekday};
use chrono_tz::Tz;

/// From one minute of the day to another, on some weekdays. A stretch that ends at or before it
/// begins runs past midnight and belongs to the day on which it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hours {
    pub(super) from_minute: u16,
    pub(super) to_minute: u16,
    pub(super) days: Vec<Weekday>,
}

impl Hours {
    /// Whether the wall clock of a zone shows a time of this stretch.
    pub(super) fn contain(&self, now: DateTime<Utc>, zone: Tz) -> bool {
        let local = now.with_timezone(&zone);
        // Both numbers are below the minutes of a day.
        let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or(0);
        let today = local.weekday();
        let (from, to) = (self.from_minute, self.to_minute);
        if from < to {
            return self.days.contains(&today) && (from..to).contains(&minute);
        }
        let tonight = self.days.contains(&today) && minute >= from;
        let since_yesterday = self.days.contains(&today.pred()) && minute < to;
        tonight || since_yesterday
    }
}

/// Minutes of a day and of a week.
const DAY: usize = 24 * 60;
const WEEK: usize = 7 * DAY;

/// The first stretch of the week, from Monday on, that none of some hours covers: for people.
pub(super) fn first_gap<'a>(hours: impl IntoIterator<Item = &'a Hours>) -> Option<String> {
    let mut covered = vec![false; WEEK];
    for stretch in hours {
        for day in &stretch.days {
            let midnight = day.num_days_from_monday() as usize * DAY;
            let from = midnight + usize::from(stretch.from_minute);
            let until = midnight + usize::from(stretch.to_minute);
            let until = if until <= from { until + DAY } else { until };
            covered[from.min(WEEK)..until.min(WEEK)].fill(true);
            covered[from.saturating_sub(WEEK)..until.saturating_sub(WEEK)].fill(true);
        }
    }
    let open = (0..WEEK).find(|minute| !covered[*minute])?;
    // What begins on Sunday night is told from where it begins.
    let open = match (0..WEEK).rev().find(|minute| covered[*minute]) {
        None => return Some("at any time".to_owned()),
        Some(last) if open == 0 && last + 1 < WEEK => last + 1,
        Some(_) => open,
    };
    let closed = (open..open + WEEK).find(|minute| covered[minute % WEEK])?;
    Some(format!("from {} to {}", clock(open), clock(closed % WEEK)))
}

/// A minute of the week, for people.
fn clock(minute: usize) -> String {
    const DAYS: [&str; 7] =
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let (day, minute) = (DAYS[minute / DAY], minute % DAY);
    format!("{day} {:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_gap_of_a_week() {
        use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
        let all = vec![Mon, Tue, Wed, Thu, Fri, Sat, Sun];
        let hours = |from: u16, to: u16, days: &[Weekday]| Hours {
            from_minute: from * 60,
            to_minute: to * 60,
            days: days.to_vec(),
        };
        let table = [
            (vec![hours(0, 24, &all)], None),
            (vec![hours(9, 9, &all)], None),
            (vec![hours(9, 17, &all), hours(17, 9, &all)], None),
            (
                vec![hours(9, 17, &all), hours(17, 8, &all)],
                Some("from Monday 08:00 to Monday 09:00"),
            ),
            (vec![hours(0, 24, &all[..5])], Some("from Saturday 00:00 to Monday 00:00")),
            (vec![hours(9, 17, &[Mon])], Some("from Monday 17:00 to Monday 09:00")),
            (
                vec![hours(0, 24, &all[..6]), hours(0, 22, &[Sun])],
                Some("from Sunday 22:00 to Monday 00:00"),
            ),
            (
                vec![hours(1, 24, &all[..6]), hours(0, 1, &all), hours(1, 22, &[Sun])],
                Some("from Sunday 22:00 to Monday 00:00"),
            ),
            (
                vec![hours(9, 24, &[Mon]), hours(0, 24, &all[1..6]), hours(0, 22, &[Sun])],
                Some("from Sunday 22:00 to Monday 09:00"),
            ),
            (vec![], Some("at any time")),
        ];
        for (hours, expected) in table {
            assert_eq!(first_gap(&hours).as_deref(), expected, "{hours:?}");
        }
    }
}
