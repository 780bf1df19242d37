//! From the core's directives to TwiML.

use callcore::call::{self, Directive};
use callcore::model::Recording;
use callcore::vocabulary::{Destination, TenantId};

use crate::{
    CallEvent, Dial, DialRecord, Hangup, Noun, Number, RecordingStatusCallback, Response, Say, Sip,
    StatusCallback, Verb, sanitize_text,
};

/// TwiML for a caller when everything else failed: it needs nothing and is always valid.
pub const FALLBACK_TWIML: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8"?>"#,
    "<Response><Say>We are sorry, we cannot take your call right now. Please try again later.</Say>",
    "<Hangup/></Response>",
);

/// An empty document: the answer to a webhook that only tells us something.
pub const EMPTY_TWIML: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Response/>"#;

/// Writes directives as TwiML whose URLs are absolute and begin with the public URL, which is also
/// what signatures are checked against.
#[derive(Clone, Debug)]
pub struct Renderer {
    public_url: String,
}

impl Renderer {
    /// A renderer under a public URL, such as `https://calls.example.com`.
    pub fn new(public_url: impl Into<String>) -> Self {
        let mut public_url = public_url.into();
        while public_url.ends_with('/') {
            public_url.pop();
        }
        Self { public_url }
    }

    /// Where the carrier tells the result of a dial.
    pub fn dial_url(&self, tenant: TenantId, attempt: u32) -> String {
        format!("{}/api/webhooks/dial/{tenant}/{attempt}", self.public_url)
    }

    /// Where the carrier tells the progress of the leg to a buyer.
    pub fn leg_url(&self, tenant: TenantId, attempt: u32) -> String {
        format!("{}/api/webhooks/leg/{tenant}/{attempt}", self.public_url)
    }

    /// Where the carrier tells that a recording can be fetched.
    pub fn recording_url(&self, tenant: TenantId) -> String {
        format!("{}/api/webhooks/recording/{tenant}", self.public_url)
    }

    /// The document for a reply. `tenant` is `None` where the number is nobody's; such a reply
    /// dials nobody, so nothing in it needs a tenant.
    pub fn response(&self, tenant: Option<TenantId>, directives: &[Directive]) -> Response {
        let verbs = directives.iter().filter_map(|directive| match (directive, tenant) {
            (Directive::Say { text }, _) => Some(Verb::from(Say::new(sanitize_text(text)))),
            (Directive::Hangup, _) => Some(Verb::from(Hangup::default())),
            (Directive::Dial(dial), Some(tenant)) => Some(Verb::from(self.dial(tenant, dial))),
            (Directive::Dial(_), None) => None,
        });
        Response { verbs: verbs.collect() }
    }

    fn dial(&self, tenant: TenantId, dial: &call::Dial) -> Dial {
        let status_callback = StatusCallback::new(
            self.leg_url(tenant, dial.attempt),
            [CallEvent::Ringing, CallEvent::Answered, CallEvent::Completed],
        );
        let noun: Noun = match &dial.destination {
            Destination::Number(number) => {
                Number { status_callback, ..Number::new(number.as_str()) }.into()
            }
            Destination::Sip(uri) => Sip { status_callback, ..Sip::new(uri) }.into(),
        };
        let record = match dial.recording {
            Recording::Off => None,
            Recording::Mono => Some(DialRecord::RecordFromAnswer),
            Recording::Dual => Some(DialRecord::RecordFromAnswerDual),
        };
        let recording_status_callback = match record {
            Some(_) => RecordingStatusCallback::new(self.recording_url(tenant), []),
            None => RecordingStatusCallback::default(),
        };
        Dial {
            action: Some(self.dial_url(tenant, dial.attempt)),
            timeout: Some(dial.ring_timeout_secs),
            time_limit: Some(dial.time_limit_secs),
            caller_id: dial.caller_id.clone(),
            record,
            recording_status_callback,
            ..Dial::nouns([noun])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dial(destination: &str) -> Directive {
        Directive::Dial(call::Dial {
            attempt: 2,
            destination: destination.parse().unwrap(),
            caller_id: Some("+18005550199".into()),
            ring_timeout_secs: 20,
            time_limit_secs: 600,
            recording: Recording::Dual,
        })
    }

    #[test]
    fn a_dial_names_absolute_urls_with_tenant_and_attempt() {
        let tenant = TenantId::from_uuid(uuid::Uuid::nil());
        let renderer = Renderer::new("https://calls.example.com/base/");
        let xml = renderer.response(Some(tenant), &[dial("+15550100000")]).to_xml().unwrap();
        let base = "https://calls.example.com/base/api/webhooks";
        let id = "00000000-0000-0000-0000-000000000000";
        for part in [
            format!(r#"action="{base}/dial/{id}/2""#),
            format!(r#"statusCallback="{base}/leg/{id}/2""#),
            format!(r#"recordingStatusCallback="{base}/recording/{id}""#),
            r#"timeout="20""#.into(),
            r#"timeLimit="600""#.into(),
            r#"callerId="+18005550199""#.into(),
            r#"record="record-from-answer-dual""#.into(),
            ">+15550100000</Number>".into(),
        ] {
            assert!(xml.contains(&part), "{part} in {xml}");
        }
        let sip =
            renderer.response(Some(tenant), &[dial("sip:sales@example.com")]).to_xml().unwrap();
        assert!(sip.contains(">sip:sales@example.com</Sip>"), "{sip}");
    }

    #[test]
    fn spoken_text_loses_what_xml_cannot_hold() {
        let say = Directive::Say { text: "a\u{0}b & <c>".into() };
        let xml =
            Renderer::new("http://x").response(None, &[say, Directive::Hangup]).to_xml().unwrap();
        assert!(
            xml.ends_with("<Response><Say>ab &amp; &lt;c&gt;</Say><Hangup/></Response>"),
            "{xml}"
        );
    }

    #[test]
    fn the_constant_documents_are_valid() {
        assert_eq!(Response::parse(FALLBACK_TWIML).unwrap().verbs.len(), 2);
        assert!(Response::parse(EMPTY_TWIML).unwrap().verbs.is_empty());
    }
}
