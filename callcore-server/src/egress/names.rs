//! From names to addresses: every answer is checked, and only what was checked is connected to.

use std::collections::HashMap;
use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, Semaphore};
use tokio::time::Instant;

use super::target::{Policy, Refused};

/// How many look-ups are under way at once, for all tenants and for one. The system's resolver
/// blocks a thread for each, for as long as a name server likes.
const MOST_LOOK_UPS: usize = 64;
const MOST_LOOK_UPS_OF_TENANT: usize = 8;
/// How many names of one tenant are kept.
const MOST_NAMES: usize = 256;
/// How many addresses of one name are tried.
const MOST_ADDRESSES: usize = 8;
/// How long it is kept that a name was not found.
const KEEP_FAILURE: Duration = Duration::from_secs(1);

/// Looks names up.
#[async_trait]
pub trait Names: Debug + Send + Sync {
    /// All addresses of this name.
    ///
    /// # Errors
    /// The name is not known, or nobody could be asked.
    async fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// Asks the operating system, which knows the hosts file and the name servers of the machine. A
/// resolver of our own (hickory) would be needed only to call look-ups off and to learn their times
/// to live.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemNames;

#[async_trait]
impl Names for SystemNames {
    async fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Why a name led nowhere.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum NoAddress {
    /// One of its addresses may not be reached.
    #[error(transparent)]
    Refused(Refused),
    /// It was not found.
    #[error("the name was not found: {0}")]
    Unknown(String),
}

/// The name service of all tenants.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    names: Arc<dyn Names>,
    policy: Arc<Policy>,
    keep: Duration,
    under_way: Arc<Semaphore>,
}

impl Directory {
    pub(super) fn new(names: Arc<dyn Names>, policy: Arc<Policy>, keep: Duration) -> Self {
        Self { names, policy, keep, under_way: Arc::new(Semaphore::new(MOST_LOOK_UPS)) }
    }

    fn checked(&self, name: &str, found: &[IpAddr]) -> Result<Vec<IpAddr>, NoAddress> {
        if found.is_empty() {
            return Err(NoAddress::Unknown("it has no address".into()));
        }
        // One forbidden address spoils them all: nobody but an attacker mixes them.
        match found.iter().find_map(|address| self.policy.refusal(*address)) {
            Some(reason) => {
                Err(NoAddress::Refused(Refused::Host { host: name.to_owned(), reason }))
            }
            None => Ok(found.iter().copied().take(MOST_ADDRESSES).collect()),
        }
    }
}

/// What a look-up found and when. Checked when it is used, not when it is kept.
#[derive(Debug)]
struct Answer {
    at: Instant,
    found: Result<Vec<IpAddr>, String>,
}

type Slot = Arc<AsyncMutex<Option<Answer>>>;

/// The names of one tenant.
#[derive(Clone, Debug)]
pub(super) struct TenantNames(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    directory: Directory,
    under_way: Arc<Semaphore>,
    known: Mutex<HashMap<String, Slot>>,
}

impl TenantNames {
    pub(super) fn new(directory: Directory) -> Self {
        let under_way = Arc::new(Semaphore::new(MOST_LOOK_UPS_OF_TENANT));
        Self(Arc::new(Inner { directory, under_way, known: Mutex::default() }))
    }
}

impl Resolve for TenantNames {
    fn resolve(&self, name: Name) -> Resolving {
        let inner = self.0.clone();
        Box::pin(async move {
            let addresses = inner.addresses(name.as_str()).await?;
            // Port 0 stands for the port of the URL.
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

impl Inner {
    async fn addresses(self: Arc<Self>, name: &str) -> Result<Vec<IpAddr>, NoAddress> {
        let slot = self.slot(name).lock_owned().await;
        let slot = if slot.as_ref().is_some_and(|answer| self.is_fresh(answer)) {
            slot
        } else {
            // A task of its own, because a look-up cannot be called off: who waits gives up at the
            // deadline, the slot and the permits are held until the thread is free again.
            tokio::spawn(self.clone().look_up(name.to_owned(), slot))
                .await
                .map_err(|_| NoAddress::Unknown("the look-up broke off".into()))?
        };
        match slot.as_ref().map(|answer| &answer.found) {
            Some(Ok(found)) => self.directory.checked(name, found),
            Some(Err(problem)) => Err(NoAddress::Unknown(problem.clone())),
            None => Err(NoAddress::Unknown("nobody looked it up".into())),
        }
    }

    async fn look_up(
        self: Arc<Self>,
        name: String,
        mut slot: OwnedMutexGuard<Option<Answer>>,
    ) -> OwnedMutexGuard<Option<Answer>> {
        let _of_tenant = self.under_way.acquire().await;
        let _of_all = self.directory.under_way.acquire().await;
        let found = self.directory.names.look_up(&name).await.map_err(|error| error.to_string());
        *slot = Some(Answer { at: Instant::now(), found });
        slot
    }

    fn is_fresh(&self, answer: &Answer) -> bool {
        let keep = match answer.found {
            Ok(_) => self.directory.keep,
            Err(_) => self.directory.keep.min(KEEP_FAILURE),
        };
        answer.at.elapsed() < keep
    }

    fn slot(&self, name: &str) -> Slot {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = known.get(name) {
            return slot.clone();
        }
        if known.len() >= MOST_NAMES {
            known.retain(|_, slot| self.is_needed(slot));
        }
        let slot = Slot::default();
        // A tenant with more names than that has them looked up each time.
        if known.len() < MOST_NAMES {
            known.insert(name.to_owned(), slot.clone());
        }
        slot
    }

    fn is_needed(&self, slot: &Slot) -> bool {
        match slot.try_lock() {
            Ok(answer) => answer.as_ref().is_some_and(|answer| self.is_fresh(answer)),
            Err(_) => true,
        }
    }
}
