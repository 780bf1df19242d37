//! What waits to be sent to others: written by [`Calls::save`](super::Calls::save), sent afterwards.

use std::collections::BTreeMap;
use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::call::{Delivery, Payload};
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

/// Who is asked when a delivery is sent. Neither waits for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// The carrier, for a caller who waits: everything that is no request to a tenant's address.
    Carrier,
    /// An address that a tenant configured: [`Payload::Http`](crate::call::Payload::Http).
    Tenants,
}

impl Lane {
    /// The lane of a delivery.
    pub const fn of(payload: &Payload) -> Self {
        match payload {
            Payload::Http { .. } => Self::Tenants,
            _ => Self::Carrier,
        }
    }
}

/// What a claim takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// From which lane.
    pub lane: Lane,
    /// How many deliveries at the most.
    pub most: usize,
    /// How many of one tenant at the most, those that are underway included.
    pub most_of_one: usize,
    /// How many of each tenant are underway already.
    pub underway: BTreeMap<TenantId, usize>,
}

impl Wanted {
    /// How many of this tenant there is room for.
    pub fn room(&self, tenant: TenantId) -> usize {
        let underway = self.underway.get(&tenant).copied().unwrap_or_default();
        self.most_of_one.saturating_sub(underway).min(self.most)
    }
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
    /// How long ago it was written when it was claimed, by the clock that counts in the store.
    pub age: TimeDelta,
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

/// What came of the try of a delivery that was claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// What was tried.
    pub due: Due,
    /// What came of it.
    pub tried: Tried,
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
    /// Claims deliveries of any tenant that are due in one lane, the longest waiting first; nobody
    /// else gets them before `until`, when an unsettled one is due again. A tenant that has no room
    /// left is passed over, whoever waits behind it is not. What cannot be read is passed over too,
    /// and is given up once it was claimed [`UNREADABLE_TRIES`](crate::vocabulary::limits::UNREADABLE_TRIES) times.
    ///
    /// **Atomicity**: of several at once each delivery goes to one. **Ordering**: sees every
    /// acknowledged save.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn claim(
        &self,
        wanted: &Wanted,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, StoreError>;

    /// Notes what came of tries. Of what arrived or was given up, only
    /// [what holds nothing of the caller](Delivery::emptied) is kept.
    ///
    /// **Atomicity**: all of them or none. **Idempotency**: settling a delivery that is delivered or
    /// given up changes nothing. **Ordering**: only the newest try counts; who settles an earlier one,
    /// because its claim ran out meanwhile, changes nothing.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown delivery is not an error.
    async fn settle(&self, settled: &[Settlement], now: DateTime<Utc>) -> Result<(), StoreError>;

    /// Forgets deliveries of any tenant that arrived or were given up before this instant, the oldest
    /// first and at most so many, and answers how many they were.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn forget(
        &self,
        before: DateTime<Utc>,
        most: usize,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError>;

    /// The deliveries of a call.
    ///
    /// **Ordering**: in the order in which they were written.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown call, or another tenant's, has none. What cannot be read is left out.
    async fn of_call(
        &self,
        tenant: TenantId,
        call: CallId,
    ) -> Result<Vec<DeliveryRecord>, StoreError>;
}
