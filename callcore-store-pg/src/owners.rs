//! Whose a target is, which is asked before anything is proved: mirrored in memory, so that whoever
//! makes ids up costs the database nothing.

use std::collections::{BTreeSet, HashMap};

use callcore::port::StoreError;
use callcore::vocabulary::{TargetId, TenantId};
use sqlx::PgPool;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::error::failed;
use crate::revision::Revisions;
use crate::transaction::snapshot;

/// The targets of all tenants, by the revisions at which they were read.
#[derive(Debug, Default)]
pub(crate) struct Owners(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    tenants: HashMap<TenantId, (u64, Vec<TargetId>)>,
    owners: HashMap<TargetId, BTreeSet<TenantId>>,
}

impl Owners {
    /// The tenants that have this target, after the targets of those that changed anything since the
    /// last time were read again.
    pub(crate) async fn of(
        &self,
        target: TargetId,
        revisions: &Revisions,
        pool: &PgPool,
    ) -> Result<Vec<TenantId>, StoreError> {
        // One reads, the others wait for it: each change is read once.
        let mut known = self.0.lock().await;
        for (tenant, revision) in revisions.all() {
            if known.tenants.get(&tenant).is_some_and(|(read, _)| *read >= revision) {
                continue;
            }
            // What is read is at least as new as the revision that was known before.
            let targets = snapshot(pool, tenant, move |db| {
                Box::pin(async move {
                    let ids: Vec<Uuid> =
                        sqlx::query_scalar("SELECT id FROM rtb_targets WHERE tenant_id = $1")
                            .bind(tenant.uuid())
                            .fetch_all(db)
                            .await
                            .map_err(failed)?;
                    Ok::<_, StoreError>(ids.into_iter().map(TargetId::from_uuid).collect())
                })
            });
            known.learn(tenant, revision, targets.await?);
        }
        Ok(known.owners.get(&target).into_iter().flatten().copied().collect())
    }
}

impl Known {
    fn learn(&mut self, tenant: TenantId, revision: u64, targets: Vec<TargetId>) {
        let (_, before) = self.tenants.remove(&tenant).unwrap_or_default();
        for target in before {
            if let Some(owners) = self.owners.get_mut(&target) {
                owners.remove(&tenant);
                if owners.is_empty() {
                    self.owners.remove(&target);
                }
            }
        }
        for target in &targets {
            self.owners.entry(*target).or_default().insert(tenant);
        }
        self.tenants.insert(tenant, (revision, targets));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tenant_has_no_more_is_forgotten() {
        let tenant = |n| TenantId::from_uuid(Uuid::from_u128(n));
        let target = |n| TargetId::from_uuid(Uuid::from_u128(n));
        let mut known = Known::default();
        known.learn(tenant(1), 1, vec![target(7), target(8)]);
        known.learn(tenant(2), 1, vec![target(8)]);
        assert_eq!(known.owners[&target(8)], BTreeSet::from([tenant(1), tenant(2)]));
        known.learn(tenant(1), 2, vec![target(9)]);
        assert_eq!(known.owners[&target(8)], BTreeSet::from([tenant(2)]));
        assert!(!known.owners.contains_key(&target(7)));
        assert_eq!(known.tenants[&tenant(1)], (2, vec![target(9)]));
    }
}
