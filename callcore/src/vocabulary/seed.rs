//! Chance as a value: everything that looks random is derived from recorded facts, so every
//! decision can be run again.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{CallId, TenantId};

/// The chance of one decision: 128 bits derived from the tenant, the call, the step and a purpose.
///
/// ```
/// use callcore::vocabulary::{CallId, Seed, TenantId};
/// # let tenant = TenantId::from_uuid(uuid::Uuid::nil());
/// let call = CallId::derive("twilio", "AC1", "CA1");
/// let seed = Seed::derive(tenant, call, "voice", "ties");
/// assert_eq!(seed, Seed::derive(tenant, call, "voice", "ties"));
/// assert_ne!(seed, Seed::derive(tenant, call, "voice", "split"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(Uuid);

impl Seed {
    /// Derives the seed of one step of a call for one purpose.
    pub fn derive(tenant: TenantId, call: CallId, step: &str, purpose: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(tenant.uuid().as_bytes());
        hash.update(call.uuid().as_bytes());
        hash.update((step.len() as u64).to_be_bytes());
        hash.update(step.as_bytes());
        hash.update(purpose.as_bytes());
        Self::from_digest(&hash.finalize())
    }

    /// The seed that belongs to a key, for chance that shall be the same for all calls.
    pub fn of_key(key: &str) -> Self {
        Self::from_digest(&Sha256::digest(key.as_bytes()))
    }

    /// The seed made of a rank, for the next of several draws.
    pub const fn of_rank(rank: u128) -> Self {
        Self(Uuid::from_u128(rank))
    }

    /// A rank for one thing under this seed: sorting by it shuffles, the same way each time.
    pub fn rank(self, thing: &[u8]) -> u128 {
        let mut hash = Sha256::new();
        hash.update(self.0.as_bytes());
        hash.update(thing);
        Self::from_digest(&hash.finalize()).0.as_u128()
    }

    /// A whole number below `bound`, or 0 when `bound` is 0. The bias is below 2⁻⁶⁴.
    pub fn below(self, bound: u64) -> u64 {
        match bound {
            0 => 0,
            // The remainder is below a u64, so the cast loses nothing.
            bound => (self.0.as_u128() % u128::from(bound)) as u64,
        }
    }

    /// A UUID for a thing that this decision makes, such as a lease.
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    fn from_digest(digest: &[u8]) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        // Version 8 (RFC 9562 §5.8): "custom", so that a derived id is a well-formed UUID.
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seed({})", self.0.simple())
    }
}
