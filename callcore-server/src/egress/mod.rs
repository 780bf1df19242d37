//! The one client for every URL that a customer configured: bidders, pixels, webhooks.
//!
//! Such a URL is a customer's input, and so is the answer. A request reaches public addresses on
//! ports 80 and 443 only, whatever the URL, the name servers or a redirect say; an answer takes no
//! more time and memory than the request grants it; no connection serves two tenants.
//!
//! - [`check_url`] refuses a URL by its text, here and where a target is saved.
//! - [`Names`] looks names up; every answer is checked, and exactly the checked addresses are
//!   connected to.
//! - [`GuardedClient::tenant`] gives one tenant's [`Http`](callcore::port::Http).
//!
//! There is no proxy: the variables `HTTP_PROXY` and the like are not read, because behind a proxy
//! it is the proxy that looks names up, and nothing here could hold.

mod address;
mod answer;
mod client;
mod exchange;
mod lane;
mod names;
mod place;
mod target;

pub use address::{Reason, refusal};
pub use client::{GuardedClient, NoTls, Options};
pub use names::{Names, SystemNames};
pub use target::{Policy, Refused, check_url, parse_url};
