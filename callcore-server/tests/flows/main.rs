//! Calls through flows on a server that listens: what waits in the outbox is sent after the answer,
//! the carrier's API is asked for warm transfers, running calls keep their version, and hostile code
//! costs nobody else anything.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod api;
mod counted;
mod custom_code;
mod cuts;
mod fallback;
mod flow;
mod office;
mod pixels;
mod receiver;
mod sending;
#[path = "../support/server.rs"]
#[expect(dead_code, reason = "other tests kill it")]
mod server;
mod sessions;
mod statistics;
mod transfers;
#[path = "../support/twilio.rs"]
mod twilio;
mod versions;
mod world;
