//! Opens a store for the suites of the testkit: each on a database of its own.

// Every test binary uses a part of it.
#![allow(dead_code)]

pub(crate) mod database;

use std::sync::Arc;

use callcore::port::{
    Accounts, Auctions, Calls, Capacity, Directory, Flows, Outbox, Registry, SystemStore,
};
use callcore_testkit::Harness;
use database::Opened;

/// A store on a database of a superuser.
pub(crate) struct Postgres(Opened);

/// A store whose connections row-level security does not bind.
pub(crate) struct Bypass(Opened);

/// A store on a database whose owner is no superuser.
pub(crate) struct Hosted(Opened);

macro_rules! harness {
    ($name:ident, $open:expr) => {
        impl Harness for $name {
            async fn open() -> Self {
                Self($open.await)
            }

            fn directory(&self) -> Arc<dyn Directory> {
                self.0.store.clone()
            }

            fn system(&self) -> Arc<dyn SystemStore> {
                self.0.store.clone()
            }

            fn calls(&self) -> Arc<dyn Calls> {
                self.0.store.clone()
            }

            fn capacity(&self) -> Arc<dyn Capacity> {
                self.0.store.clone()
            }

            fn registry(&self) -> Arc<dyn Registry> {
                self.0.store.clone()
            }

            fn accounts(&self) -> Arc<dyn Accounts> {
                self.0.store.clone()
            }

            fn auctions(&self) -> Arc<dyn Auctions> {
                self.0.store.clone()
            }

            fn flows(&self) -> Arc<dyn Flows> {
                self.0.store.clone()
            }

            fn outbox(&self) -> Arc<dyn Outbox> {
                self.0.store.clone()
            }
        }
    };
}

harness!(Postgres, Opened::new());
harness!(Hosted, Opened::hosted());
harness!(Bypass, Opened::bypassing());
