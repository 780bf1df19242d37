//! A store of your own: here the numbers and campaigns come from a table that your program has
//! already, while calls and caps stay in a store that callcore ships. Each port can come from
//! somewhere else, because each is a trait.
//!
//! Run it: `cargo run -p examples --example custom_store`
//!
//! A store that keeps everything itself proves itself with `callcore_testkit::store_suite!`.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use callcore::call::{Caller, CarrierCall, Event, EventKind, Incoming};
use callcore::memory::{MemoryStore, Offline};
use callcore::model::{Assignment, Buyer, Campaign, CampaignStatus, RoutingType, Stored};
use callcore::plan::{AssignedBuyer, NumberHolder, PinnedFlow, Source, Trial};
use callcore::port::{
    AccountsError, ApiKey, Credentials, Directory, Session, StoreError, Swept, SystemStore,
    TokenHash, User,
};
use callcore::switchboard::{Ports, Settings, Switchboard};
use callcore::vocabulary::{
    CallId, CampaignId, NumberId, PhoneNumber, TargetId, TenantId, TrialId,
};
use callcore_testkit::ManualClock;
use chrono::{DateTime, Utc};
use uuid::Uuid;

const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(1));

/// Your own table: which number is answered by whom.
#[derive(Debug)]
struct Table {
    lines: HashMap<PhoneNumber, (CampaignId, Buyer)>,
    /// Everything that this example does not keep itself.
    inner: Arc<MemoryStore>,
}

impl Table {
    fn source(&self, campaign: CampaignId) -> Option<Source> {
        let (_, buyer) = self.lines.values().find(|(known, _)| *known == campaign)?;
        let active = Campaign {
            status: CampaignStatus::Active,
            ..Campaign::new(&buyer.name, RoutingType::Direct)
        };
        // The table never changes, so version 1 and one instant do for all rows.
        let row = Stored {
            id: campaign.uuid(),
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            value: (),
        };
        let buyer_row =
            Stored { id: Uuid::from_u128(campaign.uuid().as_u128() + 1_000), ..row.clone() };
        Some(Source {
            tenant: TENANT,
            revision: 1,
            campaign: row.with(active),
            number: None,
            number_also_used_by: Vec::new(),
            buyers: vec![AssignedBuyer {
                assignment: buyer_row.with(Assignment::default()),
                buyer: buyer_row.with(buyer.clone()),
            }],
            targets: Vec::new(),
            router: None,
            router_targets: Vec::new(),
            flow: None,
        })
    }
}

#[async_trait]
impl Directory for Table {
    fn revision(&self, _: TenantId) -> u64 {
        1
    }

    fn numbers_revision(&self) -> u64 {
        1
    }

    async fn source(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        _flow: Option<PinnedFlow>,
    ) -> Result<Option<Source>, StoreError> {
        Ok(if tenant == TENANT { Table::source(self, campaign) } else { None })
    }

    async fn trial(&self, _: TenantId, _: TrialId) -> Result<Option<Trial>, StoreError> {
        // There are no flows here that anybody could test.
        Ok(None)
    }
}

#[async_trait]
impl SystemStore for Table {
    async fn number(&self, called: &PhoneNumber) -> Result<Option<NumberHolder>, StoreError> {
        let held = self.lines.get(called).map(|(campaign, _)| NumberHolder {
            tenant: TENANT,
            number: NumberId::from_uuid(Uuid::nil()),
            campaign: Some(*campaign),
        });
        Ok(held)
    }

    async fn call(&self, call: CallId) -> Result<Option<TenantId>, StoreError> {
        self.inner.call(call).await
    }

    async fn is_begun(&self, call: CallId, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.inner.is_begun(call, now).await
    }

    async fn target(&self, target: TargetId) -> Result<Vec<TenantId>, StoreError> {
        self.inner.target(target).await
    }

    async fn sweep(&self, now: DateTime<Utc>) -> Result<Swept, StoreError> {
        self.inner.sweep(now).await
    }

    async fn set_up(&self, owner: Credentials, now: DateTime<Utc>) -> Result<(), AccountsError> {
        self.inner.set_up(owner, now).await
    }

    async fn add_tenant(
        &self,
        owner: Credentials,
        now: DateTime<Utc>,
    ) -> Result<(), AccountsError> {
        self.inner.add_tenant(owner, now).await
    }

    async fn is_set_up(&self) -> Result<bool, StoreError> {
        self.inner.is_set_up().await
    }

    async fn credentials(&self, username: &str) -> Result<Option<Credentials>, StoreError> {
        self.inner.credentials(username).await
    }

    async fn session(
        &self,
        token: &TokenHash,
        idle_secs: u32,
        now: DateTime<Utc>,
    ) -> Result<Option<(Session, User)>, StoreError> {
        self.inner.session(token, idle_secs, now).await
    }

    async fn api_key(
        &self,
        token: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<(ApiKey, User)>, StoreError> {
        self.inner.api_key(token, now).await
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let inner = Arc::new(MemoryStore::new());
    let mut lines = HashMap::new();
    for (index, (dialled, name, rung)) in (1u128..).zip([
        ("+18005550101", "Plumbers", "+12125550111"),
        ("+18005550102", "Roofers", "sip:roofers@example.com"),
    ]) {
        let campaign = CampaignId::from_uuid(Uuid::from_u128(index));
        lines.insert(dialled.parse()?, (campaign, Buyer::new(name, rung.parse()?)));
    }
    let table = Arc::new(Table { lines, inner: inner.clone() });
    let clock = Arc::new(ManualClock::new("2026-11-23T15:00:00Z".parse()?));
    let ports = Ports {
        directory: table.clone(),
        system: table,
        calls: inner.clone(),
        capacity: inner,
        egress: Arc::new(Offline),
        script: Arc::new(Offline),
        clock,
    };
    let switchboard = Switchboard::new(ports, Settings::default());

    for (index, called) in ["+18005550101", "+18005550102", "+18005550103"].into_iter().enumerate()
    {
        let event = Event {
            carrier_call: CarrierCall {
                carrier: "example".into(),
                account: "1".into(),
                call_id: format!("call-{index}"),
            },
            tenant: None,
            kind: EventKind::Incoming(Incoming {
                caller: Caller::default(),
                called: called.into(),
                trial: None,
            }),
            parameters: Default::default(),
        };
        let reply = pollster::block_on(switchboard.handle(&event))?;
        println!("{called}: {}", serde_json::to_string(&reply.directives)?);
    }
    Ok(())
}
