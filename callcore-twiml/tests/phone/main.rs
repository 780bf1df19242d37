//! Calls from beginning to end, to a server in this process that verifies every signature.

mod conference;
mod dial;
mod flow;
mod hang_ups;
mod requests;
mod scenarios;
mod server;
mod verbs;
