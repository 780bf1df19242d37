//! What each verb does: a file per verb, or per few that are alike.

mod conference;
mod dial;
mod enqueue;
mod gather;
mod over;
mod record;
mod sound;

pub(super) use sound::say_ms;

use super::document::Document;
use super::fetch::Ask;
use super::machine::{LineId, Machine, Over};
use super::report::Purpose;
use crate::{Form, Method, Verb};

/// What comes after a verb.
#[derive(Debug)]
pub(super) enum Next {
    Document(Document),
    Verb,
}

pub(super) type Step = Result<Next, Over>;

/// For whom a document runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Call,
    /// The caller waits in a queue.
    Queue,
    /// A callee is told something before being connected.
    Whisper,
}

/// Where a verb runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) line: LineId,
    pub(super) stage: Stage,
    pub(super) document: &'a Document,
}

impl<'a> Place<'a> {
    /// A request to a URL that stands in the document; the default is the document's own.
    fn ask(
        self,
        purpose: Purpose,
        url: Option<&'a str>,
        method: Option<Method>,
        details: Form,
    ) -> Ask<'a> {
        let own = &self.document.url;
        let url = url.unwrap_or(own.as_str());
        Ask { purpose, url, base: Some(own), method, details, standard: None }
    }
}

impl Machine<'_> {
    /// Runs one verb.
    pub(super) async fn execute(&mut self, place: Place<'_>, verb: &Verb) -> Step {
        match verb {
            Verb::Gather(gather) => self.gather(place, gather).await,
            Verb::Hangup(_) => Err(Over::Hangup),
            Verb::Pause(pause) => self.pause(place, pause),
            Verb::Play(play) => self.play_sound(place, play).await,
            Verb::Redirect(redirect) => self.redirect(place, redirect).await,
            Verb::Say(say) => self.say(place, say),
            Verb::Dial(_) | Verb::Enqueue(_) | Verb::Record(_) | Verb::Reject(_)
                if place.stage != Stage::Call =>
            {
                let url = &place.document.url;
                let message = format!(
                    "{url}: only Gather, Hangup, Pause, Play, Redirect and Say are allowed here"
                );
                self.warn(Some(12200), message);
                Ok(Next::Verb)
            }
            Verb::Dial(dial) => self.dial(place, dial).await,
            Verb::Enqueue(enqueue) => self.enqueue(place, enqueue).await,
            Verb::Record(record) => self.record(place, record).await,
            Verb::Reject(reject) => self.reject(reject),
        }
    }

    /// What comes after a verb that had something to tell: its `action`, if there is one, and the
    /// next verb else. Nobody runs the answer once the call is over.
    async fn conclude(&mut self, ask: Option<Ask<'_>>, line: LineId, over: Option<Over>) -> Step {
        match (ask, over) {
            (Some(ask), None) => self.document(line, ask).await.map(Next::Document),
            (Some(ask), Some(over)) => {
                self.notify(line, ask).await;
                Err(over)
            }
            (None, None) => Ok(Next::Verb),
            (None, Some(over)) => Err(over),
        }
    }
}
