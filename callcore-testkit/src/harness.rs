//! How the suite gets at a store.

use std::sync::Arc;

use callcore::memory::MemoryStore;
use callcore::port::{
    Accounts, Auctions, Calls, Capacity, Directory, Flows, Outbox, Registry, SystemStore,
};

/// Opens a store for one case of the suite. The value is the guard as well: when it is dropped, the
/// store and what it left on disk may go.
pub trait Harness: Send + Sync + 'static {
    /// A new, empty store that shares nothing with any other.
    fn open() -> impl Future<Output = Self> + Send;

    /// The port that plans are read through.
    fn directory(&self) -> Arc<dyn Directory>;

    /// The port of what comes before a tenant is known.
    fn system(&self) -> Arc<dyn SystemStore>;

    /// The port that keeps calls.
    fn calls(&self) -> Arc<dyn Calls>;

    /// The port that guards caps.
    fn capacity(&self) -> Arc<dyn Capacity>;

    /// The port that configuration is written through.
    fn registry(&self) -> Arc<dyn Registry>;

    /// The port of sessions and API keys.
    fn accounts(&self) -> Arc<dyn Accounts>;

    /// The port that reads what auctions left behind.
    fn auctions(&self) -> Arc<dyn Auctions>;

    /// The port that publishes flows.
    fn flows(&self) -> Arc<dyn Flows>;

    /// The port of what waits to be sent to others.
    fn outbox(&self) -> Arc<dyn Outbox>;

    /// What the store does not keep to: the case as `port::name`, and why. These cases are not run;
    /// the suite prints them, and fails where there is no such case.
    fn skip() -> &'static [(&'static str, &'static str)] {
        &[]
    }
}

/// The harness of callcore's own [`MemoryStore`].
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<MemoryStore>);

impl Harness for Memory {
    async fn open() -> Self {
        Self::default()
    }

    fn directory(&self) -> Arc<dyn Directory> {
        self.0.clone()
    }

    fn system(&self) -> Arc<dyn SystemStore> {
        self.0.clone()
    }

    fn calls(&self) -> Arc<dyn Calls> {
        self.0.clone()
    }

    fn capacity(&self) -> Arc<dyn Capacity> {
        self.0.clone()
    }

    fn registry(&self) -> Arc<dyn Registry> {
        self.0.clone()
    }

    fn accounts(&self) -> Arc<dyn Accounts> {
        self.0.clone()
    }

    fn auctions(&self) -> Arc<dyn Auctions> {
        self.0.clone()
    }

    fn flows(&self) -> Arc<dyn Flows> {
        self.0.clone()
    }

    fn outbox(&self) -> Arc<dyn Outbox> {
        self.0.clone()
    }
}
