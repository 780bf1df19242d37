//! Faults of the system's acts.

use async_trait::async_trait;
use callcore::model::{Kind, Object};
use callcore::port::{
    AccountsError, ApiKey, Credentials, NumberHolder, Registry, Session, StoreError, Swept,
    SystemStore, TokenHash, User,
};
use callcore::vocabulary::{CallId, CampaignId, PageRequest, PhoneNumber, TargetId, TenantId};
use callcore_testkit::fixtures;
use chrono::{DateTime, Utc};

use crate::store::{Fault, Faulty};

#[async_trait]
impl SystemStore for Faulty {
    async fn number(&self, called: &PhoneNumber) -> Result<Option<NumberHolder>, StoreError> {
        let Some(holder) = self.inner.number(called).await? else { return Ok(None) };
        if !self.has(Fault::NewestAnswers) {
            return Ok(Some(holder));
        }
        let page = PageRequest::default();
        let campaigns =
            Registry::list(&*self.inner, holder.tenant, Kind::Campaign, page).await?.items;
        let names_it = |object: &Object| matches!(object, Object::Campaign(one) if one.phone_number_id == Some(holder.number));
        let newest = campaigns.iter().find(|row| names_it(&row.value));
        let campaign = newest.map(|row| CampaignId::from_uuid(row.id));
        Ok(Some(NumberHolder { campaign, ..holder }))
    }

    async fn call(&self, call: CallId) -> Result<Option<TenantId>, StoreError> {
        self.inner.call(call).await
    }

    async fn is_begun(&self, call: CallId, now: DateTime<Utc>) -> Result<bool, StoreError> {
        if self.has(Fault::BeginForgetsSaves) && self.inner.call(call).await?.is_some() {
            return Ok(true);
        }
        let now = if self.has(Fault::NeverAbandoned) { DateTime::UNIX_EPOCH } else { now };
        self.inner.is_begun(call, now).await
    }

    async fn target(&self, target: TargetId) -> Result<Vec<TenantId>, StoreError> {
        self.inner.target(target).await
    }

    async fn sweep(&self, now: DateTime<Utc>) -> Result<Swept, StoreError> {
        if self.has(Fault::SweepForgotten) {
            return Ok(Swept::default());
        }
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
        let now = if self.has(Fault::SessionsForEver) { fixtures::noon() } else { now };
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
