//! What a node works with: the call, its session, and the reply that grows from node to node.

use uuid::Uuid;

use super::act::{Act, Unsent};
use super::context::Context;
use super::text::Values;
use crate::call::{Delivery, Directive, FlowSession, NoRouteReason, Payload, Prompt, Question};
use crate::vocabulary::{Seed, limits};

/// What a node works with.
pub(crate) struct Desk<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) session: FlowSession,
    /// What is worth knowing of the node's run.
    pub(crate) note: Option<String>,
    /// Why nobody took the call, where a node says so.
    pub(crate) no_route: Option<NoRouteReason>,
    pub(super) directives: Vec<Directive>,
    pub(super) deliveries: Vec<Delivery>,
    /// Which node gave rise to each directive and delivery, in their order.
    pub(super) made: Vec<Made>,
    pub(super) reply_bytes: usize,
    /// How many pixels this event sends, and how many bytes they have.
    pixels: (usize, usize),
}

/// Something that a node gave rise to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Made {
    /// The node's id.
    pub(super) node: String,
    /// What it is; each kind is in the order of its own list.
    pub(super) what: What,
}

/// The two kinds of things that a reply is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Directive,
    Delivery,
}

impl<'a> Desk<'a> {
    /// An empty desk.
    pub(super) const fn new(context: Context<'a>, session: FlowSession) -> Self {
        Self {
            context,
            session,
            note: None,
            no_route: None,
            directives: Vec::new(),
            deliveries: Vec::new(),
            made: Vec::new(),
            reply_bytes: 0,
            pixels: (0, 0),
        }
    }
}

impl Desk<'_> {
    /// What texts are filled with.
    pub(crate) fn values(&self) -> Values<'_> {
        Values { context: &self.context, variables: &self.session.variables }
    }

    /// Has the caller hear something.
    pub(crate) fn tell(&mut self, prompt: Prompt) {
        self.reply_bytes += prompt_bytes(&prompt);
        self.add(prompt.into());
    }

    /// Has the carrier do something that is neither spoken nor asked.
    pub(crate) fn direct(&mut self, directive: Directive) {
        self.reply_bytes += DIRECTIVE_BYTES;
        self.add(directive);
    }

    /// Asks the caller; the question's step is given here.
    pub(crate) fn ask(&mut self, question: Question) -> Act {
        let step = self.next_step();
        let heard: usize = question.prompts.iter().map(prompt_bytes).sum();
        let hints: usize = question.hints.iter().map(|hint| escaped_in_attribute(hint)).sum();
        let language = question.language.as_ref().map_or(0, String::len);
        self.reply_bytes += DIRECTIVE_BYTES + heard + hints + language;
        self.add(Directive::Ask(Question { step, ..question }));
        Act::Wait
    }

    fn add(&mut self, directive: Directive) {
        self.directives.push(directive);
        self.made.push(Made { node: self.session.node.clone(), what: What::Directive });
    }

    /// The number of the next step that the carrier comes back with.
    pub(crate) fn next_step(&mut self) -> u32 {
        self.session.step = self.session.step.saturating_add(1);
        self.session.step
    }

    /// Whether the caller hears something before what is told next.
    pub(crate) const fn has_spoken(&self) -> bool {
        !self.directives.is_empty()
    }

    /// Sends a pixel once the step is saved, unless the event sends too many already.
    pub(crate) fn send(
        &mut self,
        name: &str,
        retries: u32,
        payload: Payload,
    ) -> Result<(), Unsent> {
        let bytes = match &payload {
            Payload::Http { url, body, .. } => name.len() + url.len() + body.len(),
            _ => name.len(),
        };
        let (count, total) = self.pixels;
        if count >= limits::FLOW_PIXELS {
            return Err(Unsent::TooMany);
        }
        if total + bytes > limits::FLOW_PIXELS_BYTES {
            return Err(Unsent::TooMuch);
        }
        self.pixels = (count + 1, total + bytes);
        self.deliver(name.to_owned(), retries, payload);
        Ok(())
    }

    /// Sends something once the step is saved. Its id is that of the visit and the place among the
    /// deliveries, so that handling the event again gives the same.
    pub(crate) fn deliver(&mut self, name: String, retries: u32, payload: Payload) {
        self.deliveries.push(Delivery { id: self.delivery_id(), name, retries, payload });
        self.made.push(Made { node: self.session.node.clone(), what: What::Delivery });
    }

    /// The id of the next delivery.
    pub(crate) fn delivery_id(&self) -> Uuid {
        let purpose = format!("delivery/{}", self.deliveries.len());
        let step = format!("flow/{}/{}", self.session.visits, self.session.step);
        Seed::derive(self.context.tenant, self.context.call, &step, &purpose).uuid()
    }

    /// Leaves out what no carrier would take any more.
    pub(super) fn cut_reply(&mut self) {
        self.directives.clear();
        self.made.retain(|made| made.what != What::Directive);
        self.reply_bytes = 0;
    }

    /// Leaves out what the carrier would have come back for.
    pub(super) fn take_back_question(&mut self) {
        if self.directives.pop_if(|directive| directive.is_last()).is_some()
            && let Some(at) = self.made.iter().rposition(|made| made.what == What::Directive)
        {
            self.made.remove(at);
        }
    }

    /// A text without what callers entered and nobody is to see.
    pub(super) fn hidden(&self, text: &str) -> String {
        super::secrets::hidden(text, &self.session)
    }
}

impl std::fmt::Debug for Desk<'_> {
    // What is said and sent is filled with what callers entered.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("session", &self.session).finish_non_exhaustive()
    }
}

/// What a directive takes in a carrier's document beside its texts: names, attributes, addresses.
const DIRECTIVE_BYTES: usize = 600;

fn prompt_bytes(prompt: &Prompt) -> usize {
    match prompt {
        Prompt::Say(speech) => {
            // A language tag may have any number of parts.
            let language = speech.language.as_ref().map_or(0, String::len);
            DIRECTIVE_BYTES / 2 + escaped(&speech.text) + language
        }
        Prompt::Play(sound) => DIRECTIVE_BYTES / 2 + escaped(&sound.url),
    }
}

/// How long a text becomes in a document, at the most: a character of markup has six bytes there, and
/// a carriage return is written as `&#xD;`.
fn escaped(text: &str) -> usize {
    let written = |byte: u8| match byte {
        b'&' | b'<' | b'>' | b'"' | b'\'' => 6,
        b'\r' => 5,
        _ => 1,
    };
    text.bytes().map(written).sum()
}

/// The same in an attribute, where tabs and line feeds are escaped as well.
fn escaped_in_attribute(text: &str) -> usize {
    let blanks = text.bytes().filter(|byte| matches!(byte, b'\t' | b'\n')).count();
    escaped(text) + 4 * blanks
}
