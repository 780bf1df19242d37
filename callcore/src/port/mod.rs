//! What the core asks of the world: narrow, object-safe traits, each method one atomic business act
//! that states its **Atomicity**, **Idempotency**, **Ordering** and **Errors**. Every such sentence
//! is a case of the conformance suite in `callcore-testkit`.
//!
//! No method has a default: an adapter that forgets one does not compile. Every method takes the
//! tenant but those of [`SystemStore`], which find out whose something is, and those of [`Outbox`]
//! that serve all of them: what [`Outbox::settle`] notes names the tenant of each delivery.
//!
//! Instants: `now` is the caller's clock. An adapter that has a clock of its own, such as a database
//! that several servers share, may use that instead and answers the instant it used.

mod accounts;
mod auctions;
mod calls;
mod capacity;
mod clock;
mod directory;
mod error;
mod flows;
mod http;
mod outbox;
mod registry;
mod script;
mod system;

pub use accounts::{Accounts, AccountsError, ApiKey, Preferences, Session, TokenHash, User};
pub use auctions::{
    AuctionFilter, AuctionRecord, Auctions, BidRequestRecord, BidResponseDetail, BidResponseRecord,
};
pub use calls::{
    Ask, Begun, CallFilter, Calls, EarlierBid, EarlierBids, FlowFilter, Journey, Look,
    PassageFilter, Save, SaveError,
};
pub use capacity::{Capacity, Held, Release, Reservation, Reserved};
pub use clock::Clock;
pub use directory::Directory;
pub use error::StoreError;
pub use flows::{
    FlowRecord, FlowStage, FlowVersion, FlowVersionSummary, Flows, NewTrial, TrialError,
};
pub use http::{Egress, Http, HttpError, HttpRequest, HttpResponse};
pub use outbox::{DeliveryRecord, DeliveryStatus, Due, Lane, Outbox, Settlement, Tried, Wanted};
pub use registry::{Holder, Registry, RegistryError};
pub use script::{Script, ScriptError};
pub use system::{Credentials, Swept, SystemStore};

pub use crate::plan::{
    AssignedBuyer, AssignedTarget, FlowSource, NumberHolder, NumberUse, PinnedFlow, Source, Trial,
};
