//! Reads the settings of a node, key by key, and reports everything that is wrong with them: a key
//! that is missing, of the wrong type, outside its range, or known to nobody.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;

use chrono_tz::Tz;
use serde_json::{Map, Value};

use super::problem::Report;
use crate::schedule::parse_zone;
use crate::vocabulary::{Problem, limits};

/// One object of a document.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    fields: Option<&'a Map<String, Value>>,
    path: String,
    known: RefCell<BTreeSet<&'static str>>,
    ignores_rest: Cell<bool>,
    report: &'a Report,
}

impl<'a> Reader<'a> {
    /// The object at a place of the document; one that is absent has no keys.
    pub(crate) fn new(value: Option<&'a Value>, path: String, report: &'a Report) -> Self {
        let fields = match value {
            None | Some(Value::Null) => None,
            Some(Value::Object(fields)) => Some(fields),
            Some(other) => {
                let message =
                    format!("an object is expected instead of {}: replace it", shape(other));
                report.error("wrong_type", path.clone(), message);
                None
            }
        };
        Self { fields, path, known: RefCell::default(), ignores_rest: Cell::default(), report }
    }

    /// Where problems go.
    pub(crate) const fn report(&self) -> &'a Report {
        self.report
    }

    /// Takes every other key as known: without what was missing, nobody can tell which ones belong.
    pub(crate) fn ignore_rest(&self) {
        self.ignores_rest.set(true);
    }

    /// The JSON Pointer of the object.
    pub(crate) fn place(&self) -> &str {
        &self.path
    }

    /// The JSON Pointer of a key.
    pub(crate) fn path(&self, key: &str) -> String {
        format!("{}/{}", self.path, key.replace('~', "~0").replace('/', "~1"))
    }

    /// The value of a key; null counts as absent.
    pub(crate) fn value(&self, key: &'static str) -> Option<&'a Value> {
        self.known.borrow_mut().insert(key);
        self.fields?.get(key).filter(|value| !value.is_null())
    }

    /// Whether a key has a value.
    pub(crate) fn has(&self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    fn wrong_type(&self, key: &str, expected: &str, found: &Value) {
        let message = format!("{expected} is expected instead of {}: replace it", shape(found));
        self.report.error("wrong_type", self.path(key), message);
    }

    /// A text, of at most 3,000 characters.
    pub(crate) fn text(&self, key: &'static str) -> Option<&'a str> {
        match self.value(key)? {
            Value::String(text) => {
                let (most, characters) = (limits::TEXT_CHARACTERS, text.chars().count());
                if characters > most {
                    let message = format!(
                        "at most {most} characters are allowed, there are {characters}: shorten it"
                    );
                    self.report.error("too_long", self.path(key), message);
                }
                Some(text)
            }
            other => {
                self.wrong_type(key, "a text", other);
                None
            }
        }
    }

    /// A text that is not blank.
    pub(crate) fn words(&self, key: &'static str) -> Option<&'a str> {
        let text = self.text(key)?;
        if text.trim().is_empty() {
            self.report.error(
                "blank",
                self.path(key),
                "it is blank: give at least one visible character",
            );
            return None;
        }
        Some(text)
    }

    /// A text that must be there.
    pub(crate) fn required(&self, key: &'static str, what: &str) -> Option<&'a str> {
        if !self.has(key) {
            self.missing(key, what);
            return None;
        }
        self.words(key)
    }

    /// Says that a key is missing.
    pub(crate) fn missing(&self, key: &'static str, what: &str) {
        self.report.error("missing", self.path(key), format!("{what} is missing: give `{key}`"));
    }

    /// Says of each of some keys that was filled in that nothing comes of it. `where_not` ends the
    /// first clause, such as `where only keys are taken`.
    pub(crate) fn unused(&self, keys: &[&'static str], where_not: &str) {
        let is_filled = |value: &Value| match value {
            Value::String(text) => !text.trim().is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => true,
        };
        for key in keys.iter().filter(|key| self.value(key).is_some_and(is_filled)) {
            let message = format!("`{key}` has no effect {where_not}: remove it");
            self.report.warning("unused", self.path(key), message);
        }
    }

    /// A whole number inside a range.
    pub(crate) fn number(
        &self,
        key: &'static str,
        allowed: RangeInclusive<u32>,
        default: u32,
    ) -> u32 {
        self.number_if(key, allowed).unwrap_or(default)
    }

    /// A whole number inside a range, where there is one.
    pub(crate) fn number_if(&self, key: &'static str, allowed: RangeInclusive<u32>) -> Option<u32> {
        let value = self.value(key)?;
        let Some(number) = whole(value) else {
            self.wrong_type(key, "a whole number", value);
            return None;
        };
        self.in_range(key, number, &(i64::from(*allowed.start())..=i64::from(*allowed.end())))?;
        u32::try_from(number).ok()
    }

    fn in_range<T: Copy + Display + PartialOrd>(
        &self,
        key: &'static str,
        value: T,
        allowed: &RangeInclusive<T>,
    ) -> Option<()> {
        if allowed.contains(&value) {
            return Some(());
        }
        let message = format!(
            "{value} is outside {} to {}: give a number in between",
            allowed.start(),
            allowed.end()
        );
        self.report.error("out_of_range", self.path(key), message);
        None
    }

    /// A decimal number inside a range, in hundredths.
    pub(crate) fn hundredths(
        &self,
        key: &'static str,
        allowed: RangeInclusive<u16>,
    ) -> Option<u16> {
        let value = self.value(key)?;
        let Some(number) = value.as_number() else {
            self.wrong_type(key, "a number", value);
            return None;
        };
        let decimal: Option<rust_decimal::Decimal> = number.to_string().parse().ok();
        let hundredths = decimal.and_then(|decimal| {
            let whole = (decimal * rust_decimal::Decimal::ONE_HUNDRED).round();
            u16::try_from(whole).ok()
        });
        match hundredths.filter(|hundredths| allowed.contains(hundredths)) {
            Some(hundredths) => Some(hundredths),
            None => {
                let shown = |hundredths: u16| rust_decimal::Decimal::new(hundredths.into(), 2);
                let message = format!(
                    "{number} is outside {} to {}: give a number in between",
                    shown(*allowed.start()).normalize(),
                    shown(*allowed.end()).normalize()
                );
                self.report.error("out_of_range", self.path(key), message);
                None
            }
        }
    }

    /// Yes or no.
    pub(crate) fn flag(&self, key: &'static str, default: bool) -> bool {
        match self.value(key) {
            None => default,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => {
                self.wrong_type(key, "true or false", other);
                default
            }
        }
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let chosen = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if chosen.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let message = format!("{text:?} is unknown: choose one of {}", words.join(", "));
            self.report.error("unknown_word", self.path(key), message);
        }
        chosen
    }

    /// The items of a list, each with its place.
    pub(crate) fn list(&self, key: &'static str, most: usize) -> Vec<(String, &'a Value)> {
        let place = self.path(key);
        match self.value(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => {
                if items.len() > most {
                    let message = format!(
                        "at most {most} items are allowed, there are {}: remove some",
                        items.len()
                    );
                    self.report.error("too_many", place.clone(), message);
                }
                let item = |(index, item)| (format!("{place}/{index}"), item);
                items.iter().enumerate().take(most).map(item).collect()
            }
            Some(other) => {
                self.wrong_type(key, "a list", other);
                Vec::new()
            }
        }
    }

    /// The objects of a list.
    pub(crate) fn objects(&self, key: &'static str, most: usize) -> Vec<Reader<'a>> {
        let items = self.list(key, most).into_iter();
        items.map(|(path, item)| Reader::new(Some(item), path, self.report)).collect()
    }

    /// The texts of a list.
    pub(crate) fn texts(&self, key: &'static str, most: usize) -> Vec<&'a str> {
        self.placed_texts(key, most).into_iter().map(|(_, text)| text).collect()
    }

    /// The texts of a list, each with its place.
    pub(crate) fn placed_texts(&self, key: &'static str, most: usize) -> Vec<(String, &'a str)> {
        let items = self.list(key, most).into_iter();
        let text = |(path, item): (String, &'a Value)| match item {
            Value::String(text) => Some((path, text.as_str())),
            other => {
                let message = format!("a text is expected instead of {}: replace it", shape(other));
                self.report.error("wrong_type", path, message);
                None
            }
        };
        items.filter_map(text).collect()
    }

    /// An object whose keys are the writer's own.
    pub(crate) fn entries(&self, key: &'static str, most: usize) -> Vec<(&'a str, &'a Value)> {
        match self.value(key) {
            None => Vec::new(),
            Some(Value::Object(fields)) => {
                if fields.len() > most {
                    let message = format!(
                        "at most {most} entries are allowed, there are {}: remove some",
                        fields.len()
                    );
                    self.report.error("too_many", self.path(key), message);
                }
                fields.iter().take(most).map(|(name, value)| (name.as_str(), value)).collect()
            }
            Some(other) => {
                self.wrong_type(key, "an object", other);
                Vec::new()
            }
        }
    }

    /// The id of another node; an empty text is none.
    pub(crate) fn node(&self, key: &'static str) -> Option<&'a str> {
        self.text(key).filter(|id| !id.is_empty())
    }

    /// An id.
    pub(crate) fn id<T: std::str::FromStr>(&self, key: &'static str, what: &str) -> Option<T> {
        let text = self.text(key)?;
        let id = text.parse().ok();
        if id.is_none() {
            let message = format!("{text:?} is not the id of a {what}: give its UUID");
            self.report.error("bad_id", self.path(key), message);
        }
        id
    }

    /// A time zone by its IANA name.
    pub(crate) fn zone(&self, key: &'static str) -> Option<Tz> {
        match parse_zone(self.words(key)?, self.path(key)) {
            Ok(zone) => Some(zone),
            Err(problem) => {
                self.report.extend("", [problem]);
                None
            }
        }
    }

    /// An absolute http or https URL, in which variables may stand behind the host.
    pub(crate) fn url(&self, key: &'static str) -> Option<&'a str> {
        let url = self.text(key)?;
        let mut problems = Vec::new();
        crate::model::check_url(&mut problems, "", url);
        for problem in &mut problems {
            problem.message = format!(
                "no absolute http or https URL of at most {} bytes stands here: give one such as https://example.com/hook",
                limits::URL_BYTES
            );
        }
        let authority = url.split("://").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next());
        if problems.is_empty() && authority.is_some_and(|authority| authority.contains('{')) {
            let message = "a caller must not choose the host: put variables behind it only";
            problems.push(Problem::error("bad_url", "", message));
        }
        let wrong = !problems.is_empty();
        self.report.extend(&self.path(key), problems);
        (!wrong).then_some(url)
    }

    /// Reports every key that nobody asked for.
    pub(crate) fn finish(&self) {
        let known = self.known.borrow();
        let Some(fields) = self.fields.filter(|_| !self.ignores_rest.get()) else { return };
        for key in fields.keys().filter(|key| !known.contains(key.as_str())) {
            let expected: Vec<&str> = known.iter().copied().collect();
            let message = if expected.is_empty() {
                format!("{key:?} is unknown here, where no keys are expected: remove it")
            } else {
                format!("{key:?} is unknown here: remove it, or use one of {}", expected.join(", "))
            };
            self.report.error("unknown_key", self.path(key), message);
        }
    }
}

/// A whole number, also where it is written as `5.0`.
fn whole(value: &Value) -> Option<i64> {
    let number = value.as_number()?;
    number.as_i64().or_else(|| {
        let decimal: rust_decimal::Decimal = number.to_string().parse().ok()?;
        decimal.is_integer().then(|| i64::try_from(decimal).ok()).flatten()
    })
}

/// What a value is, for people.
pub(crate) fn shape(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => {
            let short: String = text.chars().take(40).collect();
            format!("the text {short:?}")
        }
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}
