//! The auction as a machine without I/O: [`Auction::open`], [`Auction::record`] for each reply,
//! [`Auction::settle`]. Whoever drives it asks the targets and tells it when their replies came; it
//! compares instants and knows no clock, so the order in which replies are recorded changes nothing.
//!
//! # Who is asked
//! The first rule that holds gives an invitation its verdict, and nothing is sent:
//! barred by the caller (paused, closed, capped, duplicate) · no rate for its bounds
//! (`wrong_currency`) · a modifier rejects (`not_needed`) · less than 50 ms are left (`not_needed`) ·
//! throttled · beyond the hundredth (`not_needed`) · a bid that is held already decides
//! (`not_needed`).
//!
//! # What becomes of a reply
//! In this order: after its deadline (`timeout`) · what the reply itself says (`no_bid`, `refused`,
//! `http_error`, …) · an amount of zero (`no_bid`) or below (`malformed`) · no destination
//! (`invalid_destination`) · no rate (`wrong_currency`) · above the target's maximum (`above_max`) ·
//! below a floor, before or after its modifiers (`below_floor`) · run out at the decision
//! (`expired`) · the same offer as a better bid (`duplicate`). What is left is valid, and ranked.
//!
//! # When it ends
//! At the deadline; when everybody has replied; or early, when nobody who is still out could change
//! who wins or what is paid, even with the highest bid that would be believed.

mod auction;
mod entry;
mod finish;
mod judge;
mod reply;
mod settle;
mod settled;
mod terms;
#[cfg(test)]
mod tests;

pub use auction::{Asked, Auction, Progress};
pub use entry::{Entry, Why};
pub use reply::{Received, Reply, Unanswered};
pub use settled::{Aftermath, Event, Fall, Outcome, RankedBid, Settled};
pub use terms::{Invitation, NotAsked, Terms};
