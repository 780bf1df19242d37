//! `<Redirect>`: goes on with another document.

use crate::attribute::attributes;
use crate::check::{Check, trimmed_text};
use crate::element::{Content, Element, ReadElement};
use crate::error::ParseError;
use crate::value::Method;
use crate::xml::Node;

/// `<Redirect>`: goes on with another document
/// (<https://www.twilio.com/docs/voice/twiml/redirect>). Nothing after it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redirect {
    /// The other document's URL, absolute or relative to this one. Required, without white space
    /// around it.
    pub url: String,
    /// `method` of the request. Default: `POST`.
    pub method: Option<Method>,
}

attributes! { Redirect {
    "method" => method,
} }

impl Redirect {
    /// Goes on with the document at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), method: None }
    }
}

impl Element for Redirect {
    fn name(&self) -> &'static str {
        "Redirect"
    }

    fn content(&self) -> Content<'_> {
        Content::Text(&self.url)
    }

    fn check(&self) -> Check {
        trimmed_text(&self.url)
    }
}

impl ReadElement for Redirect {
    fn read_content(node: &Node) -> Result<Self, ParseError> {
        node.trimmed_text().map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Violation;
    use crate::response::{check_invalid, check_xml, parse_inner};

    #[test]
    fn every_attribute() {
        check_xml(Redirect::new("../b?x&y"), "<Redirect>../b?x&amp;y</Redirect>");
        let redirect = Redirect { method: Some(Method::Get), ..Redirect::new("/b") };
        check_xml(redirect, r#"<Redirect method="GET">/b</Redirect>"#);
        check_invalid(Redirect::default(), None, Violation::Empty);
    }

    #[test]
    fn the_url_is_trimmed() {
        let response = parse_inner("<Redirect>\n  /b\n</Redirect>").unwrap();
        assert_eq!(response.verbs, [Redirect::new("/b").into()]);
    }
}
