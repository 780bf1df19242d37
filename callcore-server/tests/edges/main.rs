//! The edges of the server: what a caller hears when everything behind it fails, and what hostile
//! connections get.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod caller_hears;
mod connections;
mod hung_up;
