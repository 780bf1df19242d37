//! Users, sessions and API keys of one tenant.

use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::vocabulary::{ApiKeyId, SessionId, TenantId, UserId};

/// Somebody who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their tenant.
    pub tenant: TenantId,
    /// The name they sign in with, unique across tenants without regard to case.
    pub username: String,
    /// When they were created.
    pub created_at: DateTime<Utc>,
}

/// What a user set for themselves: free keys and values for clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Preferences(pub std::collections::BTreeMap<String, String>);

/// The SHA-256 of a session's or a key's token. The token itself is never stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenHash(pub [u8; 32]);

impl Debug for TokenHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// A sign-in session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id, which is not its token.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// When they signed in.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub seen_at: DateTime<Utc>,
    /// When it ends unless it is used.
    pub idle_until: DateTime<Utc>,
    /// When it ends in any case.
    pub ends_at: DateTime<Utc>,
    /// The browser or program, as it calls itself.
    pub user_agent: String,
    /// The address it was opened from.
    pub address: String,
}

/// An API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id, which is not its token.
    pub id: ApiKeyId,
    /// Who made it.
    pub user: UserId,
    /// What people call it.
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub used_at: Option<DateTime<Utc>>,
}

/// Why an account was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountsError {
    /// The owner exists already.
    #[error("the owner account exists already")]
    AlreadySetUp,
    /// Somebody, perhaps of another tenant, signs in with this name.
    #[error("this user name is taken")]
    UsernameTaken,
    /// There is no such thing of this user.
    #[error("there is no such session or key")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sessions and API keys of the users of one tenant.
#[async_trait]
pub trait Accounts: Debug + Send + Sync {
    /// Opens a session.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn open_session(
        &self,
        tenant: TenantId,
        session: Session,
        token: TokenHash,
    ) -> Result<(), StoreError>;

    /// The sessions of a user that are not over.
    ///
    /// **Ordering**: newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn sessions(
        &self,
        tenant: TenantId,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session>, StoreError>;

    /// Ends a session. It is gone for the very next request.
    ///
    /// # Errors
    /// [`AccountsError::NotFound`] for one that is not this user's; [`AccountsError::Store`].
    async fn close_session(
        &self,
        tenant: TenantId,
        user: UserId,
        session: SessionId,
    ) -> Result<(), AccountsError>;

    /// Ends every session of a user but one.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn close_other_sessions(
        &self,
        tenant: TenantId,
        user: UserId,
        keep: Option<SessionId>,
    ) -> Result<u64, StoreError>;

    /// Adds an API key.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn add_api_key(
        &self,
        tenant: TenantId,
        key: ApiKey,
        token: TokenHash,
    ) -> Result<(), StoreError>;

    /// The API keys of a tenant.
    ///
    /// **Ordering**: newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn api_keys(&self, tenant: TenantId) -> Result<Vec<ApiKey>, StoreError>;

    /// Revokes an API key. It is gone for the very next request.
    ///
    /// # Errors
    /// [`AccountsError::NotFound`], [`AccountsError::Store`].
    async fn revoke_api_key(&self, tenant: TenantId, key: ApiKeyId) -> Result<(), AccountsError>;

    /// What a user set for themselves.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn preferences(&self, tenant: TenantId, user: UserId) -> Result<Preferences, StoreError>;

    /// Replaces what a user set for themselves.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn set_preferences(
        &self,
        tenant: TenantId,
        user: UserId,
        preferences: Preferences,
    ) -> Result<(), StoreError>;
}
