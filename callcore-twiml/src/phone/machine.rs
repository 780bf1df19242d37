//! The state of a call and the one way in which its time goes by.

use callcore::call::CallStatus;

use super::fetch::Cookies;
use super::limits::MAX_CALL_MS;
use super::line::{Ended, Line, Person, Signal, whole_seconds};
use super::report::{Entry, Event, Heard, Manner, Party, Report, Sound, Warning};
use super::sid::Sids;
use super::{Phone, Script};
use crate::Form;

const API_VERSION: &str = "2010-04-01";

/// The index of a line.
pub(super) type LineId = usize;

/// The caller's own line.
pub(super) const CALLER: LineId = 0;

/// A call as it stands.
#[derive(Debug)]
pub(super) struct Machine<'a> {
    pub(super) phone: &'a Phone,
    pub(super) script: &'a Script,
    pub(super) clock_ms: u64,
    pub(super) sids: Sids,
    /// The caller's, and those of the callees in the order in which they were dialled.
    pub(super) lines: Vec<Line>,
    pub(super) cookies: Cookies,
    pub(super) entries: Vec<Entry>,
    /// When somebody takes the caller out of the queue, or the waiting in a conference ends.
    pub(super) taken_ms: Option<u64>,
    /// Whether a verb has run.
    pub(super) begun: bool,
    pub(super) documents: u32,
    pub(super) verbs: u32,
}

/// Why nothing more of a document runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// The callee hung up before the two were connected.
    CalleeGone,
    CallerGone,
    /// There was nothing to go on with.
    Failed,
    /// `<Hangup>`, or what amounts to it.
    Hangup,
    Rejected(CallStatus),
    /// The waiting in a queue or conference is over, as the script says.
    Taken,
}

/// Something that a verb can wait for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    Key(char),
    /// It begins now.
    Speech(super::Speech),
    /// Nothing came in time.
    Time,
}

impl<'a> Machine<'a> {
    pub(super) fn new(phone: &'a Phone, script: &'a Script) -> Self {
        let mut sids = Sids::new(phone.seed);
        let answers = script.acts.iter().filter(|act| act.at_ms.is_none());
        let mut person = Person::answering(answers.map(|act| act.input.clone()));
        for act in &script.acts {
            if let Some(at_ms) = act.at_ms {
                person.plan(at_ms, act.input.clone());
            }
        }
        let caller = Line {
            sid: sids.sid("CA"),
            parent: None,
            from: phone.from.clone(),
            to: phone.to.clone(),
            answered_ms: None,
            ended: None,
            person,
        };
        Self {
            phone,
            script,
            clock_ms: 0,
            sids,
            lines: vec![caller],
            cookies: Cookies::default(),
            entries: Vec::new(),
            taken_ms: None,
            begun: false,
            documents: 0,
            verbs: 0,
        }
    }

    /// The report, once everything is over.
    pub(super) fn into_report(mut self) -> Report {
        // Tries of one request are noted before what the caller did between them.
        self.entries.sort_by_key(|entry| entry.at_ms);
        let (from, to) = (self.phone.from.clone(), self.phone.to.clone());
        let call_sid = self.lines.swap_remove(CALLER).sid;
        Report { call_sid, from, to, entries: self.entries }
    }

    /// The parameters that every request for a line has.
    pub(super) fn parameters(&self, line: LineId) -> Form {
        let line = &self.lines[line];
        let direction = if line.parent.is_some() { "outbound-dial" } else { "inbound" };
        let mut form = Form::from_iter([
            ("CallSid", line.sid.as_str()),
            ("AccountSid", &self.phone.account_sid),
            ("From", &line.from),
            ("To", &line.to),
            ("Caller", &line.from),
            ("Called", &line.to),
            ("CallStatus", line.status().name()),
            ("ApiVersion", API_VERSION),
            ("Direction", direction),
        ]);
        match &line.parent {
            Some(parent) => form.push("ParentCallSid", parent),
            None => self.phone.parameters.iter().for_each(|(name, value)| form.push(name, value)),
        }
        form
    }

