//! The rules that several elements share.

use std::ops::RangeInclusive;

use crate::error::{Invalid, Violation};
use crate::text;

/// The outcome of checking an element or a part of it.
pub(crate) type Check = Result<(), Invalid>;

/// Fails with `violation` unless `holds`.
pub(crate) fn ensure(
    holds: bool,
    attribute: impl Into<Option<&'static str>>,
    violation: Violation,
) -> Check {
    if holds { Ok(()) } else { Err(Invalid { attribute: attribute.into(), violation }) }
}

/// A number, if given, lies in `range`.
pub(crate) fn in_range(
    attribute: &'static str,
    value: Option<u32>,
    range: RangeInclusive<u32>,
) -> Check {
    let violation = Violation::OutOfRange { min: *range.start(), max: *range.end() };
    ensure(value.is_none_or(|value| range.contains(&value)), attribute, violation)
}

/// A text has at most `max` characters.
pub(crate) fn at_most(
    attribute: impl Into<Option<&'static str>>,
    value: Option<&str>,
    max: usize,
) -> Check {
    let fits = value.is_none_or(|value| value.chars().count() <= max);
    ensure(fits, attribute, Violation::TooLong { max })
}

/// A text consists of phone keys that a caller can press.
pub(crate) fn keys(attribute: &'static str, value: Option<&str>) -> Check {
    let pressable = |key: char| matches!(key, '0'..='9' | '#' | '*');
    ensure(
        value.is_none_or(|value| value.chars().all(pressable)),
        attribute,
        Violation::Characters { allowed: "the keys 0-9, # and *" },
    )
}

/// The text of an element is there, and survives that readers trim it.
pub(crate) fn trimmed_text(value: &str) -> Check {
    ensure(!value.is_empty(), None, Violation::Empty)?;
    ensure(text::trim(value).len() == value.len(), None, Violation::SurroundingSpace)
}

/// A language is a BCP 47 tag, as far as its characters go.
pub(crate) fn language(value: Option<&str>) -> Check {
    let plausible = |tag: &str| {
        !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let violation = Violation::Characters { allowed: "letters, digits and hyphens" };
    ensure(value.is_none_or(plausible), "language", violation)
}
