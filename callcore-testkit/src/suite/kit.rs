//! What cases have in common: the ports of one store, seen by one tenant, and short ways to do the
//! usual.

use std::sync::Arc;

use callcore::call::Call;
use callcore::model::{Campaign, CampaignStatus, Kind, Object, Stored};
use callcore::port::{
    Accounts, Ask, AuctionRecord, Auctions, Calls, Capacity, Directory, FlowVersion, Flows, Held,
    Look, Outbox, Registry, RegistryError, Release, Reservation, Reserved, Save, SaveError,
    SystemStore,
};
use callcore::routing::Cap;
use callcore::vocabulary::{TenantId, limits};
use chrono::{DateTime, Utc};
use tokio::sync::Barrier;
use uuid::Uuid;

use crate::Harness;
use crate::fixtures::{
    self, assignment, buyer_id, call_id, campaign_id, claim, flow_id, noon, number_id, reservation,
    router_id, target_assignment, target_id,
};

/// A call that holds nothing, so its look shows everybody's places.
const STRANGER: u32 = 9_000_000;

/// The ports of a store as one tenant uses them.
#[derive(Clone)]
pub(super) struct Kit {
    pub(super) tenant: TenantId,
    pub(super) directory: Arc<dyn Directory>,
    pub(super) system: Arc<dyn SystemStore>,
    pub(super) calls: Arc<dyn Calls>,
    pub(super) capacity: Arc<dyn Capacity>,
    pub(super) registry: Arc<dyn Registry>,
    pub(super) accounts: Arc<dyn Accounts>,
    pub(super) auctions: Arc<dyn Auctions>,
    pub(super) flows: Arc<dyn Flows>,
    pub(super) outbox: Arc<dyn Outbox>,
}

impl Kit {
    /// Tenant 1.
    pub(super) fn of(harness: &impl Harness) -> Self {
        Self {
            tenant: fixtures::tenant(1),
            directory: harness.directory(),
            system: harness.system(),
            calls: harness.calls(),
            capacity: harness.capacity(),
            registry: harness.registry(),
            accounts: harness.accounts(),
            auctions: harness.auctions(),
            flows: harness.flows(),
            outbox: harness.outbox(),
        }
    }

    /// Another tenant of the same store.
    pub(super) fn as_tenant(&self, n: u32) -> Self {
        Self { tenant: fixtures::tenant(n), ..self.clone() }
    }

    pub(super) fn revision(&self) -> u64 {
        self.directory.revision(self.tenant)
    }

    pub(super) async fn try_create(
        &self,
        id: Uuid,
        object: impl Into<Object>,
        now: DateTime<Utc>,
    ) -> Result<Stored<Object>, RegistryError> {
        self.registry.create(self.tenant, id, object.into(), now).await
    }

    pub(super) async fn create(&self, id: Uuid, object: impl Into<Object>) -> Stored<Object> {
        self.try_create(id, object, noon()).await.expect("nothing forbids this object")
    }

    pub(super) async fn buyer(&self, n: u32) -> Stored<Object> {
        self.create(buyer_id(n).uuid(), fixtures::buyer(n)).await
    }

    pub(super) async fn number(&self, n: u32) -> Stored<Object> {
        self.create(number_id(n).uuid(), fixtures::number(n)).await
    }

    pub(super) async fn target(&self, n: u32) -> Stored<Object> {
        self.create(target_id(n).uuid(), fixtures::target(n)).await
    }

    /// Creates router `n` of these targets.
    pub(super) async fn router(&self, n: u32, targets: &[u32]) -> Stored<Object> {
        self.create(router_id(n).uuid(), fixtures::router(n, targets.iter().copied())).await
    }

    /// Creates campaign `n`, which names a router.
    pub(super) async fn campaign_with(&self, router: u32, n: u32) -> Stored<Object> {
        let router = Some(router_id(router));
        let campaign = Campaign { rtb_router_id: router, ..fixtures::campaign(n) };
        self.create(campaign_id(n).uuid(), campaign).await
    }

    /// Creates the draft of flow `n`.
    pub(super) async fn flow(&self, n: u32) -> Stored<Object> {
        self.create(flow_id(n).uuid(), fixtures::draft(fixtures::flow(n))).await
    }

    /// Creates campaign `n`, which names a flow.
    pub(super) async fn campaign_in(&self, flow: u32, n: u32) -> Stored<Object> {
        let campaign = Campaign { flow_id: Some(flow_id(flow)), ..fixtures::campaign(n) };
        self.create(campaign_id(n).uuid(), campaign).await
    }

