//! Every storage port of [`callcore`] on Postgres 15 or newer: for any number of servers that share
//! one database and nothing else.
//!
//! # What it is
//!
//! [`PgStore`] implements [`Directory`], [`Registry`], [`Flows`], [`Calls`], [`Outbox`], [`Auctions`],
//! [`Capacity`], [`SystemStore`] and [`Accounts`]. What it acknowledged survives a crash of the process and of the database: every
//! commit waits for the disk. Leases and the windows of caps follow the database's clock, which all
//! servers share. A future that is dropped midway leaves nothing half done.
//!
//! It needs no superuser and no extension, so databases as Supabase or Neon host them do. It does
//! need sessions: a connection that goes through a pooler in transaction mode loses its role and its
//! notifications, so give the address of the database itself.
//!
//! # Tenants
//!
//! Two walls stand between tenants, and each holds alone. Every statement names its tenant. And the
//! connections work as the role `callcore_app`, for which forced row-level security shows each table
//! as the tenant of the transaction sees it, and as empty where none is set. The login role owns the
//! tables and migrates; the few acts that come before a tenant is known are functions with its
//! rights. What one tenant can learn of another is that a phone number, a sign-in name, a call's id
//! or the hash of a token is taken.
//!
//! Back up as a role with `BYPASSRLS`, or as a superuser: `pg_dump` refuses to dump rows that a
//! policy might hide from it.
//!
//! # Example
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use callcore::port::{Calls, Directory, Registry};
//! use callcore_store_pg::{PgOptions, PgStore};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let options = PgOptions::parse("postgres://callcore:secret@localhost/callcore")?;
//! let store = Arc::new(PgStore::open(&options).await?);
//! let registry: Arc<dyn Registry> = store.clone();
//! let calls: Arc<dyn Calls> = store.clone();
//! # Ok(())
//! # }
//! ```
//!
//! [`Accounts`]: callcore::port::Accounts
//! [`Auctions`]: callcore::port::Auctions
//! [`Calls`]: callcore::port::Calls
//! [`Capacity`]: callcore::port::Capacity
//! [`Directory`]: callcore::port::Directory
//! [`Flows`]: callcore::port::Flows
//! [`Outbox`]: callcore::port::Outbox
//! [`Registry`]: callcore::port::Registry
//! [`SystemStore`]: callcore::port::SystemStore

mod accounts;
mod archive;
mod assignment;
mod auctions;
mod batch;
mod calls;
mod capacity;
mod directory;
mod error;
mod exchanges;
mod flows;
mod import;
mod keeper;
mod look;
mod migration;
mod object;
mod open;
mod options;
mod outbox;
mod owners;
mod passages;
mod place;
mod pool;
mod reference;
mod registry;
mod revision;
mod role;
mod row;
mod sweep;
mod system;
mod text;
mod transaction;
mod trials;

// The databases of the tests are made in one place, which names this crate as its users do.
#[cfg(test)]
extern crate self as callcore_store_pg;
#[cfg(test)]
#[path = "../tests/harness/database.rs"]
mod database;

pub use error::OpenError;
pub use import::{Import, ImportError};
pub use migration::{Applied, migrate};
pub use open::PgStore;
pub use options::{PgOptions, StoreClock};
