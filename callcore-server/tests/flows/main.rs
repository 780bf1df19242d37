//! Calls through flows on a server that listens: what waits in the outbox is sent after the answer,
//! the carrier's API is asked for warm transfers, running calls keep their version, and hostile code
//! costs nobody else anything.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod counted;
mod custom_code;
mod fallback;
mod flow;
mod office;
mod pixels;
mod receiver;
#[path = "../support/server.rs"]
#[expect(dead_code, reason = "other tests kill it")]
mod server;
mod transfers;
#[path = "../support/twilio.rs"]
mod twilio;
mod versions;
mod world;
