//! callcore routes inbound phone calls. A caller dials a tracking number, the carrier sends a
//! webhook, and callcore decides which buyer gets the call, reserves capacity so that no cap is ever
//! exceeded, and follows the call to its end.
//!
//! # What it never does
//!
//! It opens no socket, spawns no task, draws no randomness and reads the time only through
//! [`port::Clock`], only in the [`switchboard`]. It knows no carrier's words (`callcore-twiml` does)
//! and no HTTP status (`callcore-server` does). A decision is a function of its arguments, and those
//! are recorded, so every past decision can be run again.
//!
//! # The picture
//!
//! ```text
//!  carrier webhook ─▶ event ─▶ ┌──────────── switchboard ────────────┐ ─▶ directives ─▶ TwiML
//!                              │ plan ─▶ look ─▶ decide ─▶ reserve ─▶ │
//!                              │          │     (pure)      │    save │
//!                              └──────────┼─────────────────┼─────────┘
//!                                         ▼                 ▼
//!                              ports: Directory · Calls · Capacity · Clock
//! ```
//!
//! # What you must plug in
//!
//! A store behind the traits of [`port`] ([`memory::MemoryStore`] is one, `callcore-store-sqlite`
//! another) and a [`port::Clock`]. Then give every webhook to
//! [`Switchboard::handle`](switchboard::Switchboard::handle) as a [`call::Event`].
//!
//! # Features
//!
//! - `numbering`: libphonenumber's metadata, for warnings about numbers.
//! - `schema`: JSON Schemas of the documents in [`model`].
//!
//! Modules import only to the left: `vocabulary ← schedule ← model ← call ← routing, auction ← plan
//! ← port ← memory, switchboard`.

pub mod auction;
pub mod call;
pub mod flow;
pub mod memory;
pub mod model;
pub mod plan;
pub mod port;
pub mod routing;
pub mod schedule;
pub mod switchboard;
pub mod vocabulary;
