//! What is wrong with a flow, and where.

use std::borrow::Cow;
use std::cell::RefCell;

use serde::{Deserialize, Serialize};

use crate::vocabulary::{Problem, Severity};

/// One problem of a flow. A check answers all of them at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct FlowProblem {
    /// Whether it forbids publishing.
    pub severity: Severity,
    /// A stable word for programs, such as `dead_end`.
    pub code: Cow<'static, str>,
    /// The node that it concerns; `None` where it concerns the flow as a whole or a connection that
    /// leaves no node.
    pub node_id: Option<String>,
    /// A JSON Pointer (RFC 6901) into the document.
    pub path: String,
    /// A sentence for people: what is wrong, and how to mend it.
    pub message: String,
}

impl FlowProblem {
    /// Whether this problem forbids publishing.
    pub fn blocks(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Collects the problems of a flow, or of one node of it.
#[derive(Debug, Default)]
pub(crate) struct Report {
    node_id: Option<String>,
    problems: RefCell<Vec<FlowProblem>>,
}

impl Report {
    /// A report about one node.
    pub(crate) fn of(node_id: &str) -> Self {
        Self { node_id: Some(node_id.to_owned()), problems: RefCell::default() }
    }

    /// Something that forbids publishing.
    pub(crate) fn error(
        &self,
        code: &'static str,
        path: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.add(Severity::Error, code.into(), path.into(), message.into());
    }

    /// Something that is allowed but probably not meant.
    pub(crate) fn warning(
        &self,
        code: &'static str,
        path: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.add(Severity::Warning, code.into(), path.into(), message.into());
    }

    /// Problems that another part of the core found in a document that stands at `path`.
    pub(crate) fn extend(&self, path: &str, problems: impl IntoIterator<Item = Problem>) {
        for problem in problems {
            let Problem { severity, code, path, message } = problem.under(path);
            self.add(severity, code, path, message);
        }
    }

    /// Takes over what another report found.
    pub(crate) fn append(&self, other: Self) {
        self.problems.borrow_mut().extend(other.into_problems());
    }

    fn add(&self, severity: Severity, code: Cow<'static, str>, path: String, message: String) {
        let node_id = self.node_id.clone();
        self.problems.borrow_mut().push(FlowProblem { severity, code, node_id, path, message });
    }

    /// Whether anything so far forbids publishing.
    pub(crate) fn blocks(&self) -> bool {
        self.problems.borrow().iter().any(FlowProblem::blocks)
    }

    /// Everything that was found, in the order in which it was.
    pub(crate) fn into_problems(self) -> Vec<FlowProblem> {
        self.problems.into_inner()
    }
}
