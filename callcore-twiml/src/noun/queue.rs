//! `<Queue>`: a queue inside a `<Dial>`.

use crate::attribute::attributes;
use crate::check::{Check, trimmed_text};
use crate::element::{Content, Element, ReadElement};
use crate::error::ParseError;
use crate::value::Method;
use crate::xml::Node;

/// `<Queue>`: connects with the first caller in a queue
/// (<https://www.twilio.com/docs/voice/twiml/queue>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// The queue's name. Required, without white space around it.
    pub name: String,
    /// `url`: TwiML for the queued caller, run before the two are connected. Default: none.
    pub url: Option<String>,
    /// `method` of the request to `url`. Default: `POST`.
    pub method: Option<Method>,
    /// `reservationSid`: the TaskRouter reservation that this call takes. Default: none.
    pub reservation_sid: Option<String>,
    /// `postWorkActivitySid`: the TaskRouter activity of the worker afterwards. Default: none.
    pub post_work_activity_sid: Option<String>,
}

attributes! { Queue {
    "url" => url,
    "method" => method,
    "reservationSid" => reservation_sid,
    "postWorkActivitySid" => post_work_activity_sid,
} }

impl Queue {
    /// The queue of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

impl Element for Queue {
    fn name(&self) -> &'static str {
        "Queue"
    }

    fn content(&self) -> Content<'_> {
        Content::Text(&self.name)
    }

    fn check(&self) -> Check {
        trimmed_text(&self.name)
    }
}

impl ReadElement for Queue {
    fn read_content(node: &Node) -> Result<Self, ParseError> {
        node.trimmed_text().map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::{check_invalid, check_xml};
    use crate::{Dial, Violation};

    #[test]
    fn every_attribute() {
        let queue = Queue {
            name: "sales & support".to_owned(),
            url: Some("/soon".to_owned()),
            method: Some(Method::Get),
            reservation_sid: Some("WR1".to_owned()),
            post_work_activity_sid: Some("WA1".to_owned()),
        };
        check_xml(
            Dial::nouns([queue]),
            concat!(
                r#"<Dial><Queue url="/soon" method="GET" reservationSid="WR1""#,
                r#" postWorkActivitySid="WA1">sales &amp; support</Queue></Dial>"#,
            ),
        );
    }

    #[test]
    fn the_name_is_required_and_bare() {
        check_invalid(Dial::nouns([Queue::new("")]), None, Violation::Empty);
        check_invalid(Dial::nouns([Queue::new("q ")]), None, Violation::SurroundingSpace);
    }
}
