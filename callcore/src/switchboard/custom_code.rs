//! Custom code of a flow, and the time that all of it has in one event.

use std::pin::pin;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::{Either, select};
use serde_json::Value;

use super::handle::Switchboard;
use crate::vocabulary::{TenantId, limits};

/// After so much of it, bidders would no longer have the time that a campaign gives them.
const LATE_AFTER: Duration = Duration::from_millis(500);

/// After so much of an event, in an auction for instance, what is left of the carrier's patience is too
/// short for all the time that custom code has and for saving the step.
const EVENT_IS_LATE_AFTER: Duration = Duration::from_secs(5);

/// The time that custom code took in one event.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ScriptTime(Duration);

impl ScriptTime {
    const ALL: Duration = Duration::from_millis(limits::FLOW_SCRIPT_MS);

    fn left(self) -> Duration {
        Self::ALL.saturating_sub(self.0)
    }

    /// Whether an auction should rather be held in a step of its own, with a deadline of its own.
    pub(super) fn is_late(self) -> bool {
        self.0 >= LATE_AFTER
    }

    /// Whether the event took so long with other things that custom code should rather run in a step of
    /// its own, with a deadline of its own.
    pub(super) fn begins_late(self, event_took: TimeDelta) -> bool {
        let event_took = event_took.to_std().unwrap_or_default();
        event_took.saturating_sub(self.0) >= EVENT_IS_LATE_AFTER
    }
}

impl Switchboard {
    /// Runs custom code in what is left of the event's time. An error is a sentence for people.
    pub(super) async fn run_code(
        &self,
        tenant: TenantId,
        code: &str,
        call: &Value,
        time: &mut ScriptTime,
    ) -> Result<bool, String> {
        let left = time.left();
        if left.is_zero() {
            return Err(no_time_left());
        }
        let clock = &self.ports.clock;
        let began = clock.monotonic();
        let run = pin!(self.ports.script.run(tenant, code, call));
        let over = pin!(clock.sleep_until(began + left));
        // Code that is left behind is stopped by whoever runs it.
        match select(run, over).await {
            Either::Left((answer, _)) => {
                time.0 += clock.monotonic().saturating_sub(began);
                answer.map_err(|error| error.to_string())
            }
            Either::Right(_) => {
                time.0 = ScriptTime::ALL;
                Err(no_time_left())
            }
        }
    }
}

fn no_time_left() -> String {
    format!("no time is left for custom code: it has {} ms in one event", limits::FLOW_SCRIPT_MS)
}
