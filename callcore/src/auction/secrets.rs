//! Words that prove who asks, and how they are kept out of whatever is logged or shown. Bidders repeat
//! what they were sent, and not always as it stood there.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::template::{percent_encoded, xml_escaped};
use crate::model::TargetAuth;
use crate::vocabulary::limits;

/// What stands where a secret stood.
pub(super) const REDACTED: &str = "[redacted]";

/// A shorter word, in bytes, is not looked for: it stands in every other answer.
const SHORTEST: usize = 4;

/// What must not be kept of the answers of a target with this credential, in every form.
pub(super) fn of(auth: &TargetAuth) -> Arc<[String]> {
    let forms = match auth {
        TargetAuth::None => Vec::new(),
        TargetAuth::ApiKey { key: secret, .. }
        | TargetAuth::Bearer { token: secret }
        | TargetAuth::Hmac { secret, .. } => forms([secret.as_str()]),
        TargetAuth::Basic { username, password } => {
            let pair = format!("{username}:{password}");
            // Some know us by a key in the place of the user name, and nothing else.
            let secret = if password.is_empty() { username } else { password };
            forms([secret.as_str(), &pair])
        }
    };
    forms.into()
}

/// A value that is kept without these words; `None` where it needed them to be what it is.
pub(super) fn redacted<T: Serialize + DeserializeOwned>(value: T, words: &[&str]) -> Option<T> {
    let Ok(mut document) = serde_json::to_value(&value) else { return Some(value) };
    let words: Vec<&str> = words.iter().copied().filter(|word| !word.is_empty()).collect();
    if !blot_out(&mut document, &words) {
        return Some(value);
    }
    serde_json::from_value(document).ok()
}

