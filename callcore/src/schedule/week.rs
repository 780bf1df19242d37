//! The opening hours of a week, by the wall clock alone: no dates, no zone.

use chrono::Weekday;

use super::time_of_day::DAY;

/// One range in minutes since the midnight that begins the day on which it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    opens: u16,
    /// Up to two days: past `DAY` it runs into the next date.
    closes: u16,
}

impl Range {
    /// `close` at or before `open` belongs to the next day.
    pub(super) fn new(open: u16, close: u16) -> Self {
        let closes = if close <= open { DAY + close } else { close };
        Self { opens: open, closes }
    }

    pub(super) fn overlaps(self, other: Self) -> bool {
        self.opens < other.closes && other.opens < self.closes
    }

    fn covers(self, minute: u16) -> bool {
        self.opens <= minute && minute < self.closes
    }
}

/// The ranges of each weekday on which something opens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Week {
    days: [Vec<Range>; 7],
}

impl Week {
    /// Open at every minute.
    pub(super) fn always_open() -> Self {
        Self { days: std::array::from_fn(|_| vec![Range::new(0, DAY)]) }
    }

    pub(super) fn add(&mut self, range: Range, weekday: Weekday) {
        self.days[index(weekday)].push(range);
    }

    /// Whether something that opens on `weekday` is open at this minute of it.
    pub(super) fn open_on(&self, weekday: Weekday, minute: u16) -> bool {
        self.ranges(weekday).iter().any(|range| range.covers(minute))
    }

    /// Whether something that opened the day before `weekday` is still open at this minute of it.
    pub(super) fn open_since_eve(&self, weekday: Weekday, minute: u16) -> bool {
        self.open_on(weekday.pred(), DAY + minute)
    }

    /// The first minute of `weekday` after `minute` at which a range may open or close.
    pub(super) fn next_edge(&self, weekday: Weekday, minute: u16) -> Option<u16> {
        let today = self.ranges(weekday).iter().flat_map(|range| [range.opens, range.closes]);
        let eve = self.ranges(weekday.pred()).iter();
        let tails = eve.filter_map(|range| range.closes.checked_sub(DAY));
        today.chain(tails).filter(|&edge| minute < edge && edge < DAY).min()
    }

    fn ranges(&self, weekday: Weekday) -> &[Range] {
        &self.days[index(weekday)]
    }
}

fn index(weekday: Weekday) -> usize {
    weekday.num_days_from_monday() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_overlap_when_they_share_a_minute() {
        let nine_to_five = Range::new(540, 1020);
        let table = [
            (Range::new(540, 1020), true),
            (Range::new(1019, 1020), true),
            (Range::new(1020, 1080), false),
            (Range::new(480, 540), false),
            (Range::new(480, 541), true),
            (Range::new(1320, 120), false),
            (Range::new(1000, 0), true),
            (Range::new(0, 0), true),
        ];
        for (other, expected) in table {
            assert_eq!(nine_to_five.overlaps(other), expected, "{other:?}");
            assert_eq!(other.overlaps(nine_to_five), expected, "{other:?}");
        }
    }

    #[test]
    fn a_late_range_belongs_to_the_day_it_opens_on() {
        let mut week = Week::default();
        week.add(Range::new(1320, 120), Weekday::Sun);
        assert!(week.open_on(Weekday::Sun, 1320) && week.open_on(Weekday::Sun, 1439));
        assert!(!week.open_on(Weekday::Sun, 60));
        assert!(week.open_since_eve(Weekday::Mon, 0) && week.open_since_eve(Weekday::Mon, 119));
        assert!(!week.open_since_eve(Weekday::Mon, 120));
        assert!(!week.open_on(Weekday::Mon, 60));
    }

    #[test]
    fn edges_of_today_and_of_last_night() {
        let mut week = Week::default();
        week.add(Range::new(1320, 120), Weekday::Sun);
        week.add(Range::new(540, DAY), Weekday::Mon);
        for (minute, expected) in
            [(0, Some(120)), (119, Some(120)), (120, Some(540)), (539, Some(540)), (540, None)]
        {
            assert_eq!(week.next_edge(Weekday::Mon, minute), expected, "{minute}");
        }
        assert_eq!(week.next_edge(Weekday::Sun, 0), Some(1320));
        assert_eq!(week.next_edge(Weekday::Tue, 0), None);
    }
}
