//! Turns what a flow and its caller do into entries of the transcript.

use super::Simulation;
use super::transcript::{EntryKind, TakenExit, TranscriptEntry, Who};
use crate::call::{CallerInput, Delivery, Directive, FlowSession, Payload, Prompt};
use crate::flow::desk::{Made, What};
use crate::flow::run::Run;
use crate::flow::secrets::hidden;

/// What an entry or an exit takes beside its text.
const ENTRY_BYTES: usize = 200;

impl<'a> Simulation<'a> {
    /// Takes what came of an event into the transcript.
    pub(super) fn take(&mut self, run: Run<'a>) -> (FlowSession, Option<Directive>) {
        let (turn, made) = run.finish_in_order();
        for run in turn.nodes {
            if let Some(exit) = run.exit {
                self.told_bytes += ENTRY_BYTES + run.note.as_ref().map_or(0, String::len);
                self.exits.push(TakenExit { node_id: run.node, exit, note: run.note });
            }
        }
        let (mut directives, mut deliveries) = (turn.directives.iter(), turn.deliveries.iter());
        for Made { node, what } in made {
            let entry = match what {
                What::Directive => directives.next().and_then(|made| self.heard(made, &node)),
                What::Delivery => deliveries.next().and_then(|made| self.sent(made, &node)),
            };
            if let Some(entry) = entry {
                let text = entry.text.map(|text| hidden(&text, &turn.session));
                self.told_bytes += ENTRY_BYTES + text.as_ref().map_or(0, String::len);
                self.entries.push(TranscriptEntry { text, ..entry });
            }
        }
        (turn.session, turn.directives.into_iter().next_back())
    }

    fn heard(&self, directive: &Directive, node: &str) -> Option<TranscriptEntry> {
        let (kind, text, seconds) = match directive {
            Directive::Say(speech) => (EntryKind::Say, Some(speech.text.clone()), None),
            Directive::Play(sound) => (EntryKind::Play, Some(sound.url.clone()), None),
            Directive::Ask(question) => {
                let words: Vec<&str> = question.prompts.iter().map(prompted).collect();
                (EntryKind::Ask, Some(words.join(" ")), Some(question.timeout_secs))
            }
            Directive::Record(message) => (EntryKind::Record, None, Some(message.max_length_secs)),
            Directive::Enqueue(queue) => (EntryKind::Queue, Some(queue.queue.clone()), None),
            Directive::Hangup => (EntryKind::Hangup, None, None),
            Directive::Confer(_) | Directive::Dial(_) | Directive::Continue { .. } => return None,
        };
        let entry = self.entry(Who::System, kind, node);
        Some(TranscriptEntry { text, seconds, ..entry })
    }

    fn sent(&self, delivery: &Delivery, node: &str) -> Option<TranscriptEntry> {
        let Payload::Http { url, .. } = &delivery.payload else { return None };
        let entry = self.entry(Who::System, EntryKind::Pixel, node);
        let text = Some(delivery.name.clone());
        Some(TranscriptEntry { text: text.map(|name| format!("{name}: {url}")), ..entry })
    }

    /// Notes what the caller did.
    pub(super) fn told(
        &mut self,
        session: &FlowSession,
        input: &CallerInput,
        seconds: Option<u32>,
    ) {
        let masked = self.program.is_sensitive(&session.node);
        let shown = if masked { input.masked() } else { input.clone() };
        let (kind, text) = match shown {
            CallerInput::Keys { digits } => (EntryKind::Keys, Some(digits)),
            CallerInput::Speech { text, .. } => (EntryKind::Speech, Some(text)),
            CallerInput::Recorded(_) => (EntryKind::Record, None),
            CallerInput::Silence | CallerInput::LeftQueue { .. } | CallerInput::Returned => {
                (EntryKind::Silence, None)
            }
        };
        let entry = self.entry(Who::Caller, kind, &session.node);
        self.entries.push(TranscriptEntry { text, seconds, ..entry });
    }

    pub(super) fn entry(&self, who: Who, kind: EntryKind, node: &str) -> TranscriptEntry {
        TranscriptEntry::new(self.context.now, who, kind, node)
    }
}

fn prompted(prompt: &Prompt) -> &str {
    match prompt {
        Prompt::Say(speech) => &speech.text,
        Prompt::Play(sound) => &sound.url,
    }
}
