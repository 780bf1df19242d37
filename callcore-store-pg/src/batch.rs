//! Many calls of a tenant want the same counters. While one statement is under way, what else is
//! wanted waits and goes together in the next: a row that is locked for one commit then serves many,
//! and who comes alone does not wait at all.
//!
//! Statements are sent by a task of their own, so whoever stops waiting harms nobody else.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use callcore::port::{Reserved, StoreError};
use callcore::vocabulary::TenantId;
use sqlx::PgPool;
use tokio::sync::oneshot;
use tracing::Instrument as _;

use crate::capacity::{Wanted, act};
use crate::open::Core;

/// Calls of one statement.
const BATCH: usize = 64;
/// Caps and claims of one statement: it has half a second.
const WEIGHT: usize = 2_000;
/// Calls of one tenant that may wait. Who comes later would not be served in time.
const WAITING: usize = 4_096;

type Answer = Result<Option<Reserved>, StoreError>;

struct Waiting {
    wanted: Wanted,
    answer: oneshot::Sender<Answer>,
}

/// What the tenants' calls wait for. A tenant is in it while a task sends for it.
#[derive(Default)]
pub(crate) struct Queues(Mutex<HashMap<TenantId, VecDeque<Waiting>>>);

impl Queues {
    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, VecDeque<Waiting>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what goes together; nothing where the tenant's task may end.
    fn take(&self, tenant: TenantId) -> Vec<Waiting> {
        let mut tenants = self.lock();
        let batch = tenants.get_mut(&tenant).map(take).unwrap_or_default();
        if batch.is_empty() {
            tenants.remove(&tenant);
        }
        batch
    }
}

/// The first that wait, at most one of each call, so that what a call asks for one after the other
/// is done one after the other.
fn take(queue: &mut VecDeque<Waiting>) -> Vec<Waiting> {
    let (mut batch, mut rest) = (Vec::new(), VecDeque::new());
    let (mut calls, mut weight) = (HashSet::new(), 0);
    while batch.len() < BATCH {
        let Some(next) = queue.pop_front() else { break };
        // Nobody waits for a place that was never asked for.
        if next.answer.is_closed() && next.wanted.reservation.is_some() {
            continue;
        }
        let instant = |one: &Waiting| one.wanted.counted_at;
        let fits = batch.is_empty() || weight + next.wanted.weight() <= WEIGHT;
        let fits = fits && batch.first().is_none_or(|first| instant(first) == instant(&next));
        if calls.insert(next.wanted.call) && fits {
            weight += next.wanted.weight();
            batch.push(next);
        } else {
            rest.push_back(next);
        }
    }
    rest.append(queue);
    *queue = rest;
    batch
}

/// Queues what is wanted and waits for the answer.
pub(crate) async fn submit(
    core: &Arc<Core>,
    pool: &PgPool,
    tenant: TenantId,
    wanted: Wanted,
) -> Answer {
    let (answer, answered) = oneshot::channel();
    let is_first = {
        let mut tenants = core.queues.lock();
        let is_first = !tenants.contains_key(&tenant);
        let queue = tenants.entry(tenant).or_default();
        if queue.len() >= WAITING {
            return Err(StoreError::unavailable("too many reservations waiting"));
        }
        queue.push_back(Waiting { wanted, answer });
        is_first
    };
    if is_first {
        let sender = Sender { core: Arc::clone(core), tenant, has_ended: false };
        tokio::spawn(sender.send_all(pool.clone()).in_current_span());
    }
    answered.await.map_err(StoreError::unavailable)?
}

/// The task of one tenant.
struct Sender {
    core: Arc<Core>,
    tenant: TenantId,
    has_ended: bool,
}

impl Sender {
    async fn send_all(mut self, pool: PgPool) {
        loop {
            let batch = self.core.queues.take(self.tenant);
            if batch.is_empty() {
                self.has_ended = true;
                return;
            }
            let (wanted, answers): (Vec<_>, Vec<_>) =
                batch.into_iter().map(|one| (one.wanted, one.answer)).unzip();
            for (answer, outcome) in
                answers.into_iter().zip(outcomes(&pool, self.tenant, &wanted).await)
            {
                // Who has gone away does not care.
                let _ = answer.send(outcome);
            }
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // Only a panic or the end of the runtime: those who wait are told by the fall of their queue.
        if !self.has_ended {
            self.core.queues.lock().remove(&self.tenant);
        }
    }
}

async fn outcomes(pool: &PgPool, tenant: TenantId, wanted: &[Wanted]) -> Vec<Answer> {
    match act(pool, tenant, wanted).await {
        Ok(answers) => answers.into_iter().map(Ok).collect(),
        Err(error @ StoreError::Corrupt { .. }) if wanted.len() > 1 => {
            tracing::warn!(%error, "a batch of reservations failed and is tried one by one");
            let mut outcomes = Vec::new();
            for one in wanted {
                let outcome = act(pool, tenant, std::slice::from_ref(one)).await;
                outcomes.push(outcome.map(|answers| answers.into_iter().next().flatten()));
            }
            outcomes
        }
        Err(error) => {
            let error = Arc::new(error);
            wanted.iter().map(|_| Err(shared(&error))).collect()
        }
    }
}

/// The same error for each member of a batch.
fn shared(error: &Arc<StoreError>) -> StoreError {
    match &**error {
        StoreError::Corrupt { what, .. } => StoreError::corrupt(what, Arc::clone(error)),
        _ => StoreError::unavailable(Arc::clone(error)),
    }
}
