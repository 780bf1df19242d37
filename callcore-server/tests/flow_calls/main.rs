//! Whole calls through flows on a server that listens: configured through the API, played by the
//! simulated phone with signed webhooks, every request twice, and read back through the API. Test calls
//! ring such a phone.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../servers/api.rs"]
mod api;
mod carrier;
mod nodes;
mod stage;
mod test_calls;
