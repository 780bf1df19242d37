//! Time zones by their IANA names.

use chrono_tz::{TZ_VARIANTS, Tz};

use super::quote::quoted;
use crate::vocabulary::Problem;

/// The zone that bears the IANA name `name`, exactly as written.
///
/// ```
/// use callcore::schedule::parse_zone;
///
/// assert!(parse_zone("America/New_York", "/timezone").is_ok());
/// let problem = parse_zone("america/new_york", "/timezone").expect_err("the case is wrong");
/// assert!(problem.message.contains("did you mean America/New_York?"));
/// ```
///
/// # Errors
///
/// A problem `invalid_timezone` at `path` that names the right zone where it can tell. Offsets such
/// as `UTC+2` are refused: they do not follow clock changes, and POSIX turns their sign around.
pub fn parse_zone(name: &str, path: impl Into<String>) -> Result<Tz, Problem> {
    name.parse().map_err(|_| {
        let name = name.trim();
        let meant = meant(name);
        let advice = if !meant.is_empty() {
            format!("did you mean {}?", meant.join(" or "))
        } else if is_offset(name) {
            "an offset does not follow clock changes; \
             expected the name of a place, such as America/New_York"
                .to_owned()
        } else {
            "expected an IANA name, such as America/New_York or UTC".to_owned()
        };
        let message = format!("{} is not a time zone; {advice}", quoted(name));
        Problem::error("invalid_timezone", path, message)
    })
}

/// The zone of that name, or all that end in it, if case and separators are let pass.
fn meant(name: &str) -> Vec<&'static str> {
    let name = folded(name);
    let names = || TZ_VARIANTS.into_iter().map(Tz::name);
    if let Some(whole) = names().find(|zone| folded(zone) == name) {
        return vec![whole];
    }
    let last = |zone: &str| zone.rsplit('/').next().map(folded);
    names().filter(|zone| last(zone).as_ref() == Some(&name)).collect()
}

fn folded(name: &str) -> String {
    name.to_ascii_lowercase().replace([' ', '-'], "_")
}

/// `UTC+2`, `+02:00` or a POSIX string such as `CET-1CEST`: a sign or digit where names have none.
fn is_offset(name: &str) -> bool {
    let zone = name.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    zone.starts_with(|sign: char| sign == '+' || sign == '-' || sign.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(name: &str) -> String {
        let problem = parse_zone(name, "/timezone").unwrap_err();
        assert_eq!(
            (problem.code.as_ref(), problem.path.as_str()),
            ("invalid_timezone", "/timezone")
        );
        problem.message
    }

    #[test]
    fn iana_names_are_zones() {
        for zone in TZ_VARIANTS {
            assert_eq!(parse_zone(zone.name(), ""), Ok(zone));
        }
        // These look like offsets but are names.
        for name in ["EST5EDT", "Etc/GMT+5", "UTC", "GMT", "CET"] {
            assert!(parse_zone(name, "").is_ok(), "{name}");
        }
    }

    #[test]
    fn slips_are_put_right() {
        for (name, meant) in [
            ("america/new_york", "America/New_York"),
            ("AMERICA/NEW_YORK", "America/New_York"),
            (" America/New York ", "America/New_York"),
            ("america/port-au-prince", "America/Port-au-Prince"),
            ("New York", "America/New_York"),
            ("chicago", "America/Chicago"),
            ("istanbul", "Asia/Istanbul or Europe/Istanbul"),
            ("Eastern", "Canada/Eastern or US/Eastern"),
            ("utc", "UTC"),
            ("est5edt", "EST5EDT"),
        ] {
            let expected = format!("did you mean {meant}?");
            assert!(advice(name).ends_with(&expected), "{name}: {}", advice(name));
        }
    }

    #[test]
    fn offsets_are_refused_with_the_reason() {
        for name in [
            "UTC+2",
            "GMT-05:00",
            "+02:00",
            "-5",
            "CET-1CEST,M3.5.0,M10.5.0/3",
            "EST5EDT4",
            "utc+0",
        ] {
            assert!(advice(name).contains("does not follow clock changes"), "{}", advice(name));
        }
    }

    #[test]
    fn anything_else_is_told_what_is_expected() {
        for name in ["", "Eastern Time", "Mars/Olympus", "America/", "/", &"x".repeat(100_000)] {
            assert!(advice(name).contains("expected an IANA name"), "{}", advice(name));
            assert!(advice(name).len() < 200);
        }
    }
}
