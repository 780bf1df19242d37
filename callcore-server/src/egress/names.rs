//! From names to addresses: every answer is checked, and only what was checked is connected to.

use std::collections::HashMap;
use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use callcore::vocabulary::TenantId;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::lane::Lanes;
use super::place::Full;
use super::target::{Policy, Refused};

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
    /// It was not looked up: too many look-ups hang.
    #[error("{} names are being looked up, {} of them for this tenant", .0.all, .0.of_one)]
    Full(Full),
    /// It was not looked up yet, and the request waited for long enough.
    #[error("its name still waits for its turn to be looked up")]
    Queued,
}

tokio::task_local! {
    /// Until when the request under way waits for the turn of its name.
    static WAITS_UNTIL: Instant;
}

/// A request that waits for so long for the turn of its name.
pub(super) async fn waiting_for<T>(time: Duration, request: impl Future<Output = T>) -> T {
    WAITS_UNTIL.scope(Instant::now() + time, request).await
}

/// The name service of all tenants.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    names: Arc<dyn Names>,
    policy: Arc<Policy>,
    keep: Keep,
    lanes: Lanes,
}

/// How long what was found is used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keep {
    /// Without asking again.
    pub(super) fresh: Duration,
    /// While asking again, and while that fails.
    pub(super) stale: Duration,
}

impl Directory {
    pub(super) fn new(names: Arc<dyn Names>, policy: Arc<Policy>, keep: Keep) -> Self {
        Self { names, policy, keep, lanes: Lanes::default() }
    }

    fn checked(&self, name: &str, found: &[IpAddr]) -> Result<Vec<IpAddr>, NoAddress> {
        // One forbidden address spoils them all: nobody but an attacker mixes them.
        match found.iter().find_map(|address| self.policy.refusal(*address)) {
            Some(reason) => {
                Err(NoAddress::Refused(Refused::Host { host: name.to_owned(), reason }))
            }
            None => Ok(found.iter().copied().take(MOST_ADDRESSES).collect()),
        }
    }
}

/// What a look-up found. Checked when it is used, not when it is kept.
type Outcome = Result<Vec<IpAddr>, NoAddress>;

type Slot = Arc<Mutex<State>>;

/// What is known of one name.
#[derive(Debug, Default)]
struct State {
    found: Option<(Instant, Vec<IpAddr>)>,
    /// That it was not found since, and why.
    failed: Option<(Instant, String)>,
    /// The last look-up: one at a time for each name, for all who wait for it.
    look_up: Option<watch::Receiver<Stage>>,
}

/// How far a look-up is.
#[derive(Debug)]
enum Stage {
    Queued,
    Begun,
    Ended(Outcome),
}

/// The names of one tenant.
#[derive(Clone, Debug)]
pub(super) struct TenantNames(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    tenant: TenantId,
    directory: Directory,
    lanes: Lanes,
    slots: Mutex<HashMap<String, Slot>>,
}

impl TenantNames {
    pub(super) fn new(tenant: TenantId, directory: Directory) -> Self {
        let lanes = directory.lanes.of_tenant();
        Self(Arc::new(Inner { tenant, directory, lanes, slots: Mutex::default() }))
    }
}

