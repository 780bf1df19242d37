//! The schedule agrees with an independent implementation around every clock change of three years.
//!
//! `fixtures/make_schedule_table.py` makes the table and says what its lines mean.

use callcore::schedule::{
    BusinessHours, CapWindow, Holiday, OpenState, Schedule, ScheduleDocument, parse_zone,
    window_end, window_key,
};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::{IANA_TZDB_VERSION, Tz};

const TABLE: &str = include_str!("fixtures/schedule_table.csv");

/// Far more is wrong with the test than with the schedule if the table is shorter than this.
const FEWEST_ROWS: usize = 10_000;
const FEWEST_ZONES: usize = 40;

/// Enough to see a pattern, few enough to read.
const SHOWN_MISMATCHES: usize = 20;

#[test]
fn the_schedule_agrees_with_the_table() {
    let mut reader = Reader::default();
    for line in TABLE.lines() {
        reader.line(line);
    }
    let Reader { tzdb, mismatches, rows, zones, .. } = reader;
    assert!(
        mismatches.is_empty(),
        "{} mismatches; the table was made with tzdb {tzdb}, \
         chrono-tz has {IANA_TZDB_VERSION}:\n{}",
        mismatches.len(),
        mismatches[..mismatches.len().min(SHOWN_MISMATCHES)].join("\n")
    );
    assert!(rows >= FEWEST_ROWS, "only {rows} rows");
    assert!(zones >= FEWEST_ZONES, "only {zones} zones");
}

#[derive(Default)]
struct Reader<'a> {
    tzdb: &'a str,
    shapes: Vec<(bool, BusinessHours)>,
    zone: Tz,
    /// The shapes, compiled for the zone and its holidays.
    schedules: Vec<Schedule>,
    mismatches: Vec<String>,
    rows: usize,
    zones: usize,
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: &'a str) {
        let (kind, rest) = line.split_once(',').expect("each line has a kind");
        match kind {
            "tzdb" => self.tzdb = rest,
            "shape" => {
                let (holidays, hours) = rest.split_once(',').expect("two fields");
                let hours = serde_json::from_str(hours).expect("businessHours");
                self.shapes.push((holidays == "holidays", hours));
            }
            "zone" => self.begin_zone(rest),
            "at" => self.compare(rest),
            other => panic!("unknown kind of line {other}"),
        }
    }

    fn begin_zone(&mut self, fields: &str) {
        let (name, dates) = fields.split_once(',').expect("two fields");
        self.zone = parse_zone(name, "").expect("an IANA name");
        self.zones += 1;
        let holidays: Vec<_> = dates
            .split(' ')
            .map(|date| Holiday { date: date.to_owned(), ..Holiday::default() })
            .collect();
        let compile = |(use_holidays, hours): &(bool, BusinessHours)| {
            let document = ScheduleDocument {
                business_hours: hours.clone(),
                holidays: if *use_holidays { holidays.clone() } else { Vec::new() },
            };
            Schedule::compile(&document, self.zone).expect("the shapes have no error")
        };
        self.schedules = self.shapes.iter().map(compile).collect();
    }

    fn compare(&mut self, expected: &str) {
        let (seconds, _) = expected.split_once(',').expect("the instant comes first");
        let seconds: i64 = seconds.parse().expect("whole seconds");
        let at = DateTime::from_timestamp(seconds, 0).expect("an instant of this century");
        let actual = format!(
            "{seconds},{},{},{},{},{},{}",
            self.schedules.iter().map(|schedule| letter(&schedule.state(at))).collect::<String>(),
            window_key(CapWindow::Hourly, self.zone, at),
            window_key(CapWindow::Daily, self.zone, at),
            window_key(CapWindow::Monthly, self.zone, at),
            self.left(CapWindow::Hourly, at).num_seconds(),
            self.left(CapWindow::Daily, at).num_seconds(),
        );
        self.rows += 1;
        if actual != expected {
            let zone = self.zone;
            self.mismatches
                .push(format!("{zone} {at}\n  expected {expected}\n  actual   {actual}"));
        }
    }

    fn left(&self, window: CapWindow, at: DateTime<Utc>) -> TimeDelta {
        window_end(window, self.zone, at).expect("hours and days end") - at
    }
}

fn letter(state: &OpenState) -> char {
    match state {
        OpenState::Open => 'O',
        OpenState::Closed => 'C',
        OpenState::Holiday { .. } => 'H',
    }
}
