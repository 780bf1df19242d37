//! What callers leave and where they wait: messages and queues.

use callcore::call::{self, Message};
use callcore::vocabulary::TenantId;
use sha2::{Digest, Sha256};

use super::Renderer;
use crate::{Enqueue, Record, RecordingStatusCallback, Redirect, Trim, Verb, sanitize_text};

/// The longest name of a queue, in characters (<https://www.twilio.com/docs/voice/twiml/enqueue>).
const MAX_QUEUE_NAME: usize = 64;

/// How many characters of a queue's own name stay where the whole is too long.
const KEPT: usize = 10;

/// The shortest recording that Twilio takes as the longest, in seconds.
const MIN_MAX_LENGTH_SECS: u32 = 2;

/// The name of a tenant's queue at Twilio, where queues belong to the account: the tenant's id, a
/// slash and the queue's name, without white space around it.
///
/// Where that is longer than 64 characters, only the first ten of the queue's name stay, and `~`
/// and the first 16 hexadecimal digits of the SHA-256 of the queue's name follow, so that two long
/// names stay two queues.
pub fn queue_name(tenant: TenantId, queue: &str) -> String {
    // What XML cannot hold goes first: there may be a space before it.
    let queue = sanitize_text(queue);
    let queue = queue.trim();
    let whole = format!("{tenant}/{queue}");
    if whole.chars().count() <= MAX_QUEUE_NAME {
        return whole;
    }
    let kept: String = queue.chars().take(KEPT).collect();
    let digest = Sha256::digest(queue.as_bytes());
    let hash: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{tenant}/{kept}~{hash}")
}

impl Renderer {
    /// The verbs for a message. Twilio does not request the action of a recording in which nobody
    /// spoke but runs the next verb, so that leads to the same address.
    pub(super) fn record(&self, tenant: TenantId, message: &Message) -> [Verb; 2] {
        let step_url = self.flow_url(tenant, message.step);
        let transcribe_callback = message.transcribe.then(|| self.transcription_url(tenant));
        let record = Record {
            action: Some(step_url.clone()),
            timeout: Some(message.silence_timeout_secs),
            finish_on_key: Some("#".to_owned()),
            max_length: Some(message.max_length_secs.max(MIN_MAX_LENGTH_SECS)),
            play_beep: Some(true),
            trim: Some(Trim::TrimSilence),
            recording_status_callback: RecordingStatusCallback::new(self.recording_url(tenant), []),
            transcribe: message.transcribe.then_some(true),
            transcribe_callback,
            ..Record::new()
        };
        [record.into(), Redirect::new(step_url).into()]
    }

    /// The verb for a place in a queue.
    pub(super) fn enqueue(&self, tenant: TenantId, place: &call::Enqueue) -> Enqueue {
        Enqueue {
            action: Some(self.flow_url(tenant, place.step)),
            ..Enqueue::new(queue_name(tenant, &place.queue))
        }
    }
}

#[cfg(test)]
mod tests {
    use callcore::call::Directive;

    use super::*;
    use crate::render::tests::{TENANT, rendered, url};

    #[test]
    fn a_message_is_recorded_and_silence_leads_to_the_same_address() {
        let message = |transcribe, max_length_secs| {
            rendered(Directive::Record(Message {
                step: 4,
                max_length_secs,
                silence_timeout_secs: 6,
                transcribe,
            }))
        };
        let (step, recording) = (url("flow/TENANT/4"), url("recording/TENANT"));
        let expected = format!(
            concat!(
                r##"<Record action="{}" timeout="6" finishOnKey="#" maxLength="90""##,
                r#" playBeep="true" trim="trim-silence" recordingStatusCallback="{}"/>"#,
                r#"<Redirect>{}</Redirect>"#,
            ),
            step, recording, step,
        );
        assert_eq!(message(false, 90), expected);
        let transcribed = message(true, 1);
        let callback = url("transcription/TENANT");
        let asks = format!(r#" transcribe="true" transcribeCallback="{callback}""#);
        assert!(transcribed.contains(&asks), "{transcribed}");
        assert!(transcribed.contains(r#" maxLength="2""#), "{transcribed}");
    }

    #[test]
    fn a_queue_belongs_to_its_tenant() {
        let queue = Directive::Enqueue(call::Enqueue { step: 5, queue: "sales".into() });
        let expected =
            format!(r#"<Enqueue action="{}">{TENANT}/sales</Enqueue>"#, url("flow/TENANT/5"));
        assert_eq!(rendered(queue), expected);
    }

    /// What XML cannot hold may stand behind a space, where it hides it from a trim.
    #[test]
    fn no_name_of_a_queue_begins_or_ends_with_a_space() {
        for name in ["sales", " sales ", "sales \u{FFFF}", "\u{FFFE} \u{0}sales\u{FFFF} \u{FFFF}"] {
            assert_eq!(queue_name(TENANT, name), format!("{TENANT}/sales"), "{name:?}");
        }
        let queue = Directive::Enqueue(call::Enqueue { step: 5, queue: "sales \u{FFFF}".into() });
        assert!(rendered(queue).ends_with(&format!(">{TENANT}/sales</Enqueue>")));
    }

    #[test]
    fn long_names_of_queues_stay_apart_and_fit() {
        let long = |last: char| queue_name(TENANT, &format!("é{}{last}", "a".repeat(26)));
        assert_eq!(queue_name(TENANT, &"a".repeat(27)), format!("{TENANT}/{}", "a".repeat(27)));
        assert_eq!(long('x'), long('x'));
        assert_ne!(long('x'), long('y'));
        assert_eq!(long('x').chars().count(), 64);
        assert!(long('x').starts_with(&format!("{TENANT}/éaaaaaaaaa~")), "{}", long('x'));
    }
}
