//! When a business is open, and which window a cap counts in.
//!
//! ```text
//! ScheduleDocument ──compile(zone)──▶ Schedule ──state(at)──▶ Open | Closed | Holiday
//!        └──────────check──────────▶ every problem
//! ```
//!
//! Everything here is a function of its arguments: the instant that is asked about is the last one.
//!
//! # Rules
//!
//! - A weekday that is missing or not enabled is closed.
//! - A range is open while the wall clock in the zone shows `t` with open ≤ t < close. A time that
//!   a clock change repeats counts both times; one that it skips does not occur.
//! - A range that closes at or before it opens runs past midnight. It belongs to the day on which
//!   it opens, so it stays open after midnight even where the next weekday is closed.
//! - `"24:00"` closes at the end of the day.
//! - An enabled holiday holds for the whole of its local date. A range that opens on a holiday does
//!   not run past its midnight either.
//! - Cap windows are keyed by the local date or hour, so that no job has to reset a counter.
//!
//! # Example
//!
//! ```
//! use callcore::schedule::{OpenState, Schedule, ScheduleDocument, parse_zone};
//! use chrono::{DateTime, Utc};
//!
//! let document: ScheduleDocument = serde_json::from_str(
//!     r#"{
//!         "businessHours": {
//!             "friday": { "enabled": true, "timeRanges": [{ "open": "22:00", "close": "02:00" }] }
//!         },
//!         "holidays": [{ "date": "2026-12-25", "name": "Christmas" }]
//!     }"#,
//! )?;
//! let zone = parse_zone("America/New_York", "/timezone").expect("an IANA name");
//! let schedule = Schedule::compile(&document, zone).expect("a document without errors");
//!
//! let utc = |at: &str| at.parse::<DateTime<Utc>>().expect("an instant");
//!
//! // Friday 2026-11-20, 21:00 in New York.
//! let at = utc("2026-11-21T02:00:00Z");
//! assert_eq!(schedule.state(at), OpenState::Closed);
//!
//! let (opens, _) = schedule.next_change(at).expect("Friday night is near");
//! assert_eq!(opens, utc("2026-11-21T03:00:00Z"));
//! let (closes, _) = schedule.next_change(opens).expect("it closes at two");
//! assert_eq!(closes, utc("2026-11-21T07:00:00Z"));
//!
//! let christmas = utc("2026-12-26T03:30:00Z");
//! assert_eq!(schedule.state(christmas), OpenState::Holiday { name: "Christmas".to_owned() });
//! # Ok::<(), serde_json::Error>(())
//! ```

mod check;
mod clock;
mod compiled;
mod document;
mod quote;
mod time_of_day;
mod week;
mod window;
mod zone;

#[cfg(test)]
mod properties;

pub use check::{MAX_HOLIDAYS, MAX_RANGES_PER_DAY, check};
pub(crate) use time_of_day::parse as minutes_of_day;

pub use compiled::{LOOK_AHEAD, OpenState, Schedule};
pub use document::{BusinessHours, DayHours, Holiday, ScheduleDocument, TimeRange};
pub use window::{CapWindow, window_end, window_key};
pub use zone::parse_zone;
