//! What callers entered and nobody is to see, taken out of what is kept and shown.

use std::borrow::Cow;

use crate::call::{Directive, FlowSession, Prompt};

/// A text in which everything that was entered in confidence is replaced, as it was entered and as it
/// stands in URLs.
pub fn hidden(text: &str, session: &FlowSession) -> String {
    hide(text, &secrets(session)).into_owned()
}

/// What the carrier was told, likewise.
pub fn hidden_directives(directives: &[Directive], session: &FlowSession) -> Vec<Directive> {
    let secrets = secrets(session);
    let mut shown = directives.to_vec();
    if secrets.is_empty() {
        return shown;
    }
    for directive in &mut shown {
        match directive {
            Directive::Say(speech) => replace(&mut speech.text, &secrets),
            Directive::Play(sound) => replace(&mut sound.url, &secrets),
            Directive::Ask(question) => {
                for prompt in &mut question.prompts {
                    match prompt {
                        Prompt::Say(speech) => replace(&mut speech.text, &secrets),
                        Prompt::Play(sound) => replace(&mut sound.url, &secrets),
                    }
                }
                for hint in &mut question.hints {
                    replace(hint, &secrets);
                }
            }
            Directive::Record(_)
            | Directive::Enqueue(_)
            | Directive::Confer(_)
            | Directive::Dial(_)
            | Directive::Continue { .. }
            | Directive::Hangup => {}
        }
    }
    shown
}

/// Each value that must not be shown, as it was entered.
fn secrets(session: &FlowSession) -> Vec<&str> {
    let now = session.sensitive.iter().filter_map(|name| session.variables.get(name));
    let all = session.secrets.iter().chain(now).map(String::as_str);
    // What was hidden already may be said; and a short value may be a part of a long one.
    let mut all: Vec<&str> = all.filter(|value| value.chars().any(|c| c != '*')).collect();
    all.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
    all.dedup();
    all
}

fn replace(text: &mut String, secrets: &[&str]) {
    if let Cow::Owned(shown) = hide(text, secrets) {
        *text = shown;
    }
}

fn hide<'a>(text: &'a str, secrets: &[&str]) -> Cow<'a, str> {
    let mut shown = Cow::Borrowed(text);
    for secret in secrets {
        let stars = "*".repeat(secret.chars().count());
        let encoded = crate::auction::percent_encoded(secret);
        for written in [*secret, encoded.as_ref()] {
            if shown.contains(written) {
                shown = Cow::Owned(shown.replace(written, &stars));
            }
        }
    }
    shown
}