    pub(super) async fn try_publish(
        &self,
        n: u32,
        draft: u64,
        now: DateTime<Utc>,
    ) -> Result<FlowVersion, RegistryError> {
        self.flows.publish(self.tenant, flow_id(n), draft, now).await
    }

    /// Publishes this draft of flow `n`, which is the newest one.
    pub(super) async fn publish(&self, n: u32, draft: &Stored<Object>) -> FlowVersion {
        self.try_publish(n, draft.version, noon()).await.expect("the draft is the newest one")
    }

    pub(super) async fn campaign(&self, n: u32) -> Stored<Object> {
        self.create(campaign_id(n).uuid(), fixtures::campaign(n)).await
    }

    /// Creates campaign `n` on a number of the inventory.
    pub(super) async fn campaign_on(
        &self,
        number: u32,
        n: u32,
        status: CampaignStatus,
    ) -> Stored<Object> {
        let campaign = fixtures::campaign_on(number_id(number), n, status);
        self.create(campaign_id(n).uuid(), campaign).await
    }

    pub(super) async fn try_replace(
        &self,
        before: &Stored<Object>,
        object: impl Into<Object>,
        now: DateTime<Utc>,
    ) -> Result<Stored<Object>, RegistryError> {
        self.registry.replace(self.tenant, before.id, before.version, object.into(), now).await
    }

    /// Writes a campaign with another status.
    pub(super) async fn set_status(
        &self,
        before: &Stored<Object>,
        status: CampaignStatus,
        now: DateTime<Utc>,
    ) -> Result<Stored<Object>, RegistryError> {
        let campaign: Stored<Campaign> = before.clone().of().expect("a campaign");
        self.try_replace(before, Campaign { status, ..campaign.value }, now).await
    }

    pub(super) async fn read(&self, kind: Kind, id: Uuid) -> Option<Stored<Object>> {
        self.registry.read(self.tenant, kind, id).await.expect("the store answers")
    }

    pub(super) async fn delete(&self, kind: Kind, id: Uuid) -> Result<(), RegistryError> {
        self.registry.delete(self.tenant, kind, id).await
    }

    /// Assigns buyer `n` to a campaign with weight `n`.
    pub(super) async fn assign(&self, campaign: u32, n: u32) -> Result<(), RegistryError> {
        let (campaign, buyer) = (campaign_id(campaign), buyer_id(n));
        let assigned =
            self.registry.assign(self.tenant, campaign, buyer, assignment(n), noon()).await;
        assigned.map(|_| ())
    }

    /// The buyers of a campaign.
    pub(super) async fn assigned(&self, campaign: u32) -> Vec<Uuid> {
        let rows = self.registry.assignments(self.tenant, campaign_id(campaign)).await;
        rows.expect("the campaign is there").into_iter().map(|row| row.id).collect()
    }

    /// Assigns target `n` to a campaign with weight `n`.
    pub(super) async fn assign_target(&self, campaign: u32, n: u32) -> Result<(), RegistryError> {
        let (campaign, target) = (campaign_id(campaign), target_id(n));
        let value = target_assignment(n);
        let assigned = self.registry.assign_target(self.tenant, campaign, target, value, noon());
        assigned.await.map(|_| ())
    }

    pub(super) async fn unassign_target(&self, campaign: u32, n: u32) -> Result<(), RegistryError> {
        self.registry.unassign_target(self.tenant, campaign_id(campaign), target_id(n)).await
    }

    /// The targets of a campaign.
    pub(super) async fn assigned_targets(&self, campaign: u32) -> Vec<Uuid> {
        let rows = self.registry.target_assignments(self.tenant, campaign_id(campaign)).await;
        rows.expect("the campaign is there").into_iter().map(|row| row.id).collect()
    }

    pub(super) async fn reserve(&self, reservation: Reservation, now: DateTime<Utc>) -> Reserved {
        self.capacity.reserve(self.tenant, reservation, now).await.expect("the store answers")
    }

    /// Reserves these caps for buyer 1, and is granted them.
    pub(super) async fn hold(
        &self,
        call: u32,
        attempt: u32,
        caps: &[Cap],
        now: DateTime<Utc>,
    ) -> Held {
        let wanted = reservation(call_id(call), attempt, [claim(1, caps.to_vec())]);
        match self.reserve(wanted, now).await {
            Reserved::Held(held) => held,
            refused => panic!("call {call} finds room at {now}, but got {refused:?}"),
        }
    }

