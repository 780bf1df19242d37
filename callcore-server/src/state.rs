//! What every handler can reach.

use std::sync::Arc;

use callcore::port::{
    Accounts, Auctions, Calls, Capacity, Clock, Directory, Egress, Flows, Outbox, Registry, Script,
    SystemStore,
};
use callcore::switchboard::Switchboard;
use callcore_twiml::render::Renderer;
use tokio::sync::Semaphore;

use crate::auth::Guard;
use crate::config::Config;
use crate::outbox::Bell;
use crate::secrets::Sealer;
use crate::twilio::Carrier;

/// A store, one handle for each port.
#[derive(Clone, Debug)]
pub struct Stores {
    /// Configurations as plans read them, with their secrets opened.
    pub directory: Arc<dyn Directory>,
    /// Acts before a tenant is known.
    pub system: Arc<dyn SystemStore>,
    /// Calls.
    pub calls: Arc<dyn Calls>,
    /// What auctions left behind.
    pub auctions: Arc<dyn Auctions>,
    /// Caps.
    pub capacity: Arc<dyn Capacity>,
    /// Configuration objects.
    pub registry: Arc<dyn Registry>,
    /// Published versions of flows.
    pub flows: Arc<dyn Flows>,
    /// What waits to be sent to others.
    pub outbox: Arc<dyn Outbox>,
    /// Sessions and keys.
    pub accounts: Arc<dyn Accounts>,
}

impl Stores {
    /// All ports on one store.
    pub fn of<S>(store: &Arc<S>) -> Self
    where
        S: Directory
            + SystemStore
            + Calls
            + Auctions
            + Capacity
            + Registry
            + Flows
            + Outbox
            + Accounts
            + 'static,
    {
        Self {
            directory: Arc::clone(store) as _,
            system: Arc::clone(store) as _,
            calls: Arc::clone(store) as _,
            auctions: Arc::clone(store) as _,
            capacity: Arc::clone(store) as _,
            registry: Arc::clone(store) as _,
            flows: Arc::clone(store) as _,
            outbox: Arc::clone(store) as _,
            accounts: Arc::clone(store) as _,
        }
    }
}

/// Everything that handlers share.
#[derive(Debug)]
pub struct Shared {
    /// The configuration.
    pub config: Config,
    /// The store.
    pub stores: Stores,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Routes calls.
    pub switchboard: Arc<Switchboard>,
    /// Writes TwiML.
    pub renderer: Renderer,
    /// Signs people in.
    pub guard: Guard,
    /// Seals secrets at rest, where there is a key.
    pub sealer: Option<Arc<Sealer>>,
    /// The way out to addresses that tenants configured.
    pub egress: Arc<dyn Egress>,
    /// Runs custom code of flows.
    pub script: Arc<dyn Script>,
    /// Whose turn it is to run custom code for the API: one at a time, so that calls keep theirs.
    pub script_turn: Semaphore,
    /// The carrier's API.
    pub carrier: Carrier,
    /// Wakes whoever sends what waits in the outbox.
    pub outbox: Bell,
}

/// The state of the router.
pub type App = Arc<Shared>;
