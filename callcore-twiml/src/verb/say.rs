//! `<Say>`: speaks a text.

use crate::attribute::attributes;
use crate::check::{Check, at_most, ensure, language};
use crate::element::{Content, Element, ReadElement};
use crate::error::{ParseError, Violation};
use crate::value::Voice;
use crate::verb::{PROSODY, Prosody};
use crate::xml::Node;

/// `<Say>`: speaks a text (<https://www.twilio.com/docs/voice/twiml/say>).
///
/// Of SSML there is one [`Prosody`] around the whole text and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Say {
    /// The text, with at least one character that is not white space. At most 4096 characters,
    /// or 3000 for a Polly and 5000 for a Google voice
    /// (<https://www.twilio.com/docs/api/errors/13521>).
    pub text: String,
    /// `<prosody>` around the text: how it is spoken. Only Polly and Google voices understand it.
    /// Default: none.
    pub prosody: Option<Prosody>,
    /// `voice`. Default: the account's text-to-speech setting, else `man`.
    pub voice: Option<Voice>,
    /// `language`: a BCP 47 tag. Default: `en-US`.
    pub language: Option<String>,
    /// `loop`: how often the text is spoken. Default: 1; 0 is until the caller hangs up, at most
    /// 1000 times.
    pub loop_count: Option<u32>,
}

attributes! { Say {
    "voice" => voice,
    "language" => language,
    "loop" => loop_count,
} }

impl Say {
    /// A text in the default voice.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    fn max_characters(&self) -> usize {
        match self.voice {
            Some(Voice::Polly(_)) => 3000,
            Some(Voice::Google(_)) => 5000,
            Some(Voice::Man | Voice::Woman | Voice::Alice) | None => 4096,
        }
    }
}

impl Element for Say {
    fn name(&self) -> &'static str {
        "Say"
    }

    fn content(&self) -> Content<'_> {
        match &self.prosody {
            Some(prosody) => Content::Wrapped { wrapper: prosody, text: &self.text },
            None => Content::Text(&self.text),
        }
    }

    fn check(&self) -> Check {
        ensure(!self.text.trim().is_empty(), None, Violation::Empty)?;
        at_most(None, Some(&self.text), self.max_characters())?;
        if let Some(Voice::Polly(name) | Voice::Google(name)) = &self.voice {
            ensure(!name.is_empty(), "voice", Violation::Empty)?;
        }
        language(self.language.as_deref())
    }
}

impl ReadElement for Say {
    /// The text stays as it is: spaces and line ends may be meant as pauses.
    fn read_content(node: &Node) -> Result<Self, ParseError> {
        let mut elements = node.elements();
        let Some(inner) = elements.next() else { return node.text().map(Self::new) };
        let stranger = if inner.name == PROSODY { elements.next() } else { Some(inner) };
        if let Some(stranger) = stranger {
            return Err(node.refuse(stranger));
        }
        node.expect_no_text()?;
        let prosody = Some(Prosody::read(inner)?);
        Ok(Self { prosody, ..Self::new(inner.text()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ParseErrorKind;
    use crate::response::{check_invalid, check_xml, parse_inner};

    #[test]
    fn every_attribute() {
        check_xml(Say::new("Hello"), "<Say>Hello</Say>");
        let say = Say {
            text: "Grüß Gott".to_owned(),
            prosody: None,
            voice: Some(Voice::Polly("Vicki".to_owned())),
            language: Some("de-DE".to_owned()),
            loop_count: Some(0),
        };
        check_xml(say, r#"<Say voice="Polly.Vicki" language="de-DE" loop="0">Grüß Gott</Say>"#);
    }

    #[test]
    fn awkward_text() {
        check_xml(
            Say::new("<b>&amp; ]]> \"'\r\n\t\u{202E}\u{1F4DE}\u{A0}"),
            concat!(
                "<Say>&lt;b&gt;&amp;amp; ]]&gt; &quot;&apos;&#xD;\n\t",
                "\u{202E}\u{1F4DE}\u{A0}</Say>",
            ),
        );
    }

    #[test]
    fn a_prosody_is_around_the_whole_text() {
        let say = Say { prosody: Some(Prosody::rate(80)), ..Say::new("a & b\r") };
        check_xml(say, r#"<Say><prosody rate="80%">a &amp; b&#xD;</prosody></Say>"#);
        let spaced = parse_inner("<Say>\n <prosody rate='20%'> x </prosody> </Say>").unwrap();
        let say = Say { prosody: Some(Prosody::rate(20)), ..Say::new(" x ") };
        assert_eq!(spaced.verbs, [say.into()]);
    }

    #[test]
    fn text_beside_a_prosody_and_a_second_one_are_refused() {
        let element = || "Say".to_owned();
        let kind = parse_inner("<Say><prosody rate='80%'>x</prosody>y</Say>").unwrap_err();
        assert_eq!(kind, ParseErrorKind::UnexpectedText { element: element() });
        let two = "<Say><prosody rate='80%'>x</prosody><prosody rate='80%'>y</prosody></Say>";
        let misplaced = |parent: &str| ParseErrorKind::Misplaced {
            element: "prosody".to_owned(),
            parent: parent.to_owned(),
        };
        assert_eq!(parse_inner(two).unwrap_err(), misplaced("Say"));
        let nested = "<Say><prosody rate='80%'><prosody rate='80%'>x</prosody></prosody></Say>";
        assert_eq!(parse_inner(nested).unwrap_err(), misplaced("prosody"));
        assert_eq!(parse_inner("<prosody/>").unwrap_err(), misplaced("Response"));
    }

    #[test]
    fn text_has_limits() {
        check_invalid(Say::new(" \n"), None, Violation::Empty);
        check_xml(Say::new("é".repeat(4096)), &format!("<Say>{}</Say>", "é".repeat(4096)));
        check_invalid(Say::new("é".repeat(4097)), None, Violation::TooLong { max: 4096 });
        let voice = Some(Voice::Polly("Joanna".to_owned()));
        let say = Say { voice, ..Say::new("a".repeat(3001)) };
        check_invalid(say, None, Violation::TooLong { max: 3000 });
    }

    #[test]
    fn attributes_have_rules() {
        let say = Say { voice: Some(Voice::Google(String::new())), ..Say::new("x") };
        check_invalid(say, Some("voice"), Violation::Empty);
        let say = Say { language: Some("en US".to_owned()), ..Say::new("x") };
        let allowed = "letters, digits and hyphens";
        check_invalid(say, Some("language"), Violation::Characters { allowed });
    }
}
