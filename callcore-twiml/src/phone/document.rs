//! From an answer to what a call does with it.

use url::Url;

use super::fetch::{Answer, Failure};
use crate::{Hangup, ParseErrorKind, Response, Say, Verb};

/// Something that a call can run.
#[derive(Debug)]
pub(super) struct Document {
    /// What relative URLs in it are relative to.
    pub(super) url: Url,
    pub(super) content: Content,
}

/// What a document consists of.
#[derive(Debug)]
pub(super) enum Content {
    /// A sound, which is played; then the call ends.
    Sound,
    Verbs(Vec<Verb>),
}

impl Document {
    /// Reads an answer by its content type
    /// (<https://www.twilio.com/docs/voice/twiml#twilio-understands-mime-types>).
    pub(super) fn read(answer: &Answer) -> Result<Self, Failure> {
        let failed = |code, reason: &str| Failure::new(code, answer.url.as_str(), reason);
        let media_type = media_type(answer);
        let content = if media_type.starts_with("audio/") {
            Content::Sound
        } else if answer.body.iter().all(u8::is_ascii_whitespace) {
            return Err(failed(11770, "the document is empty"));
        } else {
            let text = || {
                str::from_utf8(&answer.body).map_err(|_| failed(12100, "the document is not UTF-8"))
            };
            match media_type.as_str() {
                "text/xml" | "application/xml" | "text/html" => Content::Verbs(
                    Response::parse(text()?)
                        .map_err(|error| failed(code(&error.kind), &error.to_string()))?
                        .verbs,
                ),
                "text/plain" => Content::Verbs(plain(text()?)),
                "" => return Err(failed(12300, "the answer has no content type")),
                other => {
                    let reason = format!("the content type {other:?} is not understood");
                    return Err(failed(12300, &reason));
                }
            }
        };
        Ok(Self { url: answer.url.clone(), content })
    }

    /// Which verbs can never run, or hardly ever.
    pub(super) fn unreachable(&self) -> Option<String> {
        let Content::Verbs(verbs) = &self.content else { return None };
        let (index, why) = verbs.iter().enumerate().find_map(|(index, verb)| {
            let why = match verb {
                Verb::Dial(dial) => dial.action.as_ref().map(|_| "a <Dial> with an action"),
                Verb::Enqueue(enqueue) => {
                    enqueue.action.as_ref().map(|_| "an <Enqueue> with an action")
                }
                Verb::Hangup(_) => Some("a <Hangup>"),
                Verb::Redirect(_) => Some("a <Redirect>"),
                Verb::Reject(_) => Some("a <Reject>"),
                // What follows these runs when the caller does nothing, or in any case.
                Verb::Gather(_)
                | Verb::Pause(_)
                | Verb::Play(_)
                | Verb::Record(_)
                | Verb::Say(_) => None,
            };
            why.map(|why| (index, why))
        })?;
        let unreachable = verbs.len() - index - 1;
        (unreachable > 0).then(|| {
            let url = &self.url;
            format!("{url}: nothing after {why} runs; unreachable verbs: {unreachable}")
        })
    }
}

/// Whether an answer to a status callback is one that Twilio does not complain about.
pub(super) fn is_quiet(answer: &Answer) -> bool {
    let is_xml = matches!(media_type(answer).as_str(), "text/xml" | "application/xml");
    let is_empty = || {
        let text = str::from_utf8(&answer.body).ok();
        text.is_some_and(|text| {
            Response::parse(text).is_ok_and(|response| response.verbs.is_empty())
        })
    };
    answer.status == 204 || (is_xml && is_empty())
}

fn media_type(answer: &Answer) -> String {
    let essence = answer.content_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// Plain text is TwiML if it can be, and else read aloud.
fn plain(text: &str) -> Vec<Verb> {
    match Response::parse(text) {
        Ok(response) => response.verbs,
        Err(_) => vec![Say::new(text).into(), Hangup::default().into()],
    }
}

/// Twilio's code for a document that cannot be read.
fn code(kind: &ParseErrorKind) -> u32 {
    match kind {
        ParseErrorKind::TooLarge { .. } => 11750,
        ParseErrorKind::Doctype
        | ParseErrorKind::IllegalCharacter
        | ParseErrorKind::Malformed { .. }
        | ParseErrorKind::NoRoot
        | ParseErrorKind::TooDeep { .. }
        | ParseErrorKind::UnknownEntity { .. } => 12100,
        ParseErrorKind::Root { .. } => 12102,
        ParseErrorKind::Invalid { .. }
        | ParseErrorKind::Misplaced { .. }
        | ParseErrorKind::UnexpectedText { .. }
        | ParseErrorKind::UnknownAttribute { .. }
        | ParseErrorKind::UnknownElement { .. }
        | ParseErrorKind::WrongValue { .. } => 12200,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content_type: &str, body: &str) -> Result<Content, u32> {
        let answer = Answer {
            url: Url::parse("https://h/a").unwrap(),
            status: 200,
            content_type: content_type.to_owned(),
            body: body.as_bytes().to_vec(),
        };
        Document::read(&answer).map(|document| document.content).map_err(|failure| failure.code)
    }

    #[test]
    fn the_content_type_decides() {
        let xml = "<Response><Hangup/></Response>";
        for content_type in
            ["text/xml", "Application/XML; charset=utf-8", "text/html", "text/plain"]
        {
            let content = read(content_type, xml);
            assert!(matches!(content, Ok(Content::Verbs(verbs)) if verbs.len() == 1));
        }
        assert!(matches!(read("audio/mpeg", ""), Ok(Content::Sound)));
        let Ok(Content::Verbs(verbs)) = read("text/plain", "Hello <you>") else { panic!() };
        assert_eq!(verbs, [Say::new("Hello <you>").into(), Hangup::default().into()]);
    }

    #[test]
    fn what_cannot_be_read_has_a_code() {
        for (content_type, body, code) in [
            ("", "<Response/>", 12300),
            ("application/json", "{}", 12300),
            ("text/xml", " \n", 11770),
            ("text/xml", "<Response>", 12100),
            ("text/xml", "<!-- -->", 12100),
            ("text/xml", "<Resp/>", 12102),
            ("text/xml", "<Response><Connect/></Response>", 12200),
            ("text/xml", r#"<Response><Say x="1">a</Say></Response>"#, 12200),
        ] {
            assert_eq!(read(content_type, body).unwrap_err(), code, "{body}");
        }
    }

    #[test]
    fn verbs_that_cannot_run_are_counted() {
        let document = |xml: &str| {
            let verbs = Response::parse(&format!("<Response>{xml}</Response>")).unwrap().verbs;
            let url = Url::parse("https://h/a").unwrap();
            Document { url, content: Content::Verbs(verbs) }
        };
        for quiet in [
            "<Redirect>/b</Redirect>",
            "<Dial>+1</Dial><Say>x</Say>",
            "<Gather/><Say>x</Say><Hangup/>",
            "<Record/><Redirect>/b</Redirect>",
        ] {
            assert_eq!(document(quiet).unreachable(), None, "{quiet}");
        }
        let warned = document("<Say>x</Say><Redirect>/b</Redirect><Say>y</Say><Pause/>");
        let expected = "https://h/a: nothing after a <Redirect> runs; unreachable verbs: 2";
        assert_eq!(warned.unreachable().as_deref(), Some(expected));
        assert!(document(r#"<Dial action="/d">+1</Dial><Say>y</Say>"#).unreachable().is_some());
    }
}