    /// Lets time go by until something arrives on a line, or until `until_ms`.
    ///
    /// Meanwhile the caller of another line's dial may hang up, or an agent may come.
    pub(super) fn wait(&mut self, line: LineId, until_ms: u64) -> Result<Arrival, Over> {
        let until_ms = until_ms.max(self.clock_ms);
        let limit_ms = self.taken_ms.unwrap_or(MAX_CALL_MS).min(until_ms).min(MAX_CALL_MS);
        loop {
            let next_ms = |line: LineId| self.lines[line].person.next_ms().unwrap_or(u64::MAX);
            let source = if next_ms(line) < next_ms(CALLER) { line } else { CALLER };
            let at_ms = next_ms(source);
            if at_ms > limit_ms {
                break;
            }
            self.clock_ms = self.clock_ms.max(at_ms);
            match self.lines[source].person.next() {
                Some(Signal::HungUp) if source == CALLER => return Err(self.caller_gone()),
                Some(Signal::HungUp) => {
                    let party = self.lines[source].party();
                    self.note(Event::HungUp { party });
                    return Err(Over::CalleeGone);
                }
                Some(Signal::Key(key)) if source == line => return Ok(Arrival::Key(key)),
                Some(Signal::Key(key)) => self.note_key(source, key, false),
                Some(Signal::Speech(speech)) if source == line => {
                    return Ok(Arrival::Speech(speech));
                }
                Some(Signal::Speech(speech)) => self.note_speech(source, &speech.text, false),
                None => {}
            }
        }
        self.clock_ms = self.clock_ms.max(limit_ms);
        if self.taken_ms.is_some_and(|taken_ms| taken_ms <= until_ms) {
            Err(Over::Taken)
        } else if limit_ms < until_ms {
            self.warn(None, "the call has lasted a day and is ended".to_owned());
            Err(self.caller_gone())
        } else {
            Ok(Arrival::Time)
        }
    }

    /// Lets time go by while nothing listens.
    pub(super) fn pass(&mut self, line: LineId, until_ms: u64) -> Result<(), Over> {
        loop {
            match self.wait(line, until_ms)? {
                Arrival::Key(key) => {
                    let kept = self.phone.keep_early_keys;
                    if kept {
                        self.lines[line].person.keep_key(key);
                    }
                    self.note_key(line, key, kept);
                }
                Arrival::Speech(speech) => self.note_speech(line, &speech.text, false),
                Arrival::Time => return Ok(()),
            }
        }
    }

    /// Lets somebody listen to a sound to its end.
    pub(super) fn play_out(
        &mut self,
        line: LineId,
        heard: usize,
        until_ms: u64,
    ) -> Result<(), Over> {
        let passed = self.pass(line, until_ms);
        if passed.is_err() {
            self.cut(heard);
        }
        passed
    }

    fn caller_gone(&mut self) -> Over {
        // An inbound call that nobody answered ends as one that nobody answered.
        let was_answered = self.lines[CALLER].answered_ms.is_some();
        let status = if was_answered { CallStatus::Completed } else { CallStatus::NoAnswer };
        self.note(Event::HungUp { party: Party::Caller });
        self.end(CALLER, status);
        Over::CallerGone
    }

    /// Answers the caller's call, if it still rings.
    pub(super) fn answer(&mut self) {
        if self.lines[CALLER].answered_ms.is_none() && self.lines[CALLER].ended.is_none() {
            self.lines[CALLER].answered_ms = Some(self.clock_ms);
            self.note(Event::Answered);
        }
    }

    /// Ends a line, unless it has ended.
    pub(super) fn end(&mut self, line: LineId, status: CallStatus) {
        let ended = Ended { at_ms: self.clock_ms, status };
        self.lines[line].ended.get_or_insert(ended);
    }

    /// Notes the end of the call.
    pub(super) fn note_end(&mut self) {
        let unasked = self.lines[CALLER].person.unasked();
        if unasked > 0 {
            self.warn(None, format!("nothing asked for {unasked} of the caller's answers"));
        }
        let status = self.lines[CALLER].status();
        let duration_secs = whole_seconds(self.lines[CALLER].talked_ms());
        self.note(Event::Ended { status, duration_secs });
    }

    pub(super) fn note(&mut self, event: Event) {
        self.note_at(self.clock_ms, event);
    }

    pub(super) fn note_at(&mut self, at_ms: u64, event: Event) {
        self.entries.push(Entry { at_ms, event });
    }

    pub(super) fn note_key(&mut self, line: LineId, key: char, taken: bool) {
        let party = self.lines[line].party();
        self.note(Event::Pressed { party, key, taken });
    }

    pub(super) fn note_speech(&mut self, line: LineId, text: &str, taken: bool) {
        let party = self.lines[line].party();
        self.note(Event::Spoke { party, text: text.to_owned(), taken });
    }

    /// Notes that somebody begins to hear something, and says where that stands.
    pub(super) fn hear(&mut self, line: LineId, sound: Sound, times: u64) -> usize {
        self.hear_as(line, sound, Manner::default(), times)
    }

    /// The same for something that is spoken in a manner of its own.
    pub(super) fn hear_as(
        &mut self,
        line: LineId,
        sound: Sound,
        manner: Manner,
        times: u64,
    ) -> usize {
        let party = self.lines[line].party();
        self.note(Event::Heard(Heard { party, sound, manner, times, cut: false }));
        self.entries.len() - 1
    }

    /// Notes that what begins at this place was cut.
    pub(super) fn cut(&mut self, heard: usize) {
        if let Some(Entry { event: Event::Heard(heard), .. }) = self.entries.get_mut(heard) {
            heard.cut = true;
        }
    }

    pub(super) fn warn(&mut self, code: Option<u32>, message: String) {
        self.note(Event::Warned(Warning { code, message }));
    }
}
