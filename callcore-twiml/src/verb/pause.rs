//! `<Pause>`: waits in silence.

use crate::attribute::attributes;
use crate::check::{Check, in_range};
use crate::element::{Content, Element, ReadElement};
use crate::error::ParseError;
use crate::xml::Node;

/// `<Pause>`: waits (<https://www.twilio.com/docs/voice/twiml/pause>).
///
/// As the first verb it waits before the call is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pause {
    /// `length` in seconds, at least 1. Default: 1.
    pub length: Option<u32>,
}

attributes! { Pause {
    "length" => length,
} }

impl Pause {
    /// A pause of `length` seconds.
    #[must_use]
    pub fn new(length: u32) -> Self {
        Self { length: Some(length) }
    }
}

impl Element for Pause {
    fn name(&self) -> &'static str {
        "Pause"
    }

    fn content(&self) -> Content<'_> {
        Content::Empty
    }

    fn check(&self) -> Check {
        in_range("length", self.length, 1..=u32::MAX)
    }
}

impl ReadElement for Pause {
    fn read_content(node: &Node) -> Result<Self, ParseError> {
        node.expect_empty()?;
        Ok(Self::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Violation;
    use crate::response::{check_invalid, check_xml};

    #[test]
    fn every_attribute() {
        check_xml(Pause::default(), "<Pause/>");
        check_xml(Pause::new(10), r#"<Pause length="10"/>"#);
        let violation = Violation::OutOfRange { min: 1, max: u32::MAX };
        check_invalid(Pause::new(0), Some("length"), violation);
    }
}