impl Resolve for TenantNames {
    fn resolve(&self, name: Name) -> Resolving {
        let inner = self.0.clone();
        // A connection that nobody waits for any more is made in a task of its own.
        let until = WAITS_UNTIL.try_with(|until| *until).ok();
        Box::pin(async move {
            let addresses = inner.addresses(name.as_str(), until).await?;
            // Port 0 stands for the port of the URL.
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

impl Inner {
    async fn addresses(self: Arc<Self>, name: &str, until: Option<Instant>) -> Outcome {
        let found = match self.clone().known(name) {
            Ok(known) => known?,
            Err(look_up) => outcome(look_up, until).await?,
        };
        self.directory.checked(name, &found)
    }

    /// What is known of a name, or else the look-up to wait for. What is stale is known still, and is
    /// looked up in the meantime.
    fn known(self: Arc<Self>, name: &str) -> Result<Outcome, watch::Receiver<Stage>> {
        let slot = self.slot(name);
        let mut state = lock(&slot);
        let keep = self.directory.keep;
        if let Some(fresh) = state.fresh(keep) {
            return Ok(fresh);
        }
        let look_up = match state.under_way() {
            Some(look_up) => look_up.clone(),
            None => self.begin(name, &slot, &mut state),
        };
        state.found_within(keep.stale).map(|found| Ok(found.to_vec())).ok_or(look_up)
    }

    fn begin(
        self: Arc<Self>,
        name: &str,
        slot: &Slot,
        state: &mut State,
    ) -> watch::Receiver<Stage> {
        let (stage, look_up) = watch::channel(Stage::Queued);
        state.look_up = Some(look_up.clone());
        let was_found = state.found.is_some() && state.failed.is_none();
        let (name, slot) = (name.to_owned(), slot.clone());
        // A task of its own, because a look-up cannot be called off: who waits gives up at the
        // deadline, and others wait for the same one.
        tokio::spawn(async move {
            let outcome = self.look_up(&name, was_found, &stage).await;
            lock(&slot).settle(&outcome);
            stage.send_replace(Stage::Ended(outcome));
        });
        look_up
    }

    async fn look_up(&self, name: &str, was_found: bool, stage: &watch::Sender<Stage>) -> Outcome {
        let lane = if was_found { &self.lanes.known } else { &self.lanes.others };
        let begins = || drop(stage.send_replace(Stage::Begun));
        let asked = lane.take(self.tenant, begins, self.directory.names.look_up(name)).await;
        match asked.map_err(NoAddress::Full)? {
            Ok(found) if found.is_empty() => Err(NoAddress::Unknown("it has no address".into())),
            Ok(found) => Ok(found),
            Err(error) => Err(NoAddress::Unknown(error.to_string())),
        }
    }

    fn slot(&self, name: &str) -> Slot {
        let mut slots = lock(&self.slots);
        if let Some(slot) = slots.get(name) {
            return slot.clone();
        }
        if slots.len() >= MOST_NAMES {
            let keep = self.directory.keep;
            slots.retain(|_, slot| lock(slot).is_needed(keep));
        }
        let slot = Slot::default();
        // A tenant with more names than that has them looked up each time.
        if slots.len() < MOST_NAMES {
            slots.insert(name.to_owned(), slot.clone());
        }
        slot
    }
}

impl State {
    /// What need not be asked again yet.
    fn fresh(&self, keep: Keep) -> Option<Outcome> {
        match &self.failed {
            Some((at, problem)) if at.elapsed() < keep.fresh.min(KEEP_FAILURE) => {
                let unknown = || NoAddress::Unknown(problem.clone());
                let stale = self.found_within(keep.stale);
                Some(stale.map(<[IpAddr]>::to_vec).ok_or_else(unknown))
            }
            Some(_) => None,
            None => self.found_within(keep.fresh).map(|found| Ok(found.to_vec())),
        }
    }

    fn found_within(&self, time: Duration) -> Option<&[IpAddr]> {
        let (at, found) = self.found.as_ref()?;
        (at.elapsed() < time).then_some(found)
    }

    /// The look-up under way. One that broke off is not.
    fn under_way(&self) -> Option<&watch::Receiver<Stage>> {
        self.look_up.as_ref().filter(|look_up| look_up.has_changed().is_ok())
    }

    fn settle(&mut self, outcome: &Outcome) {
        self.look_up = None;
        match outcome {
            Ok(found) => {
                self.found = Some((Instant::now(), found.clone()));
                self.failed = None;
            }
            Err(NoAddress::Unknown(problem)) => {
                self.failed = Some((Instant::now(), problem.clone()));
            }
            // Nobody was asked.
            Err(_) => {}
        }
    }

    fn is_needed(&self, keep: Keep) -> bool {
        let longest = keep.stale.max(keep.fresh);
        self.under_way().is_some()
            || self.fresh(keep).is_some()
            || self.found_within(longest).is_some()
    }
}

/// Waits for the end of a look-up: for its turn no longer than until then.
async fn outcome(mut look_up: watch::Receiver<Stage>, until: Option<Instant>) -> Outcome {
    if let Some(until) = until {
        let has_begun = look_up.wait_for(|stage| !matches!(stage, Stage::Queued));
        let in_time = timeout_at(until, has_begun).await.is_ok();
        if !in_time {
            return Err(NoAddress::Queued);
        }
    }
    match look_up.wait_for(|stage| matches!(stage, Stage::Ended(_))).await.as_deref() {
        Ok(Stage::Ended(outcome)) => outcome.clone(),
        _ => Err(NoAddress::Unknown("the look-up broke off".into())),
    }
}

/// The locks guard single steps, so that what they guard is whole even after a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
