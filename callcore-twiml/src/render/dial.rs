//! Dials: to buyers, and into conferences.

use callcore::call::{self, Confer, Speech};
use callcore::model::Recording;
use callcore::vocabulary::{CallId, Destination, TenantId};

use super::{Renderer, speech};
use crate::{
    Beep, CallEvent, Conference, Dial, DialRecord, Noun, Number, RecordingStatusCallback, Response,
    Sip, StatusCallback, Verb,
};

/// The name of the conference in which a caller meets whoever an attempt rings: the call's id, a
/// slash and the attempt.
pub fn conference_name(call: CallId, attempt: u32) -> String {
    format!("{call}/{attempt}")
}

impl Renderer {
    /// What whoever answers an invitation hears: the whisper, and then the caller, who waits in the
    /// conference of [`Confer`]. When either of the two leaves, the other leaves it too: this call
    /// is over then, and the caller's goes on with the next step.
    pub fn whisper(&self, call: CallId, attempt: u32, whisper: &str) -> Response {
        let conference = Conference {
            start_conference_on_enter: Some(true),
            ..room(conference_name(call, attempt))
        };
        let mut response = Response::new();
        response.verbs.extend(speech::say(&Speech::new(whisper)).map(Verb::from));
        response.then(Dial::nouns([conference]))
    }

    pub(super) fn dial(&self, tenant: TenantId, dial: &call::Dial) -> Dial {
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
        Dial {
            action: Some(self.dial_url(tenant, dial.attempt)),
            timeout: Some(dial.ring_timeout_secs),
            time_limit: Some(dial.time_limit_secs),
            caller_id: dial.caller_id.clone(),
            ..self.recorded(tenant, dial.recording, Dial::nouns([noun]))
        }
    }

    /// The caller waits on hold, because only the invited leg begins the conference.
    pub(super) fn confer(&self, tenant: TenantId, call: CallId, confer: &Confer) -> Dial {
        let conference = Conference {
            start_conference_on_enter: Some(false),
            ..room(conference_name(call, confer.attempt))
        };
        Dial {
            action: Some(self.flow_url(tenant, confer.step)),
            time_limit: Some(confer.time_limit_secs),
            ..self.recorded(tenant, confer.recording, Dial::nouns([conference]))
        }
    }

    /// The dial records, not the conference: only the recordings of a dial are told with the
    /// caller's call.
    fn recorded(&self, tenant: TenantId, recording: Recording, dial: Dial) -> Dial {
        let record = match recording {
            Recording::Off => return dial,
            Recording::Mono => DialRecord::RecordFromAnswer,
            Recording::Dual => DialRecord::RecordFromAnswerDual,
        };
        let callback = RecordingStatusCallback::new(self.recording_url(tenant), []);
        Dial { record: Some(record), recording_status_callback: callback, ..dial }
    }
}

/// A conference of two that ends with either of them.
fn room(name: String) -> Conference {
    Conference {
        beep: Some(Beep::False),
        end_conference_on_exit: Some(true),
        ..Conference::new(name)
    }
}

#[cfg(test)]
mod tests {
    use callcore::call::Directive;

    use super::*;
    use crate::render::tests::{CALL, inner, rendered, url};

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
        let xml = rendered(dial("+15550100000"));
        for part in [
            format!(r#"action="{}""#, url("dial/TENANT/2")),
            format!(r#"statusCallback="{}""#, url("leg/TENANT/2")),
            format!(r#"recordingStatusCallback="{}""#, url("recording/TENANT")),
            r#"timeout="20""#.into(),
            r#"timeLimit="600""#.into(),
            r#"callerId="+18005550199""#.into(),
            r#"record="record-from-answer-dual""#.into(),
            ">+15550100000</Number>".into(),
        ] {
            assert!(xml.contains(&part), "{part} in {xml}");
        }
        let sip = rendered(dial("sip:sales@example.com"));
        assert!(sip.contains(">sip:sales@example.com</Sip>"), "{sip}");
    }

    #[test]
    fn both_meet_in_one_conference_which_the_invited_leg_begins() {
        let confer = |recording| {
            rendered(Directive::Confer(Confer {
                step: 6,
                attempt: 2,
                time_limit_secs: 900,
                recording,
            }))
        };
        let name = "00000000-0000-0000-0000-000000000007/2";
        let expected = format!(
            concat!(
                r#"<Dial action="{}" timeLimit="900"><Conference beep="false""#,
                r#" startConferenceOnEnter="false" endConferenceOnExit="true">{}</Conference>"#,
                "</Dial>",
            ),
            url("flow/TENANT/6"),
            name,
        );
        assert_eq!(confer(Recording::Off), expected);
        let recorded = format!(
            r#" record="record-from-answer" recordingStatusCallback="{}">"#,
            url("recording/TENANT")
        );
        let xml = confer(Recording::Mono);
        assert!(xml.contains(&recorded), "{xml}");
        let whisper = Renderer::new("http://x").whisper(CALL, 2, "Press on, a\u{1} caller & more");
        let expected = format!(
            concat!(
                "<Say>Press on, a caller &amp; more</Say>",
                r#"<Dial><Conference beep="false" startConferenceOnEnter="true""#,
                r#" endConferenceOnExit="true">{}</Conference></Dial>"#,
            ),
            name,
        );
        assert_eq!(inner(&whisper), expected);
        let silent = Renderer::new("http://x").whisper(CALL, 3, "");
        assert!(inner(&silent).starts_with("<Dial>"), "{silent:?}");
        assert!(inner(&silent).contains("7/3</Conference>"), "{silent:?}");
    }
}
