//! How documents are had, run and given up.

use std::pin::Pin;

use callcore::call::CallStatus;
use chrono::{DateTime, Utc};

use super::document::{Content, Document, is_quiet};
use super::fetch::{Ask, Failure};
use super::limits::{APPLICATION_ERROR, MAX_DOCUMENTS, MAX_VERBS};
use super::line::whole_seconds;
use super::machine::{CALLER, LineId, Machine, Over};
use super::report::{Purpose, Report, Sound};
use super::verb::{Next, Place, Stage, say_ms};
use crate::{Form, Verb};

/// A future that runs a document, which may run further ones.
type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Over>> + Send + 'a>>;

impl Machine<'_> {
    /// Plays the whole call.
    pub(super) async fn play(mut self) -> Report {
        let phone = self.phone;
        let first = Ask {
            purpose: Purpose::Voice,
            url: &phone.voice_url,
            base: None,
            method: phone.voice_method,
            details: Form::new(),
            standard: None,
        };
        let end = match self.document(CALLER, first).await {
            Ok(document) => self.run(CALLER, Stage::Call, document).await,
            Err(over) => Err(over),
        };
        let status = match end {
            Err(Over::Rejected(status)) => status,
            _ => {
                if !self.begun {
                    self.answer();
                }
                let was_answered = self.lines[CALLER].answered_ms.is_some();
                if was_answered { CallStatus::Completed } else { CallStatus::NoAnswer }
            }
        };
        self.end(CALLER, status);
        self.note_end();
        if let Some(url) = &phone.status_callback {
            let details = self.progress(CALLER, 0);
            let (purpose, method) = (Purpose::CallStatus, phone.status_callback_method);
            self.notify(CALLER, Ask { purpose, url, base: None, method, details, standard: None })
                .await;
        }
        self.into_report()
    }

    /// What status callbacks have beyond the parameters of every request
    /// (<https://www.twilio.com/docs/voice/api/call-resource#statuscallback>).
    pub(super) fn progress(&self, line: LineId, sequence_number: u32) -> Form {
        let line = &self.lines[line];
        let mut form = Form::new();
        if line.status().is_final() {
            let seconds = whole_seconds(line.talked_ms());
            form.push("CallDuration", seconds.to_string());
            form.push("Duration", seconds.div_ceil(60).to_string());
        }
        form.push("Timestamp", self.timestamp());
        form.push("CallbackSource", "call-progress-events");
        form.push("SequenceNumber", sequence_number.to_string());
        form
    }

    /// The virtual time as Twilio writes it.
    pub(super) fn timestamp(&self) -> String {
        self.instant(self.clock_ms).to_rfc2822()
    }

    /// The time of day, so many milliseconds after the first ring.
    pub(super) fn instant(&self, after_ms: u64) -> DateTime<Utc> {
        let passed = chrono::Duration::milliseconds(i64::try_from(after_ms).unwrap_or(0));
        self.phone.started_at.checked_add_signed(passed).unwrap_or_default()
    }

    /// Has a document for a line, from the fallback URL if need be.
    pub(super) async fn document(&mut self, line: LineId, ask: Ask<'_>) -> Result<Document, Over> {
        let failure = match self.fetch(line, &ask).await? {
            Ok(document) => return Ok(document),
            Err(failure) => failure,
        };
        let phone = self.phone;
        if let Some(url) = phone.fallback_url.as_deref().filter(|_| line == CALLER) {
            let code = failure.code.to_string();
            let details = Form::from_iter([("ErrorCode", code), ("ErrorUrl", failure.url)]);
            let (purpose, method) = (Purpose::Fallback, phone.fallback_method);
            let ask = Ask { purpose, url, base: None, method, details, standard: None };
            if let Ok(document) = self.fetch(line, &ask).await? {
                return Ok(document);
            }
        }
        self.apologise(line)
    }

    /// Tells that nothing more can be done, and ends the call.
    fn apologise<T>(&mut self, line: LineId) -> Result<T, Over> {
        if line == CALLER {
            self.answer();
            self.begun = true;
        }
        let heard = self.hear(line, Sound::Text(APPLICATION_ERROR.to_owned()), 1);
        self.play_out(line, heard, self.clock_ms + say_ms(APPLICATION_ERROR))?;
        Err(Over::Failed)
    }

    async fn fetch(
        &mut self,
        line: LineId,
        ask: &Ask<'_>,
    ) -> Result<Result<Document, Failure>, Over> {
        self.documents += 1;
        if self.documents > MAX_DOCUMENTS {
            self.warn(None, format!("the call ran {MAX_DOCUMENTS} documents and is ended"));
            return self.apologise(line);
        }
        let delivery = self.send(line, ask).await;
        self.pass(line, self.clock_ms.saturating_add(delivery.elapsed_ms))?;
        let document = delivery.answer.and_then(|answer| Document::read(&answer));
        if let Err(failure) = &document {
            self.warn_of(failure);
        }
        Ok(document)
    }

    fn warn_of(&mut self, failure: &Failure) {
        self.warn(Some(failure.code), format!("{}: {}", failure.url, failure.reason));
    }

    /// Makes a request whose answer changes nothing, and which takes none of the call's time.
    pub(super) async fn notify(&mut self, line: LineId, ask: Ask<'_>) {
        match self.send(line, &ask).await.answer {
            Ok(answer) if !ask.purpose.is_control() && !is_quiet(&answer) => {
                let message = "a callback is answered by 204, or by XML with an empty <Response>";
                self.warn(None, format!("{}: {message}", answer.url));
            }
            Ok(_) => {}
            Err(failure) => self.warn_of(&failure),
        }
    }

    /// Runs a document, and those that replace it, to the end of the last.
    pub(super) fn run(&mut self, line: LineId, stage: Stage, document: Document) -> Running<'_> {
        Box::pin(async move {
            let mut document = document;
            loop {
                match self.run_one(line, stage, &document).await? {
                    Some(next) => document = next,
                    None => return Ok(()),
                }
            }
        })
    }

    async fn run_one(
        &mut self,
        line: LineId,
        stage: Stage,
        document: &Document,
    ) -> Result<Option<Document>, Over> {
        if let Some(message) = document.unreachable() {
            self.warn(None, message);
        }
        let Content::Verbs(verbs) = &document.content else {
            self.answer_for(stage, None);
            let url = document.url.as_str();
            let heard = self.hear(line, Sound::File(url.to_owned()), 1);
            self.play_out(line, heard, self.clock_ms.saturating_add(self.phone.sound_ms(url)))?;
            return Err(Over::Hangup);
        };
        let place = Place { line, stage, document };
        for verb in verbs {
            self.count_verb(line)?;
            self.answer_for(stage, Some(verb));
            let next = self.execute(place, verb).await?;
            if stage == Stage::Call {
                self.begun = true;
            }
            if let Next::Document(document) = next {
                return Ok(Some(document));
            }
        }
        Ok(None)
    }

    /// Counts a verb that is about to run, or a prompt of a `<Gather>`.
    pub(super) fn count_verb(&mut self, line: LineId) -> Result<(), Over> {
        self.verbs += 1;
        if self.verbs <= MAX_VERBS {
            return Ok(());
        }
        self.warn(None, format!("the call ran {MAX_VERBS} verbs and is ended"));
        self.apologise(line)
    }

    /// Answers the caller's call before a verb, unless that verb leaves it ringing.
    fn answer_for(&mut self, stage: Stage, verb: Option<&Verb>) {
        let rings_on = match verb {
            Some(Verb::Dial(dial)) => dial.answer_on_bridge == Some(true),
            Some(Verb::Pause(_)) => !self.begun,
            Some(Verb::Reject(_)) => true,
            _ => false,
        };
        if stage == Stage::Call && !rings_on {
            self.answer();
        }
    }
}
