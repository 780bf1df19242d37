//! The house rules: each a function from sources, or from cargo's answer, to findings.

mod dependencies;
mod imports;
mod licences;
mod links;
mod machine_paths;
mod manifests;
mod module_docs;
mod sizes;
mod unfinished;

use std::fmt;

pub(crate) use dependencies::{core_tree, declared};

use crate::sources::Sources;

/// One place that breaks a rule.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Finding {
    pub(crate) file: String,
    /// From 1; 0 where the finding is about the file as a whole.
    pub(crate) line: usize,
    pub(crate) rule: &'static str,
    pub(crate) message: String,
    pub(crate) severity: Severity,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Severity {
    /// Fails the check.
    Error,
    /// Is listed, so that it is repaired before it becomes an error.
    Warning,
}

impl Finding {
    pub(crate) fn error(
        rule: &'static str,
        file: impl Into<String>,
        line: usize,
        message: impl Into<String>,
    ) -> Self {
        let (file, message) = (file.into(), message.into());
        Self { file, line, rule, message, severity: Severity::Error }
    }

    pub(crate) fn warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        match self.line {
            0 => write!(f, "{severity}: {}: [{}] {}", self.file, self.rule, self.message),
            line => write!(f, "{severity}: {}:{line}: [{}] {}", self.file, self.rule, self.message),
        }
    }
}

/// Everything that can be said from the files alone, sorted by file and line.
pub(crate) fn of_sources(sources: &Sources) -> Vec<Finding> {
    let rules = [
        imports::check,
        licences::check,
        links::check,
        machine_paths::check,
        manifests::check,
        module_docs::check,
        sizes::check,
        unfinished::check,
    ];
    let mut findings: Vec<Finding> = rules.iter().flat_map(|rule| rule(sources)).collect();
    findings.sort();
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_file_line_and_rule() {
        let finding = Finding::error("sizes", "a.rs", 7, "too long");
        assert_eq!(finding.to_string(), "error: a.rs:7: [sizes] too long");
        assert_eq!(finding.warning().to_string(), "warning: a.rs:7: [sizes] too long");
        assert_eq!(Finding::error("x", "a", 0, "b").to_string(), "error: a: [x] b");
    }

    #[test]
    fn the_findings_of_all_rules_come_together() {
        let sources = Sources::planted(&[
            ("LICENSE-MIT", ""),
            ("README.md", "[gone](gone.md)"),
            ("callcore/src/call.rs", "fn f() { todo!() }"),
        ]);
        let rules: Vec<_> = of_sources(&sources).iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, ["licences", "links", "module-docs", "unfinished"]);
    }
}
