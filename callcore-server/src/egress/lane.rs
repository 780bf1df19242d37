//! Whose name is looked up next. Names that were found the last time and all others go in lanes of
//! their own, and whoever does not answer soon makes way: so names whose servers hang hold up no
//! name that is known.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use callcore::vocabulary::TenantId;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::place::{Full, Places};

/// How many look-ups of a lane have their turn at once, for all tenants and for one.
const MOST_TURNS: usize = 64;
const MOST_TURNS_OF_TENANT: usize = 8;
/// How long a look-up has its turn. It goes on afterwards, but no longer holds up the next.
const TURN: Duration = Duration::from_secs(1);
/// How many look-ups of a lane are under way at once, with those that hang. The system's resolver
/// blocks a thread for each, for as long as a name server likes, and the runtime has 512 of them.
const MOST_THREADS: usize = 128;

/// The two lanes of one tenant, or of the operator, who lends them to all tenants.
#[derive(Clone, Debug)]
pub(super) struct Lanes {
    /// For names that were found the last time.
    pub(super) known: Lane,
    /// For new names, and those that were not found.
    pub(super) others: Lane,
}

/// Turns and threads for look-ups.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    of_tenant: Arc<Semaphore>,
    of_all: Arc<Semaphore>,
    threads: Places<TenantId>,
}

impl Default for Lanes {
    fn default() -> Self {
        Self { known: Lane::new(), others: Lane::new() }
    }
}

impl Lanes {
    /// The same lanes for one more tenant.
    #[must_use]
    pub(super) fn of_tenant(&self) -> Self {
        Self { known: self.known.of_tenant(), others: self.others.of_tenant() }
    }
}

impl Lane {
    fn new() -> Self {
        Self {
            of_tenant: Arc::new(Semaphore::new(MOST_TURNS_OF_TENANT)),
            of_all: Arc::new(Semaphore::new(MOST_TURNS)),
            threads: Places::new(MOST_THREADS, MOST_THREADS),
        }
    }

    fn of_tenant(&self) -> Self {
        let of_tenant = Arc::new(Semaphore::new(MOST_TURNS_OF_TENANT));
        Self { of_tenant, ..self.clone() }
    }

    /// Waits for a turn, says that it begins, and looks up to the end.
    ///
    /// # Errors
    /// [`Full`] where as many look-ups hang as may.
    pub(super) async fn take<T>(
        &self,
        tenant: TenantId,
        begins: impl FnOnce() + Send,
        look_up: impl Future<Output = T> + Send,
    ) -> Result<T, Full> {
        // Nobody closes the semaphores.
        let turn = (self.of_tenant.acquire().await, self.of_all.acquire().await);
        let _thread = self.threads.take(&tenant)?;
        begins();
        let mut look_up = pin!(look_up);
        if let Ok(found) = timeout(TURN, look_up.as_mut()).await {
            return Ok(found);
        }
        drop(turn);
        // It cannot be called off, so its thread counts until it is free again.
        Ok(look_up.await)
    }
}