/// Whether there was anything to blot out.
fn blot_out(value: &mut Value, words: &[&str]) -> bool {
    match value {
        Value::String(text) => {
            let was_cut = text.chars().count() >= limits::REASON_CHARACTERS;
            let mut hidden = without(text.clone(), words, REDACTED);
            if was_cut {
                hidden = without_cut(hidden, words, REDACTED);
            }
            let found = hidden != *text;
            *text = hidden;
            found
        }
        Value::Array(values) => {
            values.iter_mut().fold(false, |any, value| blot_out(value, words) | any)
        }
        Value::Object(members) => {
            members.values_mut().fold(false, |any, value| blot_out(value, words) | any)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// These words in every form in which an answer may hold them, the longest first: as they are, in
/// base64, percent-encoded, and escaped for JSON and XML.
fn forms<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut forms: Vec<String> = Vec::new();
    for secret in secrets.into_iter().filter(|secret| secret.len() >= SHORTEST) {
        let percent = percent_encoded(secret);
        let json = in_json(secret);
        forms.extend([
            secret.to_owned(),
            // Without the padding, which is not always written.
            STANDARD_NO_PAD.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
            lower_escapes(&percent),
            percent.replace("%20", "+"),
            percent,
            json.replace('/', "\\/"),
            ascii(&json).replace('/', "\\/"),
            ascii(&json),
            json,
            xml_escaped(secret),
        ]);
    }
    forms.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    forms.dedup();
    forms
}

/// The text with these words blotted out.
pub(super) fn without(text: String, words: &[&str], mark: &str) -> String {
    let words = words.iter().filter(|word| !word.is_empty());
    words.fold(
        text,
        |text, word| if text.contains(*word) { text.replace(*word, mark) } else { text },
    )
}

/// The text without the beginning of one of these words at its end, where it was cut.
fn without_cut(text: String, words: &[&str], mark: &str) -> String {
    let begun = |word: &&str| {
        let ends = (SHORTEST..word.len()).rev().filter(|end| word.is_char_boundary(*end));
        ends.into_iter().find(|end| text.ends_with(&word[..*end]))
    };
    match words.iter().filter_map(begun).max() {
        Some(length) => format!("{}{mark}", &text[..text.len() - length]),
        None => text,
    }
}

/// The inside of a JSON string.
fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Escapes what is no ASCII, as some writers of JSON do.
fn ascii(json: &str) -> String {
    let mut units = [0; 2];
    let escaped = |unit: &mut u16| format!("\\u{unit:04x}");
    let escape = |c: char| match c {
        c if c.is_ascii() => c.to_string(),
        c => c.encode_utf16(&mut units).iter_mut().map(escaped).collect(),
    };
    json.chars().map(escape).collect()
}

/// `%3A` as `%3a`.
fn lower_escapes(encoded: &str) -> String {
    let mut digits = 0;
    let lower = |c: char| {
        let in_escape = digits > 0;
        digits = if c == '%' { 2 } else { usize::saturating_sub(digits, 1) };
        if in_escape { c.to_ascii_lowercase() } else { c }
    };
    encoded.chars().map(lower).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(secret: &str, text: &str) -> String {
        let forms = forms([secret]);
        let words: Vec<&str> = forms.iter().map(String::as_str).collect();
        without(text.to_owned(), &words, "*")
    }

    #[test]
    fn a_secret_is_found_in_every_form() {
        let secret = "a:b/c+d é\"&😀";
        for form in [
            "a:b/c+d é\"&😀",
            // printf 'a:b/c+d é"&😀' | base64
            "YTpiL2MrZCDDqSIm8J+YgA",
            "YTpiL2MrZCDDqSIm8J-YgA",
            "a%3Ab%2Fc%2Bd%20%C3%A9%22%26%F0%9F%98%80",
            "a%3ab%2fc%2bd%20%c3%a9%22%26%f0%9f%98%80",
            "a%3Ab%2Fc%2Bd+%C3%A9%22%26%F0%9F%98%80",
            "a:b/c+d é\\\"&😀",
            "a:b\\/c+d é\\\"&😀",
            "a:b/c+d \\u00e9\\\"&\\ud83d\\ude00",
            "a:b\\/c+d \\u00e9\\\"&\\ud83d\\ude00",
            "a:b/c+d é&quot;&amp;😀",
        ] {
            assert_eq!(hidden(secret, &format!("<{form}>")), "<*>", "{form}");
        }
        assert_eq!(hidden(secret, "YTpiL2MrZCDDqSIm8J+YgA=="), "*==");
        assert_eq!(hidden(secret, "a:b/c"), "a:b/c");
    }

    #[test]
    fn every_kind_of_credential_is_hidden_in_what_a_bidder_repeats() {
        use crate::auction::{AnswerRecord, Confirmation, Declined, Reply, Unanswered};
        let basic = r#"{"type":"basic","username":"user","password":"hunter2"}"#;
        let keyed = r#"{"type":"basic","username":"hunter2","password":""}"#;
        for (auth, sent, echoes) in [
            // printf 'user:hunter2' | base64; printf 'hunter2' | base64
            (
                basic,
                "Basic dXNlcjpodW50ZXIy",
                &["user:hunter2", "hunter2", "dXNlcjpodW50ZXIy", "aHVudGVyMg", "user%3Ahunter2"][..],
            ),
            (keyed, "Basic aHVudGVyMjo=", &["hunter2", "aHVudGVyMjo"]),
            (r#"{"type":"bearer","token":"s/cret"}"#, "Bearer s/cret", &["s/cret", r"s\/cret"]),
            (
                r#"{"type":"api_key","key":"s<cret"}"#,
                "s<cret",
                &["s<cret", "s&lt;cret", "s%3ccret"],
            ),
            (r#"{"type":"hmac","secret":"hunter2"}"#, "t=1,v1=c43a", &["hunter2", "c43a"]),
        ] {
            let auth: TargetAuth = serde_json::from_str(auth).unwrap();
            let request = crate::auction::BidRequest {
                method: crate::model::HttpMethod::Get,
                url: "https://bid.example.com/".to_owned(),
                headers: Vec::new(),
                credential: Some(("X-Any".to_owned(), sent.to_owned())),
                secrets: of(&auth),
                body: String::new(),
                timeout_ms: 1,
            };
            let words = request.secrets();
            let whole = AnswerRecord::of(200, sent.as_bytes(), &words).body;
            assert!(echoes.iter().all(|echo| !whole.contains(echo)), "{whole}");
            for echo in echoes {
                let answer = AnswerRecord::of(200, format!("[{echo}]").as_bytes(), &words);
                assert_eq!(answer.body, "[…]", "{echo}");
                let told = format!("[{echo}]");
                let reply = Reply::from(Unanswered::NotHttp { error: told.clone() });
                let expected = Unanswered::NotHttp { error: "[[redacted]]".to_owned() };
                assert_eq!(reply.redacted(&words), Reply::from(expected), "{echo}");
                let refused = |reason: String| {
                    Confirmation::Refused(Declined { word: None, reason: Some(reason) })
                };
                let expected = refused("[[redacted]]".to_owned());
                assert_eq!(refused(told).redacted(&words), expected, "{echo}");
            }
        }
        assert!(of(&TargetAuth::None).is_empty());
    }

    #[test]
    fn a_secret_in_a_confirmed_destination_is_no_destination() {
        use crate::auction::{Confirmation, Failure};
        let confirmed = Confirmation::Confirmed("sip:hunter2@example.com".parse().unwrap());
        let value = Some(REDACTED.to_owned());
        let failed = Confirmation::Failed(Failure::InvalidDestination { value });
        assert_eq!(confirmed.clone().redacted(&["hunter2"]), failed);
        assert_eq!(confirmed.clone().redacted(&["other"]), confirmed);
    }

    #[test]
    fn a_reason_that_was_shortened_holds_no_half_of_a_secret() {
        let told = format!("{}hunt", "x".repeat(limits::REASON_CHARACTERS - 4));
        let kept = redacted(told.clone(), &["hunter2"]).unwrap();
        assert_eq!(kept, told.replace("hunt", REDACTED));
        // What was not shortened says what it says.
        assert_eq!(redacted("hunt".to_owned(), &["hunter2"]).unwrap(), "hunt");
    }

    #[test]
    fn what_is_too_short_to_be_a_secret_stays() {
        assert_eq!(hidden("abc", "abc YWJj"), "abc YWJj");
        assert_eq!(hidden("", "text"), "text");
        assert_eq!(hidden("abcd", "abcd YWJjZA=="), "* *==");
    }

    #[test]
    fn a_secret_that_was_cut_in_two_is_found_at_the_end() {
        let cut = |text: &str| without_cut(text.to_owned(), &["hunter2", "hush"], "*");
        assert_eq!(cut("said hunt"), "said *");
        assert_eq!(cut("said hunter"), "said *");
        assert_eq!(cut("said hun"), "said hun");
        assert_eq!(cut("hunter said"), "hunter said");
        assert_eq!(without_cut("éé".to_owned(), &["éééé"], "*"), "*");
    }
}
