//! Enqueue: waiting, until an agent comes or the caller goes.

use callcore::call::CallStatus;

use super::{Place, Stage, Step};
use crate::phone::limits::MAX_QUEUE_SIZE;
use crate::phone::line::whole_seconds;
use crate::phone::machine::{CALLER, Machine, Over};
use crate::phone::report::{Event, Parting, Purpose, Sound};
use crate::phone::script::Agent;
use crate::{Enqueue, Form};

/// A queue with the caller in it, or before it.
#[derive(Debug)]
struct Waiting {
    sid: String,
    since_ms: u64,
    /// How many were there before.
    before: u32,
    max: u32,
}

impl Machine<'_> {
    pub(super) async fn enqueue(&mut self, place: Place<'_>, enqueue: &Enqueue) -> Step {
        let name = enqueue.workflow_sid.as_deref().unwrap_or(&enqueue.queue);
        let queue = self.script.queue(name);
        let waiting = Waiting {
            sid: self.sids.sid("QU"),
            since_ms: self.clock_ms,
            before: queue.map_or(0, |queue| queue.waiting),
            max: enqueue.max_queue_size.unwrap_or(MAX_QUEUE_SIZE),
        };
        let agent = queue.and_then(|queue| queue.agent);
        let (result, over) = if waiting.before >= waiting.max {
            ("queue-full", None)
        } else {
            let position = waiting.before + 1;
            self.note(Event::Queued { name: name.to_owned(), position });
            self.taken_ms = agent.map(|agent| self.clock_ms.saturating_add(agent.after_ms));
            let over = self.wait_in_queue(place, enqueue, &waiting).await;
            self.taken_ms = None;
            self.leave(name, agent, over)
        };
        let queue_secs = whole_seconds(self.clock_ms - waiting.since_ms);
        let details = Form::from_iter([
            ("QueueResult", result.to_owned()),
            ("QueueSid", waiting.sid),
            ("QueueTime", queue_secs.to_string()),
        ]);
        let action = enqueue.action.as_deref();
        let ask = action.map(|url| place.ask(Purpose::Enqueue, Some(url), enqueue.method, details));
        self.conclude(ask, CALLER, over).await
    }

    /// Lets the caller wait until something ends it.
    async fn wait_in_queue(
        &mut self,
        place: Place<'_>,
        enqueue: &Enqueue,
        waiting: &Waiting,
    ) -> Over {
        let Some(url) = enqueue.wait_url.as_deref().filter(|url| !url.is_empty()) else {
            return self.wait_with_music(enqueue.wait_url.is_none());
        };
        loop {
            let details = self.queue_parameters(waiting);
            let ask = place.ask(Purpose::Wait, Some(url), enqueue.wait_url_method, details);
            let ran = match self.document(CALLER, ask).await {
                Ok(document) => self.run(CALLER, Stage::Queue, document).await,
                Err(over) => Err(over),
            };
            if let Err(over) = ran {
                return over;
            }
        }
    }

    /// Lets the caller wait without any document, in silence or with Twilio's music.
    pub(super) fn wait_with_music(&mut self, plays: bool) -> Over {
        let heard = plays.then(|| self.hear(CALLER, Sound::Music, 1));
        let waited = self.pass(CALLER, u64::MAX);
        if let Some(heard) = heard {
            self.cut(heard);
        }
        // Time alone never ends it.
        waited.err().unwrap_or(Over::Hangup)
    }

    /// What the waiting came to, by the words of `QueueResult`, and whether the call is over.
    fn leave(
        &mut self,
        name: &str,
        agent: Option<Agent>,
        over: Over,
    ) -> (&'static str, Option<Over>) {
        match (over, agent) {
            (Over::Taken, Some(agent)) => {
                self.note(Event::Bridged { to: name.to_owned() });
                let talked = self.pass(CALLER, self.clock_ms.saturating_add(agent.talk_ms));
                let reason = if talked.is_ok() { Parting::Callee } else { Parting::Caller };
                self.note(Event::Parted { reason });
                ("bridged", talked.err())
            }
            (over, _) => {
                self.end(CALLER, CallStatus::Completed);
                (if over == Over::Failed { "error" } else { "hangup" }, Some(over))
            }
        }
    }

    /// What every request to `waitUrl` has
    /// (<https://www.twilio.com/docs/voice/twiml/enqueue#waiturl-request-parameters>)
    fn queue_parameters(&self, waiting: &Waiting) -> Form {
        let waited_secs = whole_seconds(self.clock_ms - waiting.since_ms).to_string();
        let position = (waiting.before + 1).to_string();
        Form::from_iter([
            ("QueuePosition", position.clone()),
            ("QueueSid", waiting.sid.clone()),
            ("QueueTime", waited_secs.clone()),
            ("AvgQueueTime", waited_secs),
            ("CurrentQueueSize", position),
            ("MaxQueueSize", waiting.max.to_string()),
        ])
    }
}
