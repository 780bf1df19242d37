//! Files stay small enough to be read at once. Functions are clippy's: `too-many-lines-threshold`.

use super::Finding;
use crate::sources::Sources;

const WARN_ABOVE: usize = 400;
const REFUSE_ABOVE: usize = 500;

/// A file that may be larger than the limit, and by how much.
#[derive(Clone, Copy, Debug)]
struct Exception {
    path: &'static str,
    lines: usize,
    reason: &'static str,
}

/// The ratchet: `lines` may only go down, and an entry that is no longer needed is an error.
const EXCEPTIONS: [Exception; 0] = [];

pub(crate) fn check(sources: &Sources) -> Vec<Finding> {
    check_with(sources, &EXCEPTIONS)
}

fn check_with(sources: &Sources, exceptions: &[Exception]) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        exceptions.iter().filter_map(|exception| is_superfluous(sources, exception)).collect();
    for source in sources.rust() {
        let lines = source.text.lines().count();
        let exception = exceptions.iter().find(|exception| exception.path == source.path);
        let allowed = exception.map_or(REFUSE_ABOVE, |exception| exception.lines);
        if lines > allowed {
            let message = format!("{lines} lines, at most {allowed}: split it by what it knows");
            findings.push(Finding::error("sizes", &source.path, 0, message));
        } else if exception.is_none() && lines > WARN_ABOVE {
            let message = format!("{lines} lines; {REFUSE_ABOVE} is the limit");
            findings.push(Finding::error("sizes", &source.path, 0, message).warning());
        }
    }
    findings
}

fn is_superfluous(sources: &Sources, exception: &Exception) -> Option<Finding> {
    let Exception { path, lines: allowed, reason } = exception;
    let found = |message| Some(Finding::error("sizes", *path, 0, message));
    let Some(source) = sources.rust().find(|source| source.path == *path) else {
        return found("the file is gone: remove its exception from xtask".to_owned());
    };
    let lines = source.text.lines().count();
    if reason.is_empty() {
        return found("its exception in xtask gives no reason".to_owned());
    }
    if lines <= REFUSE_ABOVE {
        return found(format!("{lines} lines: remove its exception from xtask"));
    }
    if lines < *allowed {
        return found(format!("{lines} lines: lower its exception in xtask from {allowed}"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;

    fn findings(lines: usize, exceptions: &[Exception]) -> Vec<(Severity, String)> {
        let text = "//! x\n".repeat(lines);
        let findings = check_with(&Sources::planted(&[("a.rs", &text)]), exceptions);
        findings.into_iter().map(|finding| (finding.severity, finding.message)).collect()
    }

    fn exception(lines: usize) -> [Exception; 1] {
        [Exception { path: "a.rs", lines, reason: "a table" }]
    }

    #[test]
    fn the_limits_are_inclusive() {
        assert!(findings(WARN_ABOVE, &[]).is_empty());
        assert_eq!(findings(WARN_ABOVE + 1, &[])[0].0, Severity::Warning);
        assert_eq!(findings(REFUSE_ABOVE, &[])[0].0, Severity::Warning);
        assert_eq!(findings(REFUSE_ABOVE + 1, &[])[0].0, Severity::Error);
    }

    #[test]
    fn an_exception_that_fits_exactly_passes() {
        assert!(findings(612, &exception(612)).is_empty());
    }

    #[test]
    fn an_exception_may_not_grow() {
        assert!(findings(613, &exception(612))[0].1.contains("at most 612"));
    }

    #[test]
    fn an_exception_must_shrink_with_its_file() {
        assert!(findings(600, &exception(612))[0].1.contains("lower its exception"));
        assert!(findings(499, &exception(612))[0].1.contains("remove its exception"));
    }

    #[test]
    fn an_exception_for_a_file_that_is_gone_is_found() {
        let findings = check_with(&Sources::planted(&[]), &exception(612));
        assert_eq!(findings.len(), 1);
    }

    #[test]
    fn other_files_may_be_long() {
        let text = "x\n".repeat(REFUSE_ABOVE + 1);
        assert!(check_with(&Sources::planted(&[("a.md", &text)]), &[]).is_empty());
    }
}
