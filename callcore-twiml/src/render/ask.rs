//! Questions to the caller.

use callcore::call::Question;
use callcore::vocabulary::TenantId;

use super::{Renderer, speech};
use crate::{Gather, GatherInput, SpeechTimeout, sanitize_text};

/// How many hints Twilio takes, and how long each may be in characters
/// (<https://www.twilio.com/docs/voice/twiml/gather#hints>).
const MAX_HINTS: usize = 500;
const MAX_HINT_CHARACTERS: usize = 100;

impl Renderer {
    /// The verb for a question. Its action is requested whatever the caller does, silence included.
    pub(super) fn gather(&self, tenant: TenantId, question: &Question) -> Gather {
        let mut input = Vec::new();
        if question.keys {
            input.push(GatherInput::Dtmf);
        }
        if question.speech {
            input.push(GatherInput::Speech);
        }
        let end_key = question.finish_on_key.map(String::from).unwrap_or_default();
        Gather {
            prompts: question.prompts.iter().filter_map(speech::prompt).collect(),
            input,
            action: Some(self.flow_url(tenant, question.step)),
            timeout: Some(question.timeout_secs),
            num_digits: question.most_keys.filter(|_| question.keys),
            finish_on_key: question.keys.then_some(end_key),
            action_on_empty_result: Some(true),
            speech_timeout: question.speech.then_some(SpeechTimeout::Auto),
            language: question.language.clone().filter(|_| question.speech),
            hints: if question.speech { hints(&question.hints) } else { Vec::new() },
            ..Gather::new()
        }
    }
}

/// Hints as Twilio takes them: commas part them, and those that are too long help nobody.
fn hints(words: &[String]) -> Vec<String> {
    let parts = words.iter().flat_map(|phrase| phrase.split(','));
    let clean = parts.map(|part| sanitize_text(part).trim().to_owned());
    let fits = |hint: &String| !hint.is_empty() && hint.chars().count() <= MAX_HINT_CHARACTERS;
    clean.filter(fits).take(MAX_HINTS).collect()
}

#[cfg(test)]
mod tests {
    use callcore::call::{Directive, Prompt, Sound, Speech};

    use super::*;
    use crate::render::tests::{rendered, url};

    fn question() -> Question {
        Question {
            step: 3,
            prompts: Vec::new(),
            keys: true,
            speech: false,
            timeout_secs: 7,
            most_keys: Some(1),
            finish_on_key: Some('#'),
            language: Some("en-GB".into()),
            hints: vec!["yes, please\u{FFFF} ".into(), "no \u{FFFF}".into(), "x".repeat(101)],
        }
    }

    #[test]
    fn a_question_for_keys_has_its_prompts_and_is_told_in_any_case() {
        let prompts = vec![
            Prompt::Say(Speech::new("Press 1")),
            Prompt::Say(Speech::new(" ")),
            Prompt::Play(Sound { url: "https://h/a".into(), times: 2 }),
        ];
        let expected = format!(
            concat!(
                r##"<Gather input="dtmf" action="{}" timeout="7" numDigits="1" finishOnKey="#""##,
                r#" actionOnEmptyResult="true"><Say>Press 1</Say>"#,
                r#"<Play loop="2">https://h/a</Play></Gather>"#,
            ),
            url("flow/TENANT/3"),
        );
        assert_eq!(rendered(Directive::Ask(Question { prompts, ..question() })), expected);
    }

    #[test]
    fn no_end_key_is_the_empty_one() {
        let asked = Question { finish_on_key: None, most_keys: None, ..question() };
        let xml = rendered(Directive::Ask(asked));
        assert!(xml.contains(r#" timeout="7" finishOnKey="" "#), "{xml}");
    }

    #[test]
    fn a_question_for_words_has_hints_and_no_keys() {
        let asked = Question { keys: false, speech: true, ..question() };
        let expected = format!(
            concat!(
                r#"<Gather input="speech" action="{}" timeout="7" actionOnEmptyResult="true""#,
                r#" speechTimeout="auto" language="en-GB" hints="yes,please,no"/>"#,
            ),
            url("flow/TENANT/3"),
        );
        assert_eq!(rendered(Directive::Ask(asked)), expected);
        let both = rendered(Directive::Ask(Question { speech: true, ..question() }));
        assert!(both.starts_with(r#"<Gather input="dtmf speech" "#), "{both}");
        assert!(both.contains(r##"finishOnKey="#""##), "{both}");
    }
}
