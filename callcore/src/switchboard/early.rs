//! What comes too early or is not heard any more: news of a call that is still unknown because its
//! bidders are being asked, and acts of the store that fail once they were asked.

use chrono::{DateTime, Utc};

use super::auction::ASK_AGAIN;
use super::auction_record::called_off;
use super::handle::{HandleError, Outcome, Switchboard, TRY_AGAIN_AFTER};
use crate::auction::AuctionLog;
use crate::call::{AttemptTarget, Event, EventKind};
use crate::port::StoreError;
use crate::vocabulary::TenantId;

/// Whether an event came before its call was saved. What one try of the event found out holds for the
/// next.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Early(bool);

impl Early {
    /// Whether the carrier said it before it heard our first answer.
    pub(super) const fn is_early(self) -> bool {
        self.0
    }
}

impl Outcome {
    /// Where the caller was gone before the carrier got the answer that dials somebody: nobody was
    /// dialled. What was reserved for it is given back as of an attempt that the call does not know.
    pub(super) fn take_back(&mut self, auction: Option<&AuctionLog>, now: DateTime<Utc>) {
        if !self.call.is_over() {
            return;
        }
        // Whoever was invited into a conference is rung by a request of its own.
        self.call.attempts.retain(|attempt| attempt.target == AttemptTarget::Conference);
        self.auction = auction.map(|log| called_off(&self.call, log, Vec::new(), now));
    }
}

impl Switchboard {
    /// The tenant of the call that these news are of. The call is unknown until its first step is
    /// saved, which takes seconds where bidders are asked: a status of the call itself waits for that.
    /// Nothing waits for a call that nobody works on.
    pub(super) async fn tenant_of_news(
        &self,
        event: &Event,
        early: &mut Early,
    ) -> Result<Option<TenantId>, StoreError> {
        let known = self.tenant_of(event).await?;
        if known.is_some() || !matches!(event.kind, EventKind::Progress(_)) {
            return Ok(known);
        }
        let call = event.carrier_call.id();
        while self.ports.system.is_begun(call, self.ports.clock.now()).await? {
            early.0 = true;
            self.pause(ASK_AGAIN).await;
        }
        let saved = self.ports.system.call(call).await?;
        early.0 |= saved.is_some();
        Ok(saved)
    }

    /// An act of the store that comes after bidders were asked. They are not asked again for the same
    /// step, so it is tried again where it stands and not with the whole step.
    pub(super) async fn after_auction<T, E, F>(&self, act: impl Fn() -> F) -> Result<T, HandleError>
    where
        E: Into<HandleError>,
        F: Future<Output = Result<T, E>>,
    {
        let mut pauses = TRY_AGAIN_AFTER.into_iter();
        loop {
            match (act().await.map_err(Into::into), pauses.next()) {
                (Err(HandleError::Store(StoreError::Unavailable(_))), Some(pause)) => {
                    self.pause(pause).await;
                }
                (done, _) => return done.map_err(HandleError::interrupted),
            }
        }
    }
}
