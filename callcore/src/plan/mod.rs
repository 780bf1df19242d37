//! One campaign compiled for calls: candidates with their schedules and caps, ready for decisions;
//! the checks that span objects; and the cache that keeps plans until the configuration changes.

mod bidder;
mod cache;
mod check;
mod compile;
mod flow;
mod source;

pub use bidder::{AuctionPlan, Bidder, auction_tags, bidder, call_facts};
pub use cache::PlanCache;
pub use check::check;
pub use compile::{Plan, candidate};
pub use flow::FlowPlan;
pub use source::{
    AssignedBuyer, AssignedTarget, FlowSource, NumberHolder, NumberUse, PinnedFlow, Source, Trial,
};