    /// Whether the first attempt of a call is granted these caps.
    pub(super) async fn takes(&self, call: u32, caps: &[Cap], now: DateTime<Utc>) -> bool {
        let wanted = reservation(call_id(call), 1, [claim(1, caps.to_vec())]);
        matches!(self.reserve(wanted, now).await, Reserved::Held(_))
    }

    pub(super) async fn release(&self, call: u32, attempt: u32, refund: bool, now: DateTime<Utc>) {
        let releases = [Release { attempt, refund }];
        let released = self.capacity.release(self.tenant, call_id(call), &releases, now).await;
        released.expect("the store answers");
    }

    /// As many attempts as a call can dial, made or not; no case reserves for a later one.
    pub(super) async fn release_all(&self, call: u32, now: DateTime<Utc>) {
        let attempts = 1..=limits::ATTEMPTS;
        let releases: Vec<_> = attempts.map(|attempt| Release { attempt, refund: false }).collect();
        let released = self.capacity.release(self.tenant, call_id(call), &releases, now).await;
        released.expect("the store answers");
    }

    /// Places taken under a cap by anybody.
    pub(super) async fn used(&self, cap: &Cap, now: DateTime<Utc>) -> u32 {
        self.used_without(STRANGER, cap, now).await
    }

    /// Places taken under a cap, as this call sees it.
    pub(super) async fn used_without(&self, call: u32, cap: &Cap, now: DateTime<Utc>) -> u32 {
        let ask = Ask { caps: vec![*cap], ..Ask::default() };
        let look = self.look_at(call, &ask, now).await;
        look.usage.get(&cap.key).copied().unwrap_or(0)
    }

    pub(super) async fn held(&self, now: DateTime<Utc>) -> u64 {
        self.capacity.held(self.tenant, now).await.expect("the store answers")
    }

    pub(super) async fn look_at(&self, call: u32, ask: &Ask, now: DateTime<Utc>) -> Look {
        self.calls.look(self.tenant, call_id(call), ask, now).await.expect("the store answers")
    }

    pub(super) async fn look(&self, call: u32, ask: &Ask) -> Look {
        self.look_at(call, ask, noon()).await
    }

    /// The version of a call.
    pub(super) async fn version(&self, call: u32) -> Option<u64> {
        self.look(call, &Ask::default()).await.call.map(|(_, version)| version)
    }

    pub(super) async fn try_save(&self, save: Save) -> Result<(), SaveError> {
        self.calls.save(self.tenant, save).await
    }

    pub(super) async fn save(&self, save: Save) {
        self.try_save(save).await.expect("nobody else saved this call");
    }

    /// Saves a new call.
    pub(super) async fn save_new(&self, call: Call) {
        self.save(fixtures::save(call, None, &callcore::call::StepKey::voice())).await;
    }

    /// Saves a new call with an auction.
    pub(super) async fn save_auction(&self, call: Call, auction: AuctionRecord) {
        let voice = callcore::call::StepKey::voice();
        self.save(Save { auction: Some(auction), ..fixtures::save(call, None, &voice) }).await;
    }

    /// The auctions of a call.
    pub(super) async fn auctions_of(&self, call: u32) -> Vec<AuctionRecord> {
        self.auctions.of_call(self.tenant, call_id(call)).await.expect("the store answers")
    }

    pub(super) async fn draw(&self, call: u32, rotation: &str) -> u64 {
        let drawn = self.calls.draw(self.tenant, call_id(call), rotation, noon()).await;
        drawn.expect("the store answers")
    }
}

/// Runs as many tasks at once and answers what came of them, in their order.
pub(super) async fn race<T, F>(tasks: u32, task: impl Fn(u32) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(tasks as usize));
    let start = |n| {
        let (barrier, act) = (Arc::clone(&barrier), task(n));
        tokio::spawn(async move {
            barrier.wait().await;
            act.await
        })
    };
    let started: Vec<_> = (0..tasks).map(start).collect();
    let mut outcomes = Vec::new();
    for task in started {
        outcomes.push(task.await.expect("a racing task does not panic"));
    }
    outcomes
}

/// Asserts that a value is of this form, and shows what it is where it is not.
macro_rules! assert_is {
    ($value:expr, $pattern:pat $(if $guard:expr)?) => {
        match $value {
            $pattern $(if $guard)? => {}
            other => panic!("expected {}, got {other:?}", stringify!($pattern $(if $guard)?)),
        }
    };
}

pub(super) use assert_is;
