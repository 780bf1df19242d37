//! Keeps plans, and the answer to which number belongs to whom, until the configuration changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Plan;
use crate::port::{Directory, NumberHolder, StoreError, SystemStore};
use crate::vocabulary::{CampaignId, PhoneNumber, TenantId};

/// Entries of each kind; beyond it the cache starts anew. A full cache is a few hundred megabytes
/// of plans, which no single server routes.
const ENTRIES: usize = 100_000;

/// Who answers a number.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Nobody holds it.
    NobodyHolds,
    /// A tenant holds it, but no campaign uses it.
    NoCampaign(TenantId),
    /// This campaign.
    Campaign(Arc<Plan>),
}

#[derive(Clone, Copy, Debug)]
struct KnownNumber {
    revision: u64,
    holder: Option<NumberHolder>,
}

#[derive(Debug, Default)]
struct Entries {
    plans: HashMap<(TenantId, CampaignId), Arc<Plan>>,
    numbers: HashMap<PhoneNumber, KnownNumber>,
}

/// The cache. An entry is as good as the revision it was read at: a higher known revision makes it
/// stale, so a change holds for the very next webhook of the same process.
#[derive(Debug)]
pub struct PlanCache {
    directory: Arc<dyn Directory>,
    system: Arc<dyn SystemStore>,
    entries: Mutex<Entries>,
}

impl PlanCache {
    /// An empty cache in front of a store.
    pub fn new(directory: Arc<dyn Directory>, system: Arc<dyn SystemStore>) -> Self {
        Self { directory, system, entries: Mutex::default() }
    }

    /// Who answers a number. Numbers that nobody holds are remembered too.
    ///
    /// # Errors
    /// [`StoreError`] where something had to be read and could not be.
    pub async fn answer(&self, called: &PhoneNumber) -> Result<Answer, StoreError> {
        let Some(holder) = self.holder(called).await? else { return Ok(Answer::NobodyHolds) };
        let Some(campaign) = holder.campaign else { return Ok(Answer::NoCampaign(holder.tenant)) };
        Ok(match self.plan(holder.tenant, campaign).await? {
            Some(plan) => Answer::Campaign(plan),
            None => Answer::NoCampaign(holder.tenant),
        })
    }

    /// The plan of a campaign, if it exists.
    ///
    /// # Errors
    /// [`StoreError`] where it had to be read and could not be.
    pub async fn plan(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
    ) -> Result<Option<Arc<Plan>>, StoreError> {
        // The revision is read first: a change in between only makes the entry stale too early.
        let revision = self.directory.revision(tenant);
        if let Some(plan) = self.with(|entries| entries.plans.get(&(tenant, campaign)).cloned())
            && plan.revision >= revision
        {
            return Ok(Some(plan));
        }
        let Some(source) = self.directory.source(tenant, campaign).await? else {
            self.with(|entries| entries.plans.remove(&(tenant, campaign)));
            return Ok(None);
        };
        let plan = Arc::new(Plan::compile(&source));
        self.with(|entries| {
            make_room(&mut entries.plans);
            entries.plans.insert((tenant, campaign), Arc::clone(&plan));
        });
        Ok(Some(plan))
    }

    async fn holder(&self, called: &PhoneNumber) -> Result<Option<NumberHolder>, StoreError> {
        let revision = self.directory.numbers_revision();
        if let Some(known) = self.with(|entries| entries.numbers.get(called).copied())
            && known.revision >= revision
        {
            return Ok(known.holder);
        }
        let holder = self.system.number(called).await?;
        self.with(|entries| {
            make_room(&mut entries.numbers);
            entries.numbers.insert(called.clone(), KnownNumber { revision, holder });
        });
        Ok(holder)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Entries) -> T) -> T {
        // A panic elsewhere cannot leave the maps half written, so a poisoned lock is still good.
        act(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn make_room<K, V>(map: &mut HashMap<K, V>) {
    if map.len() >= ENTRIES {
        map.clear();
    }
}
