//! XML below TwiML: bytes to a bounded tree, and elements to bytes.

mod node;
mod reader;
mod writer;

pub(crate) use node::{Attribute, Child, Node};
pub(crate) use reader::read;
pub(crate) use writer::write;
