//! The reference adapter: every storage port on one locked state, in memory.
//!
//! It is the executable specification of [`port`](crate::port): where a contract leaves you in
//! doubt, read how it is done here. It is also a store for tests, demonstrations and benches. It
//! forgets everything with the process and keeps every call until then.
//!
//! One lock over one state makes each act atomic. What belongs to a tenant lies in that tenant's
//! part of the state, so no act can reach what another tenant has; only what waits to be sent lies
//! together, under the name of its tenant, because all of it is claimed together. Instants are kept to the
//! microsecond, as databases keep them.

mod accounts;
mod auctions;
mod calls;
mod capacity;
mod directory;
mod flows;
mod offline;
mod outbox;
mod registry;
mod system;
mod trials;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, SubsecRound, Utc};

pub use offline::Offline;

use crate::vocabulary::{CallId, NumberId, PhoneNumber, TenantId};

/// Keeps everything in memory, behind all storage ports.
///
/// ```
/// use std::sync::Arc;
///
/// use callcore::memory::MemoryStore;
/// use callcore::port::{Calls, Capacity, Directory, SystemStore};
///
/// let store = Arc::new(MemoryStore::new());
/// let directory: Arc<dyn Directory> = store.clone();
/// let system: Arc<dyn SystemStore> = store.clone();
/// let calls: Arc<dyn Calls> = store.clone();
/// let capacity: Arc<dyn Capacity> = store;
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    tenants: BTreeMap<TenantId, Tenant>,
    /// Whose each number is: the one thing that is unique over all tenants.
    numbers: HashMap<PhoneNumber, (TenantId, NumberId)>,
    numbers_revision: u64,
    /// Whose each call is, for ever.
    calls: HashMap<CallId, TenantId>,
    accounts: accounts::Book,
    post: outbox::Post,
}

#[derive(Debug, Default)]
struct Tenant {
    configuration: registry::Configuration,
    calls: calls::Book,
    places: capacity::Places,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every act checks before it writes, so a panic leaves nothing half written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn tenant(&mut self, tenant: TenantId) -> &mut Tenant {
        self.tenants.entry(tenant).or_default()
    }
}

/// The instant as stores keep it.
fn micros(instant: DateTime<Utc>) -> DateTime<Utc> {
    instant.trunc_subsecs(6)
}
