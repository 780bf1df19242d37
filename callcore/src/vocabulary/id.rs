//! Identities: one type per kind of thing, so that a buyer's id cannot be passed for a campaign's.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! identity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that the caller made or stored.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID itself.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        #[cfg(feature = "schema")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
                    .into()
            }
        }

        #[cfg(feature = "schema")]
        impl utoipa::ToSchema for $name {}
    };
}

identity!(
    /// A tenant: the owner of everything else. No method of a port reads across tenants but those
    /// of [`SystemStore`](crate::port::SystemStore).
    TenantId
);
identity!(
    /// A campaign: owns numbers and a routing plan.
    CampaignId
);
identity!(
    /// A buyer: pays for calls and has a destination.
    BuyerId
);
identity!(
    /// A group of buyers that share caps.
    BuyerGroupId
);
identity!(
    /// A tracking number in the tenant's inventory.
    NumberId
);
identity!(
    /// A pool of tracking numbers.
    PoolId
);
identity!(
    /// A real-time bidding target: an external bidder.
    TargetId
);
identity!(
    /// Whoever may get a call: a buyer or a target. Capacity keeps no two books for them.
    CandidateId
);

impl From<BuyerId> for CandidateId {
    fn from(buyer: BuyerId) -> Self {
        Self(buyer.0)
    }
}

impl From<TargetId> for CandidateId {
    fn from(target: TargetId) -> Self {
        Self(target.0)
    }
}

identity!(
    /// One auction: the bid request that all of its targets got.
    AuctionId
);
identity!(
    /// A reusable group of targets with auction settings of its own.
    RouterId
);
identity!(
    /// A call flow.
    FlowId
);
identity!(
    /// A trial of a flow: what one test call runs. Random, so that nobody guesses the address that
    /// starts it.
    TrialId
);
identity!(
    /// A capacity lease: what one dial attempt of one call holds.
    LeaseId
);
identity!(
    /// A person who signs in.
    UserId
);
identity!(
    /// A sign-in session.
    SessionId
);
identity!(
    /// An API key.
    ApiKeyId
);
identity!(
    /// A call, derived from what the carrier calls it: see [`CallId::derive`].
    CallId
);

/// The namespace of call ids: a random UUID, fixed for ever.
const CALL_NAMESPACE: Uuid = Uuid::from_u128(0x5b0c_2c3e_93b0_4f7e_8d4c_9a61_ee21_7c05);

impl CallId {
    /// The call's id: UUIDv5 (RFC 9562 §5.5) over the carrier, the account at that carrier and the
    /// carrier's own call id. Every server derives the same id from the same webhook.
    pub fn derive(carrier: &str, account: &str, carrier_call_id: &str) -> Self {
        // Lengths keep ("a", "bc") and ("ab", "c") apart.
        let name = format!(
            "{}:{carrier}{}:{account}{}:{carrier_call_id}",
            carrier.len(),
            account.len(),
            carrier_call_id.len()
        );
        Self(Uuid::new_v5(&CALL_NAMESPACE, name.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_id_is_a_function_of_carrier_account_and_call() {
        let id = CallId::derive("twilio", "AC1", "CA1");
        assert_eq!(id, CallId::derive("twilio", "AC1", "CA1"));
        assert_ne!(id, CallId::derive("twilio", "AC2", "CA1"));
        assert_ne!(CallId::derive("t", "ab", "c"), CallId::derive("t", "a", "bc"));
        assert_eq!(id.uuid().get_version_num(), 5);
    }
}
