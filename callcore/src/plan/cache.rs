//! Keeps plans, and the answer to which number belongs to whom, each with the revision that it was
//! read at.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::{NumberHolder, PinnedFlow, Plan};
use crate::vocabulary::{CampaignId, PhoneNumber, TenantId};

/// Entries of each kind; beyond it the cache starts anew. More than a single server routes.
const ENTRIES: usize = 100_000;

/// Versions of a campaign's flow, beside the newest, that calls are on: whoever republishes while calls
/// go on leaves one behind each time. A call that misses its version reads it again.
const PINNED: usize = 8;

/// Campaigns of which such versions are kept; beyond it they are read anew.
const PINNED_CAMPAIGNS: usize = ENTRIES / PINNED;

/// Whose turn it is to load a plan.
pub(crate) type TurnToLoad = futures_util::lock::Mutex<()>;

#[derive(Clone, Copy, Debug)]
struct KnownNumber {
    revision: u64,
    holder: Option<NumberHolder>,
}

#[derive(Debug, Default)]
struct Entries {
    plans: HashMap<Key, Arc<Plan>>,
    /// With older versions of their flows, the least recently used first.
    pinned: HashMap<Key, Vec<(PinnedFlow, Arc<Plan>)>>,
    numbers: HashMap<PhoneNumber, KnownNumber>,
    loading: HashMap<Key, Weak<TurnToLoad>>,
}

/// A campaign.
type Key = (TenantId, CampaignId);

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
        let key = (tenant, campaign);
        let plan = self.with(|entries| match flow {
            None => entries.plans.get(&key).cloned(),
            Some(flow) => entries.pinned.get_mut(&key).and_then(|kept| used(kept, flow)),
        })?;
        (plan.revision >= revision).then_some(plan)
    }

    /// Keeps a plan that was loaded for this version of its flow, or for the newest.
    pub fn keep_plan(&self, plan: &Arc<Plan>, flow: Option<PinnedFlow>) {
        let key = (plan.tenant, plan.id);
        self.with(|entries| match flow {
            None => keep(&mut entries.plans, key, Arc::clone(plan), ENTRIES),
            Some(flow) => keep_pinned(&mut entries.pinned, key, flow, plan),
        });
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
            entries.plans.remove(&(tenant, campaign));
            entries.pinned.remove(&(tenant, campaign));
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
        let known = KnownNumber { revision, holder };
        self.with(|entries| keep(&mut entries.numbers, number, known, ENTRIES));
    }

    fn with<T>(&self, act: impl FnOnce(&mut Entries) -> T) -> T {
        // A panic elsewhere cannot leave the maps half written, so a poisoned lock is still good.
        act(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The plan of a campaign with this version of its flow, which is now the last to be dropped.
fn used(kept: &mut Vec<(PinnedFlow, Arc<Plan>)>, flow: PinnedFlow) -> Option<Arc<Plan>> {
    let at = kept.iter().position(|(known, _)| *known == flow)?;
    let entry = kept.remove(at);
    let plan = Arc::clone(&entry.1);
    kept.push(entry);
    Some(plan)
}

fn keep_pinned(
    map: &mut HashMap<Key, Vec<(PinnedFlow, Arc<Plan>)>>,
    key: Key,
    flow: PinnedFlow,
    plan: &Arc<Plan>,
) {
    let mut kept = map.remove(&key).unwrap_or_default();
    kept.retain(|(known, _)| *known != flow);
    kept.push((flow, Arc::clone(plan)));
    let surplus = kept.len().saturating_sub(PINNED);
    kept.drain(..surplus);
    keep(map, key, kept, PINNED_CAMPAIGNS);
}

fn keep<K: Eq + Hash, V>(map: &mut HashMap<K, V>, key: K, value: V, most: usize) {
    if map.len() >= most {
        map.clear();
    }
    map.insert(key, value);
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::model::{Campaign, RoutingType, Stored};
    use crate::plan::Source;
    use crate::vocabulary::FlowId;

    const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(1));

    fn plan(campaign: u128) -> Arc<Plan> {
        let campaign = Stored {
            id: Uuid::from_u128(campaign),
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            value: Campaign::new("Sales", RoutingType::Direct),
        };
        Arc::new(Plan::compile(&Source {
            tenant: TENANT,
            revision: 7,
            campaign,
            number: None,
            number_also_used_by: Vec::new(),
            buyers: Vec::new(),
            targets: Vec::new(),
            router: None,
            router_targets: Vec::new(),
            flow: None,
        }))
    }

    fn pinned(version: u32) -> PinnedFlow {
        PinnedFlow { flow: FlowId::from_uuid(Uuid::from_u128(9)), version }
    }

    fn knows(cache: &PlanCache, plan: &Plan, version: Option<u32>) -> bool {
        cache.plan(TENANT, plan.id, version.map(pinned), 7).is_some()
    }

    #[test]
    fn of_older_versions_the_last_used_are_kept_and_the_newest_plan_always() {
        let cache = PlanCache::default();
        let (own, other) = (plan(2), plan(3));
        cache.keep_plan(&own, None);
        cache.keep_plan(&other, Some(pinned(1)));
        for version in 1..=8 {
            cache.keep_plan(&own, Some(pinned(version)));
        }
        assert!(knows(&cache, &own, Some(1)), "eight are kept, and this one is used now");
        for version in 9..=15 {
            cache.keep_plan(&own, Some(pinned(version)));
        }
        let known: Vec<u32> =
            (1..=15).filter(|version| knows(&cache, &own, Some(*version))).collect();
        assert_eq!(known, [1, 9, 10, 11, 12, 13, 14, 15]);
        assert!(knows(&cache, &own, None) && knows(&cache, &other, Some(1)));
        cache.keep_plan(&own, Some(pinned(1)));
        assert!(knows(&cache, &own, Some(15)), "to read a version again drops no other");
        cache.forget_plan(TENANT, own.id);
        assert!(!knows(&cache, &own, None) && !knows(&cache, &own, Some(15)));
    }
}
