//! `<Enqueue>`: puts the caller in a queue.

use crate::attribute::attributes;
use crate::check::{Check, at_most, ensure, trimmed_text};
use crate::element::{Content, Element, ReadElement};
use crate::error::{ParseError, Violation};
use crate::value::Method;
use crate::xml::Node;

/// `<Enqueue>`: puts the caller into a queue
/// (<https://www.twilio.com/docs/voice/twiml/enqueue>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enqueue {
    /// The queue's name, at most 64 characters, without white space around it. The queue is made
    /// if there is none. Either this or `workflow_sid` is given.
    pub queue: String,
    /// `action`: the URL requested when the caller leaves the queue. Default: none, and the next
    /// verb runs.
    pub action: Option<String>,
    /// `method` of the request to `action`. Default: `POST`.
    pub method: Option<Method>,
    /// `maxQueueSize`: how many callers the queue holds. Default: 1000.
    pub max_queue_size: Option<u32>,
    /// `waitUrl`: TwiML for the waiting caller. Default: Twilio's music; empty is silence.
    pub wait_url: Option<String>,
    /// `waitUrlMethod`. Default: `POST` with a `waitUrl`, else `GET`.
    pub wait_url_method: Option<Method>,
    /// `workflowSid`: the TaskRouter workflow that takes the caller, instead of a named queue.
    /// Default: none.
    pub workflow_sid: Option<String>,
}

attributes! { Enqueue {
    "action" => action,
    "method" => method,
    "maxQueueSize" => max_queue_size,
    "waitUrl" => wait_url,
    "waitUrlMethod" => wait_url_method,
    "workflowSid" => workflow_sid,
} }

impl Enqueue {
    /// Puts the caller into the queue of this name.
    pub fn new(queue: impl Into<String>) -> Self {
        Self { queue: queue.into(), ..Self::default() }
    }

    /// Hands the caller to a TaskRouter workflow.
    pub fn workflow(workflow_sid: impl Into<String>) -> Self {
        Self { workflow_sid: Some(workflow_sid.into()), ..Self::default() }
    }
}

impl Element for Enqueue {
    fn name(&self) -> &'static str {
        "Enqueue"
    }

    fn content(&self) -> Content<'_> {
        Content::Text(&self.queue)
    }

    fn check(&self) -> Check {
        if self.workflow_sid.is_some() {
            let violation = Violation::Conflict { other: "a queue name" };
            return ensure(self.queue.is_empty(), "workflowSid", violation);
        }
        trimmed_text(&self.queue)?;
        at_most(None, Some(&self.queue), 64)
    }
}

impl ReadElement for Enqueue {
    fn read_content(node: &Node) -> Result<Self, ParseError> {
        node.trimmed_text().map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::{check_invalid, check_xml};

    #[test]
    fn every_attribute() {
        let enqueue = Enqueue {
            queue: "sales & support".to_owned(),
            action: Some("/left".to_owned()),
            method: Some(Method::Post),
            max_queue_size: Some(20),
            wait_url: Some(String::new()),
            wait_url_method: Some(Method::Get),
            workflow_sid: None,
        };
        check_xml(
            enqueue,
            concat!(
                r#"<Enqueue action="/left" method="POST" maxQueueSize="20" waitUrl="""#,
                r#" waitUrlMethod="GET">sales &amp; support</Enqueue>"#,
            ),
        );
        check_xml(Enqueue::workflow("WW1"), r#"<Enqueue workflowSid="WW1"/>"#);
    }

    #[test]
    fn a_queue_or_a_workflow() {
        check_invalid(Enqueue::default(), None, Violation::Empty);
        let both = Enqueue { queue: "q".to_owned(), ..Enqueue::workflow("WW1") };
        let violation = Violation::Conflict { other: "a queue name" };
        check_invalid(both, Some("workflowSid"), violation);
        check_invalid(Enqueue::new("q".repeat(65)), None, Violation::TooLong { max: 64 });
    }
}
