//! The few acts that come before a tenant is known.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::accounts::lasts;
use super::registry::Configuration;
use super::{MemoryStore, Tenant, micros};
use crate::model::{CampaignStatus, Kind};
use crate::port::{
    AccountsError, ApiKey, Credentials, Held, NumberHolder, Session, StoreError, Swept,
    SystemStore, TokenHash, User,
};
use crate::vocabulary::{CallId, CampaignId, NumberId, PhoneNumber, TargetId, TenantId};

/// How long a reservation may wait for the save that makes it known.
const UNKNOWN_FOR: TimeDelta = TimeDelta::minutes(1);

/// Why a lease is swept.
enum Dead {
    Orphaned,
    Ended,
    Expired,
}

impl Configuration {
    /// The campaign that answers a number: the active one, else the one that was changed last, and
    /// a completed one only where there is no other.
    fn answering(&self, number: NumberId) -> Option<CampaignId> {
        let chosen = self.campaigns_on(number).max_by_key(|(row, campaign)| {
            let standing = match campaign.status {
                CampaignStatus::Active => 2,
                CampaignStatus::Draft | CampaignStatus::Paused => 1,
                CampaignStatus::Completed => 0,
            };
            (standing, row.updated_at, row.id)
        });
        chosen.map(|(row, _)| CampaignId::from_uuid(row.id))
    }
}

impl Tenant {
    fn sweep(&mut self, now: DateTime<Utc>) -> Swept {
        let mut swept = Swept::default();
        let leases = self.places.leases();
        let dead: Vec<_> = leases
            .filter_map(|(attempt, held)| Some((attempt, self.death(attempt, held, now)?)))
            .collect();
        for (attempt, death) in dead {
            match death {
                Dead::Orphaned => swept.orphaned += 1,
                Dead::Ended => swept.ended += 1,
                Dead::Expired => swept.expired += 1,
            }
            self.places.give_back(attempt, matches!(death, Dead::Orphaned));
        }
        swept
    }

    fn death(
        &self,
        (call, attempt): (CallId, u32),
        held: &Held,
        now: DateTime<Utc>,
    ) -> Option<Dead> {
        let call = self.calls.call(call);
        let known = call.is_some_and(|call| {
            call.attempts.iter().any(|one| one.attempt == attempt && one.lease == Some(held.lease))
        });
        if !known {
            // Whoever never dialled gets everything back, so it is never freed for another reason,
            // however short its lease was.
            (now - held.at > UNKNOWN_FOR).then_some(Dead::Orphaned)
        } else if call.is_some_and(crate::call::Call::is_over) {
            Some(Dead::Ended)
        } else if held.expires_at <= now {
            Some(Dead::Expired)
        } else {
            None
        }
    }
}

#[async_trait]
impl SystemStore for MemoryStore {
    async fn number(&self, called: &PhoneNumber) -> Result<Option<NumberHolder>, StoreError> {
        let mut state = self.lock();
        let Some((tenant, number)) = state.numbers.get(called).copied() else { return Ok(None) };
        let campaign = state.tenant(tenant).configuration.answering(number);
        Ok(Some(NumberHolder { tenant, number, campaign }))
    }

    async fn call(&self, call: CallId) -> Result<Option<TenantId>, StoreError> {
        Ok(self.lock().calls.get(&call).copied())
    }

    async fn is_begun(&self, call: CallId, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let (state, now) = (self.lock(), micros(now));
        let is_begun = |tenant: &Tenant| tenant.calls.is_begun(call, now);
        Ok(!state.calls.contains_key(&call) && state.tenants.values().any(is_begun))
    }

    async fn target(&self, target: TargetId) -> Result<Vec<TenantId>, StoreError> {
        let state = self.lock();
        let has =
            |tenant: &Tenant| tenant.configuration.object(Kind::Target, target.uuid()).is_some();
        let owners = state.tenants.iter().filter(|(_, tenant)| has(tenant));
        Ok(owners.map(|(id, _)| *id).collect())
    }

    async fn sweep(&self, now: DateTime<Utc>) -> Result<Swept, StoreError> {
        let mut swept = Swept::default();
        for tenant in self.lock().tenants.values_mut() {
            let Swept { expired, ended, orphaned } = tenant.sweep(micros(now));
            swept.expired += expired;
            swept.ended += ended;
            swept.orphaned += orphaned;
        }
        Ok(swept)
    }

    async fn set_up(&self, owner: Credentials, now: DateTime<Utc>) -> Result<(), AccountsError> {
        let mut state = self.lock();
        if !state.accounts.users.is_empty() {
            return Err(AccountsError::AlreadySetUp);
        }
        state.accounts.add(owner, now);
        Ok(())
    }

    async fn add_tenant(
        &self,
        owner: Credentials,
        now: DateTime<Utc>,
    ) -> Result<(), AccountsError> {
        let mut state = self.lock();
        if state.accounts.find(&owner.user.username).is_some() {
            return Err(AccountsError::UsernameTaken);
        }
        state.accounts.add(owner, now);
        Ok(())
    }

    async fn is_set_up(&self) -> Result<bool, StoreError> {
        Ok(!self.lock().accounts.users.is_empty())
    }

    async fn credentials(&self, username: &str) -> Result<Option<Credentials>, StoreError> {
        Ok(self.lock().accounts.find(username).cloned())
    }

    async fn session(
        &self,
        token: &TokenHash,
        idle_secs: u32,
        now: DateTime<Utc>,
    ) -> Result<Option<(Session, User)>, StoreError> {
        let (mut state, now) = (self.lock(), micros(now));
        let accounts = &mut state.accounts;
        let Some((tenant, session)) = accounts.sessions.get_mut(token) else { return Ok(None) };
        if !lasts(session, now) {
            return Ok(None);
        }
        session.seen_at = now;
        let idle_until = now + TimeDelta::seconds(i64::from(idle_secs));
        session.idle_until = idle_until.min(session.ends_at);
        let (tenant, session) = (*tenant, session.clone());
        Ok(accounts.user(tenant, session.user).map(|user| (session, user)))
    }

    async fn api_key(
        &self,
        token: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<(ApiKey, User)>, StoreError> {
        let mut state = self.lock();
        let accounts = &mut state.accounts;
        let Some((tenant, key)) = accounts.api_keys.get_mut(token) else { return Ok(None) };
        key.used_at = Some(micros(now));
        let (tenant, key) = (*tenant, key.clone());
        Ok(accounts.user(tenant, key.user).map(|user| (key, user)))
    }
}
