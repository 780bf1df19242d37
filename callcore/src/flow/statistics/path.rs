//! Which nodes a call came through.

use std::sync::Arc;

/// The nodes that a call came through, in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// Their ids; a node that was entered twice stands here twice.
    pub nodes: Vec<Arc<str>>,
    /// Whether the call came through more, which are not told.
    pub is_cut: bool,
}
