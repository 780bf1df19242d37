//! The edges of the server: what a caller hears when everything behind it fails, and what hostile
//! connections get.

mod caller_hears;
mod connections;
