//! From the core's directives to TwiML.

mod ask;
mod dial;
mod leave;
mod speech;

use callcore::call::Directive;
use callcore::vocabulary::{CallId, TenantId, TrialId};

use crate::{Hangup, Redirect, Response, Verb};

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

    /// Where the carrier tells what the caller did at a step of a flow.
    pub fn flow_url(&self, tenant: TenantId, step: u32) -> String {
        format!("{}/api/webhooks/flow/{tenant}/{step}", self.public_url)
    }

    /// Where the carrier asks what whoever answers an invitation hears before the two are connected.
    /// The text is in the address, which the carrier's signature covers.
    pub fn whisper_url(&self, tenant: TenantId, call: CallId, attempt: u32, text: &str) -> String {
        let text = encoded(text);
        format!("{}/api/webhooks/whisper/{tenant}/{call}/{attempt}?text={text}", self.public_url)
    }

    /// Where the carrier tells the progress of an invited leg. No call of the carrier's is the parent
    /// of such a leg, so the address names the caller's.
    pub fn invited_url(&self, tenant: TenantId, carrier_call_id: &str, attempt: u32) -> String {
        let call = encoded(carrier_call_id);
        format!("{}/api/webhooks/invited/{tenant}/{call}/{attempt}", self.public_url)
    }

    /// Where the carrier asks what whoever answers a test call hears.
    pub fn trial_url(&self, tenant: TenantId, trial: TrialId) -> String {
        format!("{}/api/webhooks/trial/{tenant}/{trial}", self.public_url)
    }

    /// Where the carrier tells how a call stands that we made ourselves.
    pub fn status_url(&self) -> String {
        format!("{}/api/webhooks/status", self.public_url)
    }

    /// Where the carrier turns when it cannot use an answer of ours.
    pub fn fallback_url(&self) -> String {
        format!("{}/api/webhooks/fallback", self.public_url)
    }

    /// Where the carrier tells that a recording can be fetched.
    pub fn recording_url(&self, tenant: TenantId) -> String {
        format!("{}/api/webhooks/recording/{tenant}", self.public_url)
    }

    /// Where the carrier tells what was said in a recording.
    pub fn transcription_url(&self, tenant: TenantId) -> String {
        format!("{}/api/webhooks/transcription/{tenant}", self.public_url)
    }

    /// The document for a reply to `call`. `tenant` is `None` where the number is nobody's; such a
    /// reply only speaks, plays and hangs up, and every other directive in it is left out.
    ///
    /// What is to be heard zero times, or holds nothing audible, is left out, a voice that Twilio does not have is
    /// replaced by the default one, and a speed only goes with a voice that understands SSML: none
    /// of the three is worth a call. Every other value that Twilio refuses is an error of
    /// [`Response::to_xml`].
    pub fn response(
        &self,
        call: CallId,
        tenant: Option<TenantId>,
        directives: &[Directive],
    ) -> Response {
        let mut response = Response::new();
        for directive in directives {
            self.directive(call, tenant, directive, &mut response.verbs);
        }
        response
    }

    fn directive(
        &self,
        call: CallId,
        tenant: Option<TenantId>,
        directive: &Directive,
        verbs: &mut Vec<Verb>,
    ) {
        match (directive, tenant) {
            (Directive::Say(speech), _) => verbs.extend(speech::say(speech).map(Verb::from)),
            (Directive::Play(sound), _) => verbs.extend(speech::play(sound).map(Verb::from)),
            (Directive::Hangup, _) => verbs.push(Hangup::default().into()),
            (Directive::Dial(dial), Some(tenant)) => verbs.push(self.dial(tenant, dial).into()),
            (Directive::Ask(question), Some(tenant)) => {
                verbs.push(self.gather(tenant, question).into());
            }
            (Directive::Record(message), Some(tenant)) => {
                verbs.extend(self.record(tenant, message));
            }
            (Directive::Enqueue(place), Some(tenant)) => {
                verbs.push(self.enqueue(tenant, place).into());
            }
            (Directive::Confer(confer), Some(tenant)) => {
                verbs.push(self.confer(tenant, call, confer).into());
            }
            (Directive::Continue { step }, Some(tenant)) => {
                verbs.push(Redirect::new(self.flow_url(tenant, *step)).into());
            }
            (
                Directive::Dial(_)
                | Directive::Ask(_)
                | Directive::Record(_)
                | Directive::Enqueue(_)
                | Directive::Confer(_)
                | Directive::Continue { .. },
                None,
            ) => {}
        }
    }
}

