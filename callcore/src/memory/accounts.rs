//! Users, sessions and API keys. They lie side by side over all tenants, because whoever signs in is
//! found before the tenant is known.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{MemoryStore, micros};
use crate::port::{
    Accounts, AccountsError, ApiKey, Credentials, Preferences, Session, StoreError, TokenHash, User,
};
use crate::vocabulary::{ApiKeyId, SessionId, TenantId, UserId};

/// Who may sign in, and with what.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) users: Vec<Credentials>,
    pub(super) sessions: HashMap<TokenHash, (TenantId, Session)>,
    pub(super) api_keys: HashMap<TokenHash, (TenantId, ApiKey)>,
    preferences: BTreeMap<(TenantId, UserId), Preferences>,
}

impl Book {
    pub(super) fn add(&mut self, owner: Credentials, now: DateTime<Utc>) {
        let user = User { created_at: micros(now), ..owner.user };
        self.users.push(Credentials { user, ..owner });
    }

    pub(super) fn find(&self, username: &str) -> Option<&Credentials> {
        let wanted = username.to_lowercase();
        self.users.iter().find(|one| one.user.username.to_lowercase() == wanted)
    }

    pub(super) fn user(&self, tenant: TenantId, user: UserId) -> Option<User> {
        let mut users = self.users.iter().map(|credentials| &credentials.user);
        users.find(|known| known.id == user && known.tenant == tenant).cloned()
    }

    fn sessions_of(&self, tenant: TenantId, user: UserId) -> impl Iterator<Item = &Session> {
        let own =
            move |(owner, session): &&(TenantId, Session)| *owner == tenant && session.user == user;
        self.sessions.values().filter(own).map(|(_, session)| session)
    }

    /// Ends the sessions of a user that are meant, and counts them.
    fn close(&mut self, tenant: TenantId, user: UserId, meant: impl Fn(&Session) -> bool) -> u64 {
        let before = self.sessions.len();
        self.sessions.retain(|_, (owner, session)| {
            *owner != tenant || session.user != user || !meant(session)
        });
        (before - self.sessions.len()) as u64
    }
}

/// Whether a session goes on.
pub(super) fn lasts(session: &Session, now: DateTime<Utc>) -> bool {
    now < session.idle_until && now < session.ends_at
}

#[async_trait]
impl Accounts for MemoryStore {
    async fn open_session(
        &self,
        tenant: TenantId,
        session: Session,
        token: TokenHash,
    ) -> Result<(), StoreError> {
        let session = Session {
            created_at: micros(session.created_at),
            seen_at: micros(session.seen_at),
            idle_until: micros(session.idle_until),
            ends_at: micros(session.ends_at),
            ..session
        };
        self.lock().accounts.sessions.insert(token, (tenant, session));
        Ok(())
    }

    async fn sessions(
        &self,
        tenant: TenantId,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session>, StoreError> {
        let state = self.lock();
        let sessions = state.accounts.sessions_of(tenant, user);
        let mut sessions: Vec<_> = sessions.filter(|one| lasts(one, now)).cloned().collect();
        sessions.sort_unstable_by_key(|session| Reverse((session.created_at, session.id)));
        Ok(sessions)
    }

    async fn close_session(
        &self,
        tenant: TenantId,
        user: UserId,
        session: SessionId,
    ) -> Result<(), AccountsError> {
        let closed = self.lock().accounts.close(tenant, user, |one| one.id == session);
        if closed == 0 { Err(AccountsError::NotFound) } else { Ok(()) }
    }

    async fn close_other_sessions(
        &self,
        tenant: TenantId,
        user: UserId,
        keep: Option<SessionId>,
    ) -> Result<u64, StoreError> {
        Ok(self.lock().accounts.close(tenant, user, |session| Some(session.id) != keep))
    }

    async fn add_api_key(
        &self,
        tenant: TenantId,
        key: ApiKey,
        token: TokenHash,
    ) -> Result<(), StoreError> {
        let key =
            ApiKey { created_at: micros(key.created_at), used_at: key.used_at.map(micros), ..key };
        self.lock().accounts.api_keys.insert(token, (tenant, key));
        Ok(())
    }

    async fn api_keys(&self, tenant: TenantId) -> Result<Vec<ApiKey>, StoreError> {
        let state = self.lock();
        let keys = state.accounts.api_keys.values().filter(|(owner, _)| *owner == tenant);
        let mut keys: Vec<_> = keys.map(|(_, key)| key.clone()).collect();
        keys.sort_unstable_by_key(|key| Reverse((key.created_at, key.id)));
        Ok(keys)
    }

    async fn revoke_api_key(&self, tenant: TenantId, key: ApiKeyId) -> Result<(), AccountsError> {
        let mut state = self.lock();
        let keys = &mut state.accounts.api_keys;
        let before = keys.len();
        keys.retain(|_, (owner, known)| *owner != tenant || known.id != key);
        if keys.len() == before { Err(AccountsError::NotFound) } else { Ok(()) }
    }

    async fn preferences(&self, tenant: TenantId, user: UserId) -> Result<Preferences, StoreError> {
        Ok(self.lock().accounts.preferences.get(&(tenant, user)).cloned().unwrap_or_default())
    }

    async fn set_preferences(
        &self,
        tenant: TenantId,
        user: UserId,
        preferences: Preferences,
    ) -> Result<(), StoreError> {
        self.lock().accounts.preferences.insert((tenant, user), preferences);
        Ok(())
    }
}
