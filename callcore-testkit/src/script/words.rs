//! The words of a line, and what is said where they make no sense.

use std::fmt::Display;
use std::iter::Peekable;
use std::str::{FromStr, SplitWhitespace};

use chrono::TimeDelta;

use super::Failure;

/// What reading a part of a script comes to.
pub(super) type Read<T> = Result<T, Failure>;

/// The words of a line that are still to be read.
#[derive(Clone, Debug)]
pub(super) struct Words<'a> {
    pub(super) line: usize,
    rest: Peekable<SplitWhitespace<'a>>,
}

impl<'a> Words<'a> {
    pub(super) fn new(line: usize, text: &'a str) -> Self {
        Self { line, rest: text.split_whitespace().peekable() }
    }

    pub(super) fn next(&mut self) -> Option<&'a str> {
        self.rest.next()
    }

    pub(super) fn peek(&mut self) -> Option<&'a str> {
        self.rest.peek().copied()
    }

    pub(super) fn word(&mut self, expected: &str) -> Read<&'a str> {
        self.next().ok_or_else(|| self.wrong(expected, ""))
    }

    pub(super) fn takes(&mut self, word: &str) -> bool {
        self.rest.next_if_eq(&word).is_some()
    }

    pub(super) fn expect(&mut self, word: &str) -> Read<()> {
        match self.next() {
            Some(found) if found == word => Ok(()),
            found => Err(self.wrong(word, found.unwrap_or_default())),
        }
    }

    /// A word that reads as a `T`.
    pub(super) fn read<T: FromStr>(&mut self, expected: &str) -> Read<T> {
        let word = self.word(expected)?;
        word.parse().map_err(|_| self.wrong(expected, word))
    }

    /// The value of the word that comes next.
    pub(super) fn choice<T: Copy>(&mut self, choices: &[(&str, T)]) -> Read<T> {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let expected = names.join(" or ");
        let word = self.word(&expected)?;
        let chosen = choices.iter().find(|(name, _)| *name == word);
        chosen.map(|(_, value)| *value).ok_or_else(|| self.wrong(&expected, word))
    }

    /// What is left of the line.
    pub(super) fn text(&mut self) -> String {
        self.rest.by_ref().collect::<Vec<_>>().join(" ")
    }

    pub(super) fn end(&mut self) -> Read<()> {
        match self.next() {
            None => Ok(()),
            Some(word) => Err(self.wrong("the end of the line", word)),
        }
    }

    pub(super) fn wrong(&self, expected: impl Display, found: &str) -> Failure {
        let line = self.line;
        Failure::Unreadable { line, expected: expected.to_string(), found: found.to_owned() }
    }
}

/// Reads a time; `None` where it is none.
pub(super) fn time(word: &str) -> Option<TimeDelta> {
    let unit = word.find(|c: char| !c.is_ascii_digit())?;
    let (amount, unit) = word.split_at(unit);
    let amount: i64 = amount.parse().ok()?;
    match unit {
        "ms" => TimeDelta::try_milliseconds(amount),
        "s" => TimeDelta::try_seconds(amount),
        "m" => TimeDelta::try_minutes(amount),
        "h" => TimeDelta::try_hours(amount),
        "d" => TimeDelta::try_days(amount),
        _ => None,
    }
}
