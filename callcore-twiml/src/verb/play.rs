//! `<Play>`: plays a sound file or keys.

use std::borrow::Cow;

use crate::attribute::{AttributeValue, attributes};
use crate::check::{Check, ensure, trimmed_text};
use crate::element::{Content, Element, ReadElement};
use crate::error::{Invalid, ParseError, Violation};
use crate::xml::Node;

/// `<Play>`: plays a sound file or keys (<https://www.twilio.com/docs/voice/twiml/play>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Play {
    /// What is played.
    pub source: PlaySource,
    /// `loop`: how often it is played. Default: 1; 0 is 1000 times.
    pub loop_count: Option<u32>,
}

/// What [`Play`] plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaySource {
    /// A sound file, absolute or relative to the document. It must not be empty nor have white
    /// space around it.
    Url(String),
    /// `digits`: the sounds of keys, of `0-9 A-D # *`, where `w` waits half a second and `W` a
    /// second. Not allowed inside [`Gather`](crate::Gather).
    Digits(String),
}

impl Default for PlaySource {
    fn default() -> Self {
        Self::Url(String::new())
    }
}

/// The source is an attribute only where it is keys.
impl AttributeValue for PlaySource {
    fn to_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Digits(digits) => Some(digits.into()),
            Self::Url(_) => None,
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(Self::Digits(text.to_owned()))
    }

    fn expected() -> String {
        "keys".to_owned()
    }
}

attributes! { Play {
    "digits" => source,
    "loop" => loop_count,
} }

impl Play {
    /// A sound file.
    pub fn url(url: impl Into<String>) -> Self {
        Self { source: PlaySource::Url(url.into()), loop_count: None }
    }

    /// The sounds of keys.
    pub fn digits(digits: impl Into<String>) -> Self {
        Self { source: PlaySource::Digits(digits.into()), loop_count: None }
    }
}

impl Element for Play {
    fn name(&self) -> &'static str {
        "Play"
    }

    fn content(&self) -> Content<'_> {
        match &self.source {
            PlaySource::Url(url) => Content::Text(url),
            PlaySource::Digits(_) => Content::Empty,
        }
    }

    fn check(&self) -> Check {
        let digits = match &self.source {
            PlaySource::Url(url) => return trimmed_text(url),
            PlaySource::Digits(digits) => digits,
        };
        ensure(!digits.is_empty(), "digits", Violation::Empty)?;
        let playable = |key| matches!(key, '0'..='9' | 'A'..='D' | '#' | '*' | 'w' | 'W');
        let violation = Violation::Characters { allowed: "0-9, A-D, #, *, w and W" };
        ensure(digits.chars().all(playable), "digits", violation)
    }
}

impl ReadElement for Play {
    fn read_content(node: &Node) -> Result<Self, ParseError> {
        let url = node.trimmed_text()?;
        if !url.is_empty() && node.has_attribute("digits") {
            let violation = Violation::Conflict { other: "a URL" };
            return Err(node.invalid(Invalid { attribute: Some("digits"), violation }));
        }
        Ok(Self::url(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ParseErrorKind;
    use crate::response::{check_invalid, check_xml, parse_inner};

    #[test]
    fn every_attribute() {
        check_xml(Play::url("/a.mp3?x=1&y"), "<Play>/a.mp3?x=1&amp;y</Play>");
        let play = Play { loop_count: Some(3), ..Play::digits("1wW#*AD") };
        check_xml(play, r##"<Play digits="1wW#*AD" loop="3"/>"##);
    }

    #[test]
    fn sources_have_rules() {
        check_invalid(Play::default(), None, Violation::Empty);
        check_invalid(Play::digits(""), Some("digits"), Violation::Empty);
        let allowed = "0-9, A-D, #, *, w and W";
        check_invalid(Play::digits("E"), Some("digits"), Violation::Characters { allowed });
    }

    #[test]
    fn a_url_is_trimmed() {
        let response = parse_inner("<Play>\n  a.mp3\t</Play>").unwrap();
        assert_eq!(response.verbs, [Play::url("a.mp3").into()]);
    }

    #[test]
    fn a_url_beside_keys_is_refused() {
        let kind = parse_inner(r#"<Play digits="1">a.mp3</Play>"#).unwrap_err();
        let violation = Violation::Conflict { other: "a URL" };
        let element = "Play".to_owned();
        assert_eq!(kind, ParseErrorKind::Invalid { element, attribute: Some("digits"), violation });
    }
}
