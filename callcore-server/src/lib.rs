//! The reference server: callcore behind an HTTP API, Twilio webhooks and an embedded store.
//!
//! It is the whole product assembled, and glue: handlers take a request apart, ask a port or the
//! switchboard, and answer. It is not a library for others; embed [`callcore`] instead.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//!
//! use callcore::memory::Offline;
//! use callcore_server::{config::Settings, start};
//!
//! let config = Settings::default().check()?;
//! let server = start::bind(config, Arc::new(Offline)).await?;
//! server.run(std::future::pending()).await;
//! # Ok(())
//! # }
//! ```

pub mod api;
pub mod app;
pub mod auth;
pub mod client;
pub mod clock;
pub mod config;
pub mod database;
pub mod demo;
pub mod directory;
pub mod egress;
pub mod http;
#[cfg(test)]
#[path = "../../callcore/src/vocabulary/mends.rs"]
mod mends;
pub mod metrics;
pub mod openapi;
pub mod operate;
pub mod outbox;
pub mod outgoing;
pub mod script;
pub mod secrets;
pub mod serve;
pub mod start;
pub mod state;
pub mod store;
pub mod sweeper;
pub mod twilio;
pub mod webhook;
