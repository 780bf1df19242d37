//! Bidders that fail, over real sockets: the switchboard sells calls through the guarded client to
//! listeners that refuse, hang, drip, break off, flood and lie. The decision comes in time, whoever
//! is sound bids as if nothing were, the winner is the one of a model that knows only the sound ones,
//! and the one that fails gets exactly its verdict. The same faults on a virtual clock, at every place
//! among 1 to 20 bidders, are in `callcore/tests/auction_properties/simulation.rs`.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod alone;
#[path = "../support/chance.rs"]
#[expect(dead_code, reason = "it is shared by the tests of the server, and each uses a part")]
mod chance;
mod exchange;
mod kept;
mod listener;
mod memory;
mod modes;
mod together;
mod wire;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use callcore_server::egress::{GuardedClient, Names, Options, Policy};
use tokio::sync::{Mutex, MutexGuard};

/// How much later than its deadline a decision may come on a busy machine. What it takes on an idle
/// one, the bench of auctions prints.
const GUARD: Duration = Duration::from_secs(6);

/// Dozens of floods at once take all of the machine, so these tests do not run side by side.
async fn machine() -> MutexGuard<'static, ()> {
    static MACHINE: Mutex<()> = Mutex::const_new(());
    MACHINE.lock().await
}

/// A name service that knows nobody, so that no test asks a real one.
#[derive(Debug)]
struct Nobody;

#[async_trait]
impl Names for Nobody {
    async fn look_up(&self, name: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        Err(std::io::Error::other(format!("nobody is called {name}")))
    }
}

/// The client of all tests: it may reach this machine, and no metadata service.
fn guarded() -> Arc<GuardedClient> {
    // Reading the system's certificates is slow, so it is done once.
    static GUARDED: LazyLock<Arc<GuardedClient>> = LazyLock::new(|| {
        let options = Options { policy: Policy::new(true), ..Options::default() };
        Arc::new(GuardedClient::with_names(options, Arc::new(Nobody)).unwrap())
    });
    GUARDED.clone()
}
