//! Calls from beginning to end, to a server in this process that verifies every signature.

mod dial;
mod hang_ups;
mod requests;
mod scenarios;
mod server;
mod verbs;
