//! The few acts that come before a tenant is known.

use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use super::accounts::{AccountsError, ApiKey, Session, TokenHash, User};
use crate::plan::NumberHolder;
use crate::vocabulary::{CallId, PhoneNumber, TargetId, TenantId};

/// A user with the hash that a password is checked against.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub user: User,
    /// The password's hash in PHC string form.
    pub password_hash: String,
}

impl Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What a sweep freed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Leases that ran out.
    pub expired: u64,
    /// Leases whose call is over.
    pub ended: u64,
    /// Leases that no saved call knows of.
    pub orphaned: u64,
}

/// Acts across tenants. Whoever has this port can find out whose something is; keep it at the edge.
#[async_trait]
pub trait SystemStore: Debug + Send + Sync {
    /// Who holds a number.
    ///
    /// **Ordering**: sees every acknowledged change.
    ///
    /// # Errors
    /// [`StoreError`]; a number that nobody holds is `None`.
    async fn number(&self, called: &PhoneNumber) -> Result<Option<NumberHolder>, StoreError>;

    /// Whose call it is.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown call is `None`.
    async fn call(&self, call: CallId) -> Result<Option<TenantId>, StoreError>;

    /// Whether somebody works on a call that is still unknown: a step of it was begun, and nothing of
    /// the call is saved. A begun step whose time is over is nobody's.
    ///
    /// **Atomicity**: one instant. **Ordering**: sees every acknowledged
    /// [`begin`](super::Calls::begin) and [`save`](super::Calls::save).
    ///
    /// # Errors
    /// [`StoreError`]; nobody works on a call of which nothing was ever begun.
    async fn is_begun(&self, call: CallId, now: DateTime<Utc>) -> Result<bool, StoreError>;

    /// Which tenants have a target of this id, in the order of their ids. Ids are drawn at random, so
    /// it is one at most unless somebody made it otherwise. Whoever asks has proved nothing yet: the
    /// answer costs nothing that calls need.
    ///
    /// **Ordering**: sees every change that this store acknowledged.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown target is nobody's.
    async fn target(&self, target: TargetId) -> Result<Vec<TenantId>, StoreError>;

    /// Frees the leases that nobody will: those that ran out, those whose call is over, and those
    /// that are older than a minute although no saved call knows of the attempt, which is what a
    /// crash between reservation and save leaves behind. The orphans, which never dialled, are
    /// refunded too, and are freed for no other reason.
    ///
    /// **Atomicity**: each lease is freed once, also by several sweeps at once.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn sweep(&self, now: DateTime<Utc>) -> Result<Swept, StoreError>;

    /// Creates the first tenant with its owner, while there is no user at all.
    ///
    /// **Atomicity**: of several at once exactly one succeeds.
    ///
    /// # Errors
    /// [`AccountsError::AlreadySetUp`], [`AccountsError::Store`].
    async fn set_up(&self, owner: Credentials, now: DateTime<Utc>) -> Result<(), AccountsError>;

    /// Creates another tenant with its owner. It is the operator's act: no request of a tenant may
    /// lead here.
    ///
    /// **Atomicity**: tenant and owner appear together or not at all; of several at once with one
    /// name exactly one succeeds.
    ///
    /// # Errors
    /// [`AccountsError::UsernameTaken`] for a name that anybody has, in upper or lower case;
    /// [`AccountsError::Store`].
    async fn add_tenant(&self, owner: Credentials, now: DateTime<Utc>)
    -> Result<(), AccountsError>;

    /// Whether there is a user.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn is_set_up(&self) -> Result<bool, StoreError>;

    /// The user of this name, in upper or lower case.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown name is `None`.
    async fn credentials(&self, username: &str) -> Result<Option<Credentials>, StoreError>;

    /// The session of this token, if it is not over, with its user. It is marked as seen `now` and
    /// lasts for `idle_secs` from then, but not longer than its absolute end.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown, revoked or ended session is `None`.
    async fn session(
        &self,
        token: &TokenHash,
        idle_secs: u32,
        now: DateTime<Utc>,
    ) -> Result<Option<(Session, User)>, StoreError>;

    /// The API key of this token, with its user. It is marked as used `now`.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown or revoked key is `None`.
    async fn api_key(
        &self,
        token: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<(ApiKey, User)>, StoreError>;
}
