//! The examples are the files beside this one, each a document that runs:
//! `cargo run -p examples --example hello_call`.
