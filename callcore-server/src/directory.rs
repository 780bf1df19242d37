//! Configurations with their secrets opened. At rest a target's secret is sealed; a plan is compiled
//! with the secret itself.

use std::sync::Arc;

use async_trait::async_trait;
use callcore::model::{Stored, Target};
use callcore::port::{Directory, PinnedFlow, Source, StoreError, Trial};
use callcore::vocabulary::{CampaignId, TenantId, TrialId};
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::secrets::{DoesNotOpen, Sealer};

/// Where a target's secret belongs.
pub fn place_of_target(id: Uuid) -> String {
    format!("target/{id}")
}

/// Opens the secret of a target, if it has one.
///
/// # Errors
/// [`DoesNotOpen`], also where there is no key.
pub fn open_target(
    sealer: Option<&Sealer>,
    id: Uuid,
    target: &mut Target,
) -> Result<(), DoesNotOpen> {
    if let Some(secret) = target.auth.as_mut().and_then(|auth| auth.secret_mut()) {
        let opened = sealer.ok_or(DoesNotOpen)?.open(secret, &place_of_target(id))?;
        *secret = opened.expose_secret().to_owned();
    }
    Ok(())
}

/// A store's directory, with secrets opened. A target whose secret does not open is left out, so
/// that a call is not lost for it.
#[derive(Debug)]
pub struct OpenDirectory {
    inner: Arc<dyn Directory>,
    sealer: Option<Arc<Sealer>>,
}

impl OpenDirectory {
    /// Opens what this directory answers.
    pub fn new(inner: Arc<dyn Directory>, sealer: Option<Arc<Sealer>>) -> Self {
        Self { inner, sealer }
    }

    fn opens(&self, tenant: TenantId, target: &mut Stored<Target>) -> bool {
        let opened = open_target(self.sealer.as_deref(), target.id, &mut target.value);
        if let Err(error) = &opened {
            tracing::error!(%error, %tenant, target = %target.id, name = target.value.name,
                "a target is left out");
        }
        opened.is_ok()
    }
}

#[async_trait]
impl Directory for OpenDirectory {
    fn revision(&self, tenant: TenantId) -> u64 {
        self.inner.revision(tenant)
    }

    fn numbers_revision(&self) -> u64 {
        self.inner.numbers_revision()
    }

    async fn source(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        flow: Option<PinnedFlow>,
    ) -> Result<Option<Source>, StoreError> {
        let source = self.inner.source(tenant, campaign, flow).await?;
        let Some(mut source) = source else { return Ok(None) };
        source.targets.retain_mut(|assigned| self.opens(tenant, &mut assigned.target));
        source.router_targets.retain_mut(|target| self.opens(tenant, target));
        if let Some(flow) = &mut source.flow {
            flow.router_targets.retain_mut(|target| self.opens(tenant, target));
        }
        Ok(Some(source))
    }

    async fn trial(&self, tenant: TenantId, trial: TrialId) -> Result<Option<Trial>, StoreError> {
        self.inner.trial(tenant, trial).await
    }
}

#[cfg(test)]
mod tests {
    use callcore::memory::MemoryStore;
    use callcore::model::{Campaign, RoutingType, TargetAssignment, TargetAuth};
    use callcore::port::Registry;
    use callcore::vocabulary::TargetId;
    use chrono::DateTime;

    use super::*;

    #[tokio::test]
    async fn a_target_whose_secret_does_not_open_is_left_out() {
        let store = Arc::new(MemoryStore::new());
        let (tenant, now) = (TenantId::from_uuid(Uuid::from_u128(1)), DateTime::UNIX_EPOCH);
        let id = Uuid::from_u128(2);
        let campaign = Campaign::new("Sales", RoutingType::Rtb);
        store.create(tenant, id, campaign.into(), now).await.unwrap();
        let campaign = CampaignId::from_uuid(id);
        let sealer = Sealer::new(&"k".repeat(32).into());
        for (number, place) in [(3, 3), (4, 99)] {
            let id = Uuid::from_u128(number);
            let mut target = Target::new("Acme", "https://bid.example.com/");
            let token = sealer.seal("hunter2", &place_of_target(Uuid::from_u128(place)));
            target.auth = Some(TargetAuth::Bearer { token });
            store.create(tenant, id, target.into(), now).await.unwrap();
            let assignment = TargetAssignment::default();
            let id = TargetId::from_uuid(id);
            store.assign_target(tenant, campaign, id, assignment, now).await.unwrap();
        }
        let directory = OpenDirectory::new(store, Some(Arc::new(sealer)));
        let source = directory.source(tenant, campaign, None).await.unwrap().unwrap();
        let [assigned] = source.targets.as_slice() else { panic!("{source:?}") };
        assert_eq!(assigned.target.id, Uuid::from_u128(3));
        let token = "hunter2".to_owned();
        assert_eq!(assigned.target.value.auth, Some(TargetAuth::Bearer { token }));
    }

    #[test]
    fn a_secret_opens_with_its_key_for_its_target_only() {
        let sealer = Sealer::new(&"k".repeat(32).into());
        let id = Uuid::from_u128(7);
        let token = sealer.seal("hunter2", &place_of_target(id));
        let mut sealed = Target::new("Acme", "https://bid.example.com/");
        sealed.auth = Some(TargetAuth::Bearer { token });
        let mut target = sealed.clone();
        open_target(Some(&sealer), id, &mut target).unwrap();
        assert_eq!(target.auth, Some(TargetAuth::Bearer { token: "hunter2".into() }));
        assert_eq!(open_target(None, id, &mut sealed.clone()), Err(DoesNotOpen));
        let other = Uuid::from_u128(8);
        assert_eq!(open_target(Some(&sealer), other, &mut sealed), Err(DoesNotOpen));
        let mut open = Target::new("Open", "https://bid.example.com/");
        open_target(None, id, &mut open).unwrap();
    }
}
