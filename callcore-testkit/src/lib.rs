//! Proves a callcore store right, and gives you what you need to test with one.
//!
//! # What it is
//!
//! - [`store_suite!`]: a conformance suite. One named test per sentence of the contracts in
//!   [`callcore::port`]: atomicity under many tasks at once, idempotency, ordering, errors, and that
//!   no tenant reaches what another one has. A store that passes can be put under the switchboard.
//! - [`storm`]: a whole switchboard on your store under load, with repeated, late and cut-off webhooks.
//! - [`script`]: whole calls as tables that a telecoms person can read, played by a simulated phone.
//! - [`ManualClock`]: a clock that stands still until you move it.
//! - [`fixtures`]: numbers, buyers, campaigns, calls, events, caps and accounts to test with.
//! - [`Memory`]: the harness of [`callcore::memory::MemoryStore`], which passes the suite first.
//!
//! # What it isn't
//!
//! It measures no speed, and it breaks no disk, network or process: whether a store keeps what it
//! acknowledged when the power fails is for the store's own tests. It belongs into
//! `[dev-dependencies]`; nothing here is meant for production.
//!
//! # How to use it
//!
//! Implement [`Harness`] for something that opens your store, and name it to the macro in a file of
//! your `tests/` folder. Here the store is the one in memory.
//!
//! ```
//! mod conformance {
//!     use std::sync::Arc;
//!
//!     use callcore::memory::MemoryStore;
//!     use callcore::port::{
//!         Accounts, Auctions, Calls, Capacity, Directory, Flows, Outbox, Registry, SystemStore,
//!     };
//!     use callcore_testkit::{Harness, store_suite};
//!
//!     /// What the store left on disk would be removed when this is dropped.
//!     pub struct Mine {
//!         store: Arc<MemoryStore>,
//!     }
//!
//!     impl Harness for Mine {
//!         async fn open() -> Self {
//!             Self { store: Arc::new(MemoryStore::new()) }
//!         }
//!
//!         fn directory(&self) -> Arc<dyn Directory> {
//!             self.store.clone()
//!         }
//!
//!         fn system(&self) -> Arc<dyn SystemStore> {
//!             self.store.clone()
//!         }
//!
//!         fn calls(&self) -> Arc<dyn Calls> {
//!             self.store.clone()
//!         }
//!
//!         fn capacity(&self) -> Arc<dyn Capacity> {
//!             self.store.clone()
//!         }
//!
//!         fn registry(&self) -> Arc<dyn Registry> {
//!             self.store.clone()
//!         }
//!
//!         fn accounts(&self) -> Arc<dyn Accounts> {
//!             self.store.clone()
//!         }
//!
//!         fn auctions(&self) -> Arc<dyn Auctions> {
//!             self.store.clone()
//!         }
//!
//!         fn flows(&self) -> Arc<dyn Flows> {
//!             self.store.clone()
//!         }
//!
//!         fn outbox(&self) -> Arc<dyn Outbox> {
//!             self.store.clone()
//!         }
//!     }
//!
//!     store_suite!(Mine);
//! }
//!
//! // `cargo test` runs the tests by name, such as `capacity::a_refund_gives_back_every_place`. The
//! // cases are values as well:
//! use callcore_testkit::suite;
//!
//! for case in suite::cases::<conformance::Mine>().iter().filter(|case| case.port == "capacity") {
//!     suite::run(case);
//! }
//! ```
//!
//! # Stores with a clock of their own
//!
//! A port's `now` is the caller's clock, and most cases check instants to the microsecond. A store
//! that uses a clock of its own instead needs, for its tests, a switch that makes it use the
//! caller's.

mod clock;
pub mod fixtures;
mod harness;
pub mod script;
pub mod shares;
pub mod storm;
pub mod suite;

pub use clock::ManualClock;
pub use harness::{Harness, Memory};
