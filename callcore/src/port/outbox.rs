//! What waits to be sent to others: written by [`Calls::save`](super::Calls::save), sent afterwards.

use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::StoreError;
use crate::call::Delivery;
use crate::vocabulary::{CallId, TenantId};

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// It waits for its first try or for another.
    Waiting,
    /// It arrived.
    Delivered,
    /// It failed, and is not tried again.
    GivenUp,
}

/// A delivery that somebody shall try now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whose it is.
    pub tenant: TenantId,
    /// The call that gave rise to it.
    pub call: CallId,
    /// What is to be sent.
    pub delivery: Delivery,
    /// Which try this is, from 1.
    pub attempt: u32,
}

/// What came of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It arrived.
    Delivered,
    /// It failed and is due again then.
    Again {
        /// When.
        at: DateTime<Utc>,
        /// Why it failed, for people.
        reason: String,
    },
    /// It failed for good.
    GivenUp {
        /// Why, for people.
        reason: String,
    },
}

/// A delivery with what came of it so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// What is sent.
    pub delivery: Delivery,
    /// How it stands.
    pub status: DeliveryStatus,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last try failed, if it did.
    pub reason: Option<String>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it was last claimed or settled.
    pub updated_at: DateTime<Utc>,
}

/// Hands out what is due. Everything is sent at least once: who receives tells repetitions by the
/// delivery's id.
#[async_trait]
pub trait Outbox: Debug + Send + Sync {
    /// Claims deliveries of any tenant that are due, the longest waiting first; nobody else gets them
    /// before `until`, when an unsettled one is due again.
    ///
    /// **Atomicity**: of several at once each delivery goes to one. **Ordering**: sees every
    /// acknowledged save.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn claim(
        &self,
        limit: usize,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, StoreError>;

    /// Notes what came of a try.
    ///
    /// **Idempotency**: settling a delivery that is delivered or given up changes nothing.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown delivery is not an error.
    async fn settle(
        &self,
        tenant: TenantId,
        delivery: Uuid,
        tried: Tried,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// The deliveries of a call.
    ///
    /// **Ordering**: in the order in which they were written.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown call, or another tenant's, has none.
    async fn of_call(
        &self,
        tenant: TenantId,
        call: CallId,
    ) -> Result<Vec<DeliveryRecord>, StoreError>;
}
