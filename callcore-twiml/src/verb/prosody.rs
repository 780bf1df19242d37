//! `<prosody>`: how the text of a `<Say>` is spoken.

use std::borrow::Cow;

use crate::attribute::{Scalar, attributes};
use crate::check::{Check, ensure, in_range};
use crate::element::{Content, Element, ReadElement};
use crate::error::{ParseError, Violation};
use crate::xml::Node;

/// The element's name.
pub(crate) const NAME: &str = "prosody";

/// `<prosody>`: how a text is spoken
/// (<https://www.twilio.com/docs/voice/twiml/say/text-speech#prosody>).
///
/// Only `rate`, as a percentage; its words, `volume` and `pitch` are not supported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prosody {
    /// `rate`: how fast, 20 % to 200 % of the voice's own speed. Required.
    pub rate: Option<Percent>,
}

/// A percentage, such as `80%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent(pub u32);

impl Scalar for Percent {
    fn to_text(&self) -> Cow<'_, str> {
        format!("{}%", self.0).into()
    }

    fn from_text(text: &str) -> Option<Self> {
        u32::from_text(text.strip_suffix('%')?).map(Self)
    }

    fn expected() -> String {
        "a whole percentage such as 80%".to_owned()
    }
}

attributes! { Prosody {
    "rate" => rate,
} }

impl Prosody {
    /// This many percent of the voice's own speed.
    #[must_use]
    pub const fn rate(percent: u32) -> Self {
        Self { rate: Some(Percent(percent)) }
    }
}

impl Element for Prosody {
    fn name(&self) -> &'static str {
        NAME
    }

    /// The text belongs to the `<Say>`, which writes it between the tags of this element.
    fn content(&self) -> Content<'_> {
        Content::Empty
    }

    fn check(&self) -> Check {
        ensure(self.rate.is_some(), "rate", Violation::Empty)?;
        in_range("rate", self.rate.map(|Percent(percent)| percent), 20..=200)
    }
}

impl ReadElement for Prosody {
    fn read_content(node: &Node) -> Result<Self, ParseError> {
        node.text().map(|_| Self::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::{check_invalid, parse_inner};
    use crate::{ParseErrorKind, Say};

    #[test]
    fn the_rate_has_rules() {
        let say = |prosody| Say { prosody: Some(prosody), ..Say::new("x") };
        check_invalid(say(Prosody::default()), Some("rate"), Violation::Empty);
        for percent in [19, 201] {
            let violation = Violation::OutOfRange { min: 20, max: 200 };
            check_invalid(say(Prosody::rate(percent)), Some("rate"), violation);
        }
    }

    #[test]
    fn percentages_are_whole() {
        assert_eq!(Percent::from_text("200%"), Some(Percent(200)));
        for text in ["", "%", "80", "+80%", "80.5%", "slow", "80 %"] {
            assert_eq!(Percent::from_text(text), None, "{text}");
        }
        let kind = parse_inner("<Say><prosody rate='slow'>x</prosody></Say>").unwrap_err();
        assert!(matches!(kind, ParseErrorKind::WrongValue { .. }), "{kind}");
    }
}
