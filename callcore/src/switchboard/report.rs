//! A target reports what became of a call that it was dialled for (spec RTB-8). It names our id of the
//! call; from there on the report is news of the call like any other.

use std::collections::BTreeMap;

use super::handle::{HandleError, Reply, Switchboard};
use crate::call::{Call, Event, EventKind, TargetReport};
use crate::port::{Ask, StoreError};
use crate::vocabulary::{CallId, TenantId, limits};

/// What came of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum ReportOutcome {
    /// It is in the call's journal.
    Kept {
        /// The call as it stands now.
        call: Box<Call>,
        /// The reply to it as an event: whether it had come before, and what the call reached.
        reply: Reply,
    },
    /// The target was dialled for the call and never answered.
    NotConnected,
    /// The call is unknown, or the target was not dialled for it.
    NotDialled,
    /// The call's journal takes no more news, see [`limits::CALL_FACTS`].
    Full,
    /// The target said enough about the call, see [`limits::TARGET_REPORTS`].
    TooMany,
}

impl Switchboard {
    /// Handles a target's report. The last report of a target outweighs the time that was talked.
    ///
    /// **Idempotency**: the same report of a target counts once. **Ordering**: it is durable before it
    /// is answered.
    ///
    /// # Errors
    /// [`HandleError`]. Delivering the report again is always safe.
    pub async fn report(
        &self,
        tenant: TenantId,
        call: CallId,
        report: TargetReport,
    ) -> Result<ReportOutcome, HandleError> {
        let known = self.known(tenant, call).await?;
        let Some(known) = known.filter(|known| known.dialled(report.target)) else {
            return Ok(ReportOutcome::NotDialled);
        };
        let target = report.target;
        if !known.hears(target) {
            return Ok(ReportOutcome::NotConnected);
        }
        let event = Event {
            carrier_call: known.carrier_call,
            tenant: Some(tenant),
            kind: EventKind::TargetReport(report),
            parameters: BTreeMap::new(),
        };
        let reply = self.handle(&event).await?;
        match self.known(tenant, call).await? {
            Some(call) if reply.tenant.is_some() => {
                Ok(ReportOutcome::Kept { call: Box::new(call), reply })
            }
            Some(call) if call.reports_of(target) >= limits::TARGET_REPORTS => {
                Ok(ReportOutcome::TooMany)
            }
            _ => Ok(ReportOutcome::Full),
        }
    }

    async fn known(&self, tenant: TenantId, call: CallId) -> Result<Option<Call>, StoreError> {
        let now = self.ports.clock.now();
        let look = self.ports.calls.look(tenant, call, &Ask::default(), now).await?;
        Ok(look.call.map(|(call, _)| call))
    }
}
