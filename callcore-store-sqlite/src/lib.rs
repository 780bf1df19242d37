//! Every storage port of [`callcore`] on one SQLite file: the embedded default, for a server that
//! needs nothing else installed.
//!
//! # What it is
//!
//! [`SqliteStore`] implements [`Directory`], [`Registry`], [`Flows`], [`Calls`], [`Outbox`],
//! [`Capacity`], [`Auctions`], [`SystemStore`] and [`Accounts`]. What it acknowledged survives a
//! crash of the process and of the machine: the file is in write-ahead mode, and every commit waits
//! for the disk. One connection writes and a few read; readers never wait for the writer, and each
//! read sees one instant. A future that is dropped midway leaves nothing half done.
//!
//! # What it is not
//!
//! A store for several servers. A second handle on the same file, in this process or another, cannot
//! damage anything, and caps hold over both; but [`Directory::revision`] is this handle's memory, so
//! plans of one would miss what the other changed. Instants are those of the caller's clock. Where
//! several servers share the work, use Postgres. The file belongs on a local disk: SQLite's locks do
//! not work over network file systems.
//!
//! It forgets no call by itself, and it does not encrypt.
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//!
//! use callcore::model::{Buyer, Kind};
//! use callcore::port::{Capacity, Directory, Registry};
//! use callcore::vocabulary::TenantId;
//! use callcore_store_sqlite::SqliteStore;
//! use uuid::Uuid;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let now = chrono::DateTime::UNIX_EPOCH;
//! let path = directory.path().join("data/callcore.db");
//! let store = Arc::new(SqliteStore::open(&path).await?);
//! let registry: Arc<dyn Registry> = store.clone();
//! let capacity: Arc<dyn Capacity> = store.clone();
//!
//! let (tenant, id) = (TenantId::from_uuid(Uuid::from_u128(1)), Uuid::from_u128(2));
//! let buyer = Buyer::new("Sales", "+15551230001".parse()?);
//! registry.create(tenant, id, buyer.into(), now).await?;
//! assert_eq!(store.revision(tenant), 1);
//! assert_eq!(capacity.held(tenant, now).await?, 0);
//!
//! store.close().await;
//! let again = SqliteStore::open(&path).await?;
//! assert!(again.read(tenant, Kind::Buyer, id).await?.is_some());
//! # Ok(())
//! # }
//! ```
//!
//! [`Accounts`]: callcore::port::Accounts
//! [`Auctions`]: callcore::port::Auctions
//! [`Calls`]: callcore::port::Calls
//! [`Capacity`]: callcore::port::Capacity
//! [`Directory`]: callcore::port::Directory
//! [`Directory::revision`]: callcore::port::Directory::revision
//! [`Flows`]: callcore::port::Flows
//! [`Outbox`]: callcore::port::Outbox
//! [`Registry`]: callcore::port::Registry
//! [`SystemStore`]: callcore::port::SystemStore

mod accounts;
mod archive;
mod assignment;
mod auctions;
mod begin;
mod calls;
mod capacity;
mod directory;
mod error;
mod exchanges;
mod export;
mod flows;
mod look;
mod migration;
mod object;
mod open;
mod outbox;
mod passages;
mod place;
mod registry;
mod revision;
mod row;
mod sweep;
mod system;
mod transaction;
mod trials;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use sqlx::SqlitePool;

pub use error::OpenError;
pub use export::{Batch, Export};

/// Keeps everything in one SQLite file, behind all storage ports. Clones share the connections.
///
/// It needs a running tokio runtime: each act is a task there.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    /// One connection: SQLite has one writer at a time, and a queue in the process is fairer and
    /// faster than its locks.
    writer: SqlitePool,
    readers: SqlitePool,
    revisions: Arc<revision::Revisions>,
}