/// A text as it stands in a path or a query: percent-encoded, with `%20` for a space.
fn encoded(text: &str) -> String {
    let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    encoded.replace('+', "%20")
}

pub use dial::conference_name;
pub use leave::queue_name;

#[cfg(test)]
mod tests {
    use callcore::call;

    use super::*;

    pub(super) const TENANT: TenantId = TenantId::from_uuid(uuid::Uuid::nil());
    pub(super) const CALL: CallId = CallId::from_uuid(uuid::Uuid::from_u128(7));

    /// What stands between the tags of the root for one directive, which reads back.
    pub(super) fn rendered(directive: Directive) -> String {
        let renderer = Renderer::new("https://calls.example.com/base/");
        inner(&renderer.response(CALL, Some(TENANT), &[directive]))
    }

    pub(super) fn inner(response: &Response) -> String {
        let xml = response.to_xml().unwrap();
        assert_eq!(&Response::parse(&xml).unwrap(), response);
        let (_, inner) = xml.split_once("<Response").unwrap();
        let inner = inner.trim_start_matches("/>").trim_start_matches('>');
        inner.trim_end_matches("</Response>").to_owned()
    }

    /// The address of a webhook, as the documents above name it.
    pub(super) fn url(path: &str) -> String {
        let id = "00000000-0000-0000-0000-000000000000";
        format!("https://calls.example.com/base/api/webhooks/{}", path.replace("TENANT", id))
    }

    #[test]
    fn nobodys_reply_speaks_plays_and_hangs_up() {
        let enqueue = call::Enqueue { step: 1, queue: "q".into() };
        let sound = call::Sound { url: "https://h/a.mp3".into(), times: 1 };
        let directives = [
            Directive::say("Hello"),
            Directive::Enqueue(enqueue),
            Directive::Play(sound),
            Directive::Continue { step: 2 },
            Directive::Hangup,
        ];
        let response = Renderer::new("http://x").response(CALL, None, &directives);
        let expected = "<Say>Hello</Say><Play>https://h/a.mp3</Play><Hangup/>";
        assert_eq!(inner(&response), expected);
    }

    #[test]
    fn a_flow_goes_on_at_its_steps_address() {
        let expected = format!("<Redirect>{}</Redirect>", url("flow/TENANT/9"));
        assert_eq!(rendered(Directive::Continue { step: 9 }), expected);
    }

    #[test]
    fn what_stands_in_an_address_is_encoded() {
        let renderer = Renderer::new("https://calls.example.com/base");
        let whisper = renderer.whisper_url(TENANT, CALL, 2, "A+B & é?\u{1F4DE}#1 /");
        let expected = "whisper/TENANT/00000000-0000-0000-0000-000000000007/2\
                        ?text=A%2BB%20%26%20%C3%A9%3F%F0%9F%93%9E%231%20%2F";
        assert_eq!(whisper, url(expected));
        let (_, query) = whisper.split_once('?').unwrap();
        let read = crate::Form::parse(query.as_bytes()).unwrap();
        assert_eq!(read.get("text"), Some("A+B & é?\u{1F4DE}#1 /"));
        assert_eq!(renderer.invited_url(TENANT, "CA1", 3), url("invited/TENANT/CA1/3"));
        assert_eq!(renderer.invited_url(TENANT, "a/b ?", 3), url("invited/TENANT/a%2Fb%20%3F/3"));
    }

    #[test]
    fn the_constant_documents_are_valid() {
        assert_eq!(Response::parse(FALLBACK_TWIML).unwrap().verbs.len(), 2);
        assert!(Response::parse(EMPTY_TWIML).unwrap().verbs.is_empty());
    }
}
