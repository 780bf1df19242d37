//! How many deliveries of a lane are sent at the same time. Each lane has places of its own, and a
//! tenant no more than some of them: a receiver that does not answer holds a place for as long as a try
//! may take, and costs nobody else anything.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use callcore::port::{Due, Lane, Settlement, StoreError, Tried, Wanted};
use callcore::vocabulary::TenantId;
use chrono::TimeDelta;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

use super::ledger::{Entries, Ledger};
use super::send;
use crate::metrics;
use crate::state::App;

/// Acts of the carrier that are under way at the same time.
const CARRIER_PLACES: usize = 64;
/// Requests to tenants' addresses that are under way at the same time.
const TENANT_PLACES: usize = 256;
/// How many places one tenant may hold in a lane.
const OF_ONE_TENANT: usize = 32;
/// How long a claim lasts: longer than the longest try, of 30 s.
const CLAIM_SECS: i64 = 90;

/// The places of one lane.
#[derive(Debug)]
pub(super) struct Places {
    lane: Lane,
    most: usize,
    sending: JoinSet<()>,
    whose: HashMap<Id, TenantId>,
    /// Whether more may wait than there was room for.
    pressed: bool,
}

impl Places {
    pub(super) fn of(lane: Lane) -> Self {
        let most = match lane {
            Lane::Carrier => CARRIER_PLACES,
            Lane::Tenants => TENANT_PLACES,
        };
        let (sending, whose) = (JoinSet::new(), HashMap::new());
        Self { lane, most, sending, whose, pressed: false }
    }

    /// Begins to send what is due now and has room.
    pub(super) async fn begin(
        &mut self,
        app: &App,
        ledger: &Ledger,
        stopped: &watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        while let Some(ended) = self.sending.try_join_next_with_id() {
            self.ended(ended);
        }
        let most = self.most.saturating_sub(self.sending.len());
        self.pressed = most == 0;
        if self.pressed {
            return Ok(());
        }
        let (lane, most_of_one, underway) = (self.lane, OF_ONE_TENANT, self.underway());
        let wanted = Wanted { lane, most, most_of_one, underway };
        let now = app.clock.now();
        let until = now + TimeDelta::seconds(CLAIM_SECS);
        for due in app.stores.outbox.claim(&wanted, until, now).await? {
            if *stopped.borrow() {
                // Whoever serves on, or comes next, need not wait until the claim is over.
                let tried = Tried::Again { at: now, reason: "the server stopped".to_owned() };
                ledger.note(Settlement { due, tried });
                continue;
            }
            let tenant = due.tenant;
            let task = self.sending.spawn(try_to_send(Arc::clone(app), due, ledger.entries()));
            self.whose.insert(task.id(), tenant);
        }
        let is_full = self.sending.len() >= self.most;
        self.pressed = is_full || self.underway().values().any(|count| *count >= OF_ONE_TENANT);
        Ok(())
    }

    /// Whether a place that is given back may be wanted at once.
    pub(super) const fn is_pressed(&self) -> bool {
        self.pressed
    }

    /// Waits until a place is given back.
    pub(super) async fn one_ends(&mut self) {
        match self.sending.join_next_with_id().await {
            Some(ended) => self.ended(ended),
            None => std::future::pending().await,
        }
    }

    /// Waits until nothing is being sent.
    pub(super) async fn all_end(&mut self) {
        while self.sending.join_next().await.is_some() {}
    }

    fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        // A panic in one is in the log already and costs nobody else anything: it is due again.
        let id = ended.map_or_else(|panicked| panicked.id(), |(id, ())| id);
        self.whose.remove(&id);
    }

    fn underway(&self) -> BTreeMap<TenantId, usize> {
        let mut underway = BTreeMap::new();
        for tenant in self.whose.values() {
            *underway.entry(*tenant).or_default() += 1;
        }
        underway
    }
}

async fn try_to_send(app: App, due: Due, entries: Entries) {
    let tried = send::send(&app, &due).await;
    metrics::delivery(&due.delivery.payload, &tried);
    let (id, tenant) = (due.delivery.id, due.tenant);
    match &tried {
        Tried::Delivered => tracing::debug!(%id, "delivered"),
        Tried::Again { reason, .. } => {
            tracing::info!(%id, %tenant, reason, "a delivery failed and is tried again");
        }
        Tried::GivenUp { reason } => {
            tracing::warn!(%id, %tenant, call = %due.call, reason, "a delivery was given up");
        }
    }
    // An error says that the server has stopped, and then the delivery is due again.
    let _ = entries.send(Settlement { due, tried });
}
