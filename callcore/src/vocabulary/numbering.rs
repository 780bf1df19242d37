//! What libphonenumber's metadata says of a number (feature `numbering`).
//!
//! The metadata lags behind reality, so a number that it does not know is a warning. Only a number
//! whose length no country has is an error.

use std::fmt;

use super::{PhoneNumber, Problem};

/// The kind of line behind a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineType {
    /// A land line.
    FixedLine,
    /// Not to be told apart, as in North America.
    FixedLineOrMobile,
    /// A mobile.
    Mobile,
    /// Charged to the caller above the usual rate, or shared.
    Premium,
    /// Free for the caller.
    TollFree,
    /// Anything else that the metadata knows: VoIP, pagers, personal numbers.
    Other,
    /// The metadata does not know the number.
    Unknown,
}

impl fmt::Display for LineType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FixedLine => "fixed-line",
            Self::FixedLineOrMobile => "fixed-line or mobile",
            Self::Mobile => "mobile",
            Self::Premium => "premium-rate",
            Self::TollFree => "toll-free",
            Self::Other => "special",
            Self::Unknown => "unknown",
        })
    }
}

fn parsed(number: &PhoneNumber) -> Option<rlibphonenumber::PhoneNumber> {
    number.as_str().parse().ok()
}

/// The kind of line behind a number.
pub fn line_type(number: &PhoneNumber) -> LineType {
    use rlibphonenumber::PhoneNumberType as Type;

    let Some(number) = parsed(number).filter(rlibphonenumber::PhoneNumber::is_valid) else {
        return LineType::Unknown;
    };
    match number.get_type() {
        Type::FixedLine => LineType::FixedLine,
        Type::FixedLineOrMobile => LineType::FixedLineOrMobile,
        Type::Mobile => LineType::Mobile,
        Type::PremiumRate | Type::SharedCost => LineType::Premium,
        Type::TollFree => LineType::TollFree,
        Type::Unknown => LineType::Unknown,
        _ => LineType::Other,
    }
}

/// The ISO 3166-1 alpha-2 code of the country that a number belongs to, if it is known.
pub fn country(number: &PhoneNumber) -> Option<String> {
    let region = parsed(number)?.get_region_code()?;
    Some((*region.as_region_str()).to_owned()).filter(|code| code.len() == 2)
}

/// An error for a number that cannot exist, a warning for one that the metadata does not know.
pub fn check(path: &str, number: &PhoneNumber) -> Option<Problem> {
    match parsed(number) {
        Some(parsed) if parsed.is_possible_with_reason().is_err() => Some(Problem::error(
            "impossible_number",
            path,
            format!("{number} is too long or too short for its country"),
        )),
        None => Some(Problem::error(
            "impossible_number",
            path,
            format!("{number} begins with no country code that is in use"),
        )),
        Some(parsed) if !parsed.is_valid() => Some(Problem::warning(
            "invalid_number",
            path,
            format!(
                "libphonenumber does not know {number} as a number in use; calls to it may fail"
            ),
        )),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> PhoneNumber {
        text.parse().unwrap()
    }

    #[test]
    fn possible_numbers_pass_with_a_warning_at_most() {
        assert_eq!(check("/n", &number("+14155552671")), None);
        assert_eq!(check("/n", &number("+15551234567")).unwrap().code, "invalid_number");
        assert!(check("/n", &number("+1555123")).unwrap().blocks());
        assert!(check("/n", &number("+2101234567")).unwrap().blocks());
    }

    #[test]
    fn lines_and_countries_come_from_the_metadata() {
        assert_eq!(line_type(&number("+18005550199")), LineType::TollFree);
        assert_eq!(line_type(&number("+447400123456")), LineType::Mobile);
        assert_eq!(line_type(&number("+15551234567")), LineType::Unknown);
        assert_eq!(country(&number("+447400123456")).as_deref(), Some("GB"));
    }
}
