//! Text with session variables: `{name}`, `{name|words for want of a value}` and `{tag.NAME}`.

use std::collections::BTreeMap;

use chrono::SecondsFormat;

use super::act::Unsent;
use super::context::Context;
use super::reader::Reader;
use crate::auction::{is_dot_segment, percent_encoded};
use crate::call::FlowSession;
use crate::vocabulary::limits;

/// Names that every session knows.
pub(crate) const BUILT_IN: [&str; 7] = [
    "caller_number",
    "called_number",
    "campaign_id",
    "session_id",
    "flow_id",
    "timestamp",
    // Known once a transcription has come.
    FlowSession::TRANSCRIPTION,
];

/// A text that is ready to be filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Words(String),
    Variable { name: String, fallback: String },
}

/// Where a variable of a text stands in the document: for the check that it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) name: String,
    pub(crate) path: String,
}

impl Text {
    /// Reads a text. A brace that opens no variable is a brace.
    pub(crate) fn parse(source: &str) -> Self {
        let mut parts = Vec::new();
        let mut words = String::new();
        let mut rest = source;
        while let Some(open) = rest.find('{') {
            let (before, after) = rest.split_at(open);
            words.push_str(before);
            let inner = after.get(1..).unwrap_or_default();
            match inner.find(['{', '}']).filter(|at| inner[*at..].starts_with('}')) {
                Some(close) if variable(&inner[..close]).is_some() => {
                    if !words.is_empty() {
                        parts.push(Part::Words(std::mem::take(&mut words)));
                    }
                    parts.extend(variable(&inner[..close]));
                    rest = &inner[close + 1..];
                }
                _ => {
                    words.push('{');
                    rest = inner;
                }
            }
        }
        words.push_str(rest);
        if !words.is_empty() {
            parts.push(Part::Words(words));
        }
        Self { parts }
    }

    /// The names of its variables.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable { name, .. } => Some(name.as_str()),
            Part::Words(_) => None,
        })
    }

    /// The text with each value as `encode` writes it. An unknown name is its fallback, or nothing.
    pub(crate) fn fill(&self, values: &Values<'_>, encode: impl Fn(&str) -> String) -> String {
        let part = |part: &Part| match part {
            Part::Words(words) => words.clone(),
            Part::Variable { name, fallback } => {
                let value = values.get(name).filter(|value| !value.is_empty());
                encode(value.as_deref().unwrap_or(fallback))
            }
        };
        self.parts.iter().map(part).collect()
    }

    /// The same, where that is not longer than so many bytes.
    pub(crate) fn fill_within(
        &self,
        most_bytes: usize,
        values: &Values<'_>,
        encode: impl Fn(&str) -> String,
    ) -> Option<String> {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Words(words) => filled.push_str(words),
                Part::Variable { name, fallback } => {
                    let value = values.get(name).filter(|value| !value.is_empty());
                    filled.push_str(&encode(value.as_deref().unwrap_or(fallback)));
                }
            }
            if filled.len() > most_bytes {
                return None;
            }
        }
        Some(filled)
    }

    /// The text as a URL, with each value percent-encoded: no value leads to another place.
    pub(crate) fn fill_url(&self, values: &Values<'_>) -> Result<String, Unsent> {
        let filled = self.fill_within(limits::PIXEL_URL_BYTES, values, percent_encoded);
        let filled = filled.ok_or(Unsent::UrlTooLong)?;
        let unfilled: String = self.parts.iter().map(Part::in_place).collect();
        // What the author wrote is meant; what a value adds to it is not.
        if dot_segments(&filled) > dot_segments(&unfilled) {
            return Err(Unsent::DotSegment);
        }
        Ok(filled)
    }

    /// The words between the variables.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Words(words) => Some(words.as_str()),
            Part::Variable { .. } => None,
        })
    }

    /// The text as it is spoken.
    pub(crate) fn spoken(&self, values: &Values<'_>) -> String {
        self.fill(values, str::to_owned).chars().take(limits::TEXT_CHARACTERS).collect()
    }
}

impl Part {
    /// The words, or what stands for any value.
    fn in_place(&self) -> &str {
        match self {
            Self::Words(words) => words,
            Self::Variable { .. } => "x",
        }
    }
}

/// How many parts of a URL's path lead elsewhere.
fn dot_segments(url: &str) -> usize {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.split(['/', '\\']).filter(|segment| is_dot_segment(segment)).count()
}

fn variable(inner: &str) -> Option<Part> {
    let (name, fallback) = inner.split_once('|').unwrap_or((inner, ""));
    is_name(name.strip_prefix("tag.").unwrap_or(name))
        .then(|| Part::Variable { name: name.to_owned(), fallback: fallback.to_owned() })
}

/// Whether a session variable may be called so: letters, digits, `_` and `-`, at most 100.
pub(crate) fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (1..=100).contains(&name.len()) && name.chars().all(fits)
}

/// The values that texts are filled with.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) variables: &'a BTreeMap<String, String>,
}

impl Values<'_> {
    /// The value of a name, if it has one: what the caller entered, then what every session knows,
    /// then the call's tags.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        if let Some(value) = self.variables.get(name) {
            return Some(value.clone());
        }
        let context = self.context;
        match name {
            "caller_number" => Some(context.caller.address.clone()),
            "called_number" => Some(context.called.to_owned()),
            "campaign_id" => Some(context.campaign.to_string()),
            "session_id" => Some(context.call.to_string()),
            "flow_id" => Some(context.flow.to_string()),
            "timestamp" => Some(context.now.to_rfc3339_opts(SecondsFormat::Secs, true)),
            _ => {
                let tag = name.strip_prefix("tag.").unwrap_or(name);
                context.tags.value(tag).map(str::to_owned)
            }
        }
    }
}

impl Values<'_> {
    /// Every name that has a value, with the value that [`Values::get`] gives it.
    pub(crate) fn all(&self) -> BTreeMap<&str, String> {
        let tags = self.context.tags.iter().map(|(name, _)| name);
        let names = self.variables.keys().map(String::as_str).chain(BUILT_IN).chain(tags);
        names.filter_map(|name| Some((name, self.get(name)?))).collect()
    }
}

/// Reads a spoken or sent text and notes which variables it uses.
pub(crate) fn read_text(
    reader: &Reader<'_>,
    key: &'static str,
    uses: &mut Vec<Use>,
) -> Option<Text> {
    let source = reader.words(key)?;
    Some(noted(Text::parse(source), &reader.path(key), uses))
}

/// Notes which variables a text uses.
pub(crate) fn noted(text: Text, path: &str, uses: &mut Vec<Use>) -> Text {
    let at = |name: &str| Use { name: name.to_owned(), path: path.to_owned() };
    uses.extend(text.names().map(at));
    text
}
