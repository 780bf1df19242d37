//! A problem of something that a person configured: what is wrong, where, and what is expected.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Whether a problem forbids the act (activation, saving, publishing) or only warns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Must be mended first.
    Error,
    /// Is allowed but probably not meant.
    Warning,
}

/// One problem. Checks return all of them at once, never only the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Whether it blocks.
    pub severity: Severity,
    /// A stable word for programs, such as `unknown_time_zone`.
    pub code: Cow<'static, str>,
    /// A JSON Pointer (RFC 6901) into the checked document; empty for the document itself.
    pub path: String,
    /// A sentence for people: what, where and what is expected.
    pub message: String,
}

impl Problem {
    /// A problem that blocks.
    pub fn error(
        code: impl Into<Cow<'static, str>>,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            code: code.into(),
            path: path.into(),
            message: message.into(),
        }
    }

    /// A problem that is only pointed out.
    pub fn warning(
        code: impl Into<Cow<'static, str>>,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, path, message) }
    }

    /// Whether this problem blocks.
    pub fn blocks(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The same problem, seen from an enclosing document.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.path.insert_str(0, prefix);
        self
    }
}
