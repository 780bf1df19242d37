//! Keeps plans, and the answer to which number belongs to whom, each with the revision that it was
//! read at.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::{NumberHolder, PinnedFlow, Plan};
use crate::vocabulary::{CampaignId, PhoneNumber, TenantId};

/// Entries of each kind; beyond it the cache starts anew. More than a single server routes.
const ENTRIES: usize = 100_000;

/// Whose turn it is to load a plan.
pub(crate) type TurnToLoad = futures_util::lock::Mutex<()>;

#[derive(Clone, Copy, Debug)]
struct KnownNumber {
    revision: u64,
    holder: Option<NumberHolder>,
}

#[derive(Debug, Default)]
struct Entries {
    plans: HashMap<PlanKey, Arc<Plan>>,
    numbers: HashMap<PhoneNumber, KnownNumber>,
    loading: HashMap<(TenantId, CampaignId), Weak<TurnToLoad>>,
}

/// A campaign, with the version of a flow that a call is pinned to where that is not the newest.
type PlanKey = (TenantId, CampaignId, Option<PinnedFlow>);

/// The cache. An entry is as good as the revision it was read at: whoever asks names the newest
/// revision that is known, and an older entry is no answer.
#[derive(Debug, Default)]
pub struct PlanCache {
    entries: Mutex<Entries>,
}

impl PlanCache {
    /// The plan of a campaign, with its flow in this version or in the newest, if it is known at this
    /// revision or a newer one.
    pub fn plan(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        flow: Option<PinnedFlow>,
        revision: u64,
    ) -> Option<Arc<Plan>> {
        let plan = self.with(|entries| entries.plans.get(&(tenant, campaign, flow)).cloned())?;
        (plan.revision >= revision).then_some(plan)
    }

    /// Keeps a plan that was loaded for this version of its flow, or for the newest.
    pub fn keep_plan(&self, plan: &Arc<Plan>, flow: Option<PinnedFlow>) {
        let key = (plan.tenant, plan.id, flow);
        self.with(|entries| keep(&mut entries.plans, key, Arc::clone(plan)));
    }

    /// The turn to load this plan: one for all who miss it at the same time.
    pub(crate) fn loading(&self, tenant: TenantId, campaign: CampaignId) -> Arc<TurnToLoad> {
        self.with(|entries| {
            let known = entries.loading.get(&(tenant, campaign)).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let turn = Arc::new(TurnToLoad::default());
                entries.loading.retain(|_, turn| turn.strong_count() > 0);
                entries.loading.insert((tenant, campaign), Arc::downgrade(&turn));
                turn
            })
        })
    }

    /// Forgets the plan of a campaign that is gone.
    pub fn forget_plan(&self, tenant: TenantId, campaign: CampaignId) {
        self.with(|entries| {
            entries.plans.retain(|(of, plan, _), _| (*of, *plan) != (tenant, campaign));
        });
    }

    /// Who holds a number, if that is known at this revision or a newer one. That nobody does is
    /// known too.
    pub fn holder(&self, number: &PhoneNumber, revision: u64) -> Option<Option<NumberHolder>> {
        let known = self.with(|entries| entries.numbers.get(number).copied())?;
        (known.revision >= revision).then_some(known.holder)
    }

    /// Keeps who holds a number, as of a revision.
    pub fn keep_holder(&self, number: PhoneNumber, revision: u64, holder: Option<NumberHolder>) {
        self.with(|entries| keep(&mut entries.numbers, number, KnownNumber { revision, holder }));
    }

    fn with<T>(&self, act: impl FnOnce(&mut Entries) -> T) -> T {
        // A panic elsewhere cannot leave the maps half written, so a poisoned lock is still good.
        act(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn keep<K: Eq + Hash, V>(map: &mut HashMap<K, V>, key: K, value: V) {
    if map.len() >= ENTRIES {
        map.clear();
    }
    map.insert(key, value);
}
