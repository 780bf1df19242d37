//! Until when a bid holds.

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::amount;

/// Numbers below this are seconds from the reply's arrival: three years.
const SECONDS_BELOW: i64 = 100_000_000;
/// Numbers below this are seconds since 1970, above milliseconds: the years 1973 to 5138.
const EPOCH_SECONDS_BELOW: i64 = 100_000_000_000;

/// Reads seconds from now, seconds or milliseconds since 1970, RFC 3339, and two forms of the wild:
/// a time without a zone, which is meant in the target's, and Ringba's `8/12/2025 4:12:56 PM +00:00`.
pub(super) fn read(text: &str, zone: Tz, received_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if let Some(number) = amount::decimal(text) {
        return from_number(number, received_at);
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    if let Ok(at) = DateTime::parse_from_str(text, "%m/%d/%Y %I:%M:%S %p %:z") {
        return Some(at.to_utc());
    }
    let local = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    // Of a time that a clock change repeats, the first is the safe one.
    zone.from_local_datetime(&local).earliest().map(|at| at.to_utc())
}

fn from_number(number: Decimal, received_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    // Whole numbers, because each step of a decimal's arithmetic costs more than all of these.
    let divisor = 10_i128.checked_pow(number.scale())?;
    let floor = |number: i128| {
        let floor = if divisor == 1 { number } else { number.div_euclid(divisor) };
        i64::try_from(floor).ok()
    };
    let (whole, thousandths) = (floor(number.mantissa())?, floor(number.mantissa() * 1_000));
    if whole < SECONDS_BELOW {
        let after = TimeDelta::try_milliseconds(thousandths?)?;
        return received_at.checked_add_signed(after);
    }
    if whole < EPOCH_SECONDS_BELOW {
        return DateTime::from_timestamp_millis(thousandths?);
    }
    DateTime::from_timestamp_millis(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_wild_is_an_instant() {
        let received_at: DateTime<Utc> = "2025-08-12T16:12:17Z".parse().unwrap();
        let zone = Tz::America__New_York;
        for (text, at) in [
            ("39", "2025-08-12T16:12:56Z"),
            ("0.5", "2025-08-12T16:12:17.500Z"),
            ("-1", "2025-08-12T16:12:16Z"),
            ("1755015176", "2025-08-12T16:12:56Z"),
            ("1755015176448", "2025-08-12T16:12:56.448Z"),
            ("2025-08-12T16:12:56.448Z", "2025-08-12T16:12:56.448Z"),
            ("2025-08-12T12:12:56-04:00", "2025-08-12T16:12:56Z"),
            ("8/12/2025 4:12:56 PM +00:00", "2025-08-12T16:12:56Z"),
            ("2025-08-12 12:12:56", "2025-08-12T16:12:56Z"),
            ("2025-08-12T12:12:56", "2025-08-12T16:12:56Z"),
            // Twice that night: the first is meant.
            ("2025-11-02 01:30:00", "2025-11-02T05:30:00Z"),
        ] {
            let expected: DateTime<Utc> = at.parse().unwrap();
            assert_eq!(read(text, zone, received_at), Some(expected), "{text}");
        }
        for wrong in ["", "soon", "2025-08-12", "2025-03-09 02:30:00", "999999999999999999"] {
            assert_eq!(read(wrong, zone, received_at), None, "{wrong}");
        }
    }
}
