//! The real-time bidding auction. This half is one bidder's side: a [`Target`](crate::model::Target)
//! compiles once, then [`request`] says what to ask and [`parse`] what the answer means. Both are
//! functions of their arguments.
//!
//! ```text
//! Target ──compile──▶ CompiledTarget ──request(variables)──▶ BidRequest ──▶ (the world)
//!    └──▶ problems          └────────parse(status, headers, body, received at)──▶ BidReply
//! ```
//!
//! Replies are hostile until read: there is a limit on bytes, depth, numbers and paths, and every
//! byte string is a bid, a refusal or a typed [`Failure`].

mod bidder;
mod compile;
mod credential;
mod currency;
mod exchange;
mod header_check;
mod log;
mod machine;
mod mapping;
mod modifier;
mod presets;
mod pricing;
mod ranking;
mod record;
mod replay;
mod secrets;
mod template;
mod throttle;
mod tree;
mod variables;
mod verdict;

#[cfg(test)]
mod tests;

pub use bidder::{
    Bid, BidReply, BidRequest, BidResponse, Confirmation, Declined, Failure, confirm_request,
    parse, parse_confirmation, request,
};
pub use compile::CompiledTarget;
pub use currency::{InvalidRate, Rates, Unconvertible};
pub use exchange::{AnswerRecord, Exchange, Purpose};
pub use log::AuctionLog;
pub use machine::{
    Aftermath, Asked, Auction, Entry, Event, Fall, Invitation, NotAsked, Outcome, Progress,
    RankedBid, Received, Reply, Settled, Terms, Unanswered, Why,
};
pub use modifier::{Adjustment, MODIFIERS, Modifier, TagTest, matching};
pub use presets::Preset;
pub use pricing::{Margin, PRICE_PLACES, Resale};
pub use ranking::{InvalidSquash, Ranking, Squash, TrackRecord};
pub use record::RequestRecord;
pub use replay::replay;
pub use template::RenderError;
pub(crate) use template::{is_dot_segment, percent_encoded};
pub use throttle::{Health, Sign};
pub use variables::{CallFacts, Variables};
pub use verdict::{Field, Malformed, Verdict};
