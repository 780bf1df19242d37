//! The words that every other module uses: identities, phone numbers, money, seeds, tags, limits
//! and problems. This module imports nothing from the rest of the crate.

mod cursor;
mod id;
pub mod limits;
#[cfg(test)]
pub(crate) mod mends;
mod money;
#[cfg(feature = "numbering")]
pub mod numbering;
mod phone;
mod problem;
mod seed;
mod tags;

pub use cursor::{Cursor, InvalidCursor, Page, PageRequest};
pub use id::{
    ApiKeyId, AuctionId, BuyerGroupId, BuyerId, CallId, CampaignId, CandidateId, FlowId, LeaseId,
    NumberId, PoolId, RouterId, SessionId, TargetId, TenantId, TrialId, UserId,
};
pub use money::{Currency, InvalidCurrency, Money};
pub use phone::{Destination, InvalidDestination, InvalidPhoneNumber, PhoneNumber};
pub use problem::{Problem, Severity};
pub use seed::Seed;
pub use tags::{InvalidTag, Tags};
