//! Caps that hold: claims, leases, releases.

use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::routing::{CapKey, Claim};
use crate::vocabulary::{CallId, CandidateId, LeaseId, TenantId};

/// What one dial attempt asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The call.
    pub call: CallId,
    /// Which attempt of the call, from 1.
    pub attempt: u32,
    /// The lease's id, made by the caller.
    pub lease: LeaseId,
    /// The candidates' claims, in the order in which they are tried.
    pub claims: Vec<Claim>,
    /// What other attempts of the call give back in the same act, before the claims are tried, and
    /// whatever becomes of them: who is tried next may need the very place.
    pub releases: Vec<Release>,
    /// How long the lease lasts: longer than the dial's own limits, so that it cannot end while
    /// the leg lives.
    pub lease_secs: u32,
}

/// A claim that was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whose claim it is.
    pub candidate: CandidateId,
    /// The lease.
    pub lease: LeaseId,
    /// The instant that was used for windows and expiry.
    pub at: DateTime<Utc>,
    /// When the lease ends by itself.
    pub expires_at: DateTime<Utc>,
    /// Claims that were tried before it, with the first cap of each that was full.
    pub passed_over: Vec<(CandidateId, CapKey)>,
}

/// What came of a reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// A claim was granted.
    Held(Held),
    /// No claim fits.
    Full {
        /// Each claim with the first of its caps that was full.
        passed_over: Vec<(CandidateId, CapKey)>,
    },
    /// The call is over, so nothing is dialled for it any more.
    CallEnded,
}

/// Gives back what one attempt holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// Which attempt.
    pub attempt: u32,
    /// Whether the attempt surely never connected, or was a test, so that it does not count in hourly,
    /// daily, monthly and total windows either.
    pub refund: bool,
}

/// Guards every cap. A cap is never exceeded: at each grant the count before it was below the limit
/// in force then, whatever happens at the same time.
#[async_trait]
pub trait Capacity: Debug + Send + Sync {
    /// Grants the first claim that has room under all of its caps.
    ///
    /// **Atomicity**: all caps of a claim or none, whatever happens at the same time.
    /// **Idempotency**: per call and attempt: once granted, the same candidate, lease and expiry are
    /// answered again, also after the lease was released, and nothing more is taken. A refusal is
    /// not remembered. A call that is over is answered [`Reserved::CallEnded`], whatever it was
    /// granted before. Its releases are as idempotent as [`Capacity::release`]. **Ordering**: a claim is refused only if one of its caps was full at some
    /// moment within the act, and an earlier claim goes first.
    ///
    /// # Errors
    /// [`StoreError`]. Whether a place was taken is then unknown: asking again tells.
    async fn reserve(
        &self,
        tenant: TenantId,
        reservation: Reservation,
        now: DateTime<Utc>,
    ) -> Result<Reserved, StoreError>;

    /// Gives back what attempts of a call hold: their places under concurrency caps, and with
    /// `refund` those in the other windows, which are the windows that were running when the claim
    /// was granted.
    ///
    /// **Atomicity**: all attempts together. **Idempotency**: what was given back is not given back
    /// again; a refund may still follow a release without one. Unknown attempts are passed over.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn release(
        &self,
        tenant: TenantId,
        call: CallId,
        releases: &[Release],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// How many places under concurrency caps the tenant's calls hold right now.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn held(&self, tenant: TenantId, now: DateTime<Utc>) -> Result<u64, StoreError>;
}
