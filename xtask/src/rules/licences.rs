//! Both licences that the manifests name are there to read.

use super::Finding;
use crate::sources::Sources;

const FILES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

pub(crate) fn check(sources: &Sources) -> Vec<Finding> {
    let missing = FILES.into_iter().filter(|file| !sources.paths.contains(*file));
    missing.map(|file| Finding::error("licences", file, 0, "the file is missing")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_licence_is_found() {
        let findings = check(&Sources::planted(&[("LICENSE-MIT", "text")]));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].file, "LICENSE-APACHE");
    }

    #[test]
    fn both_licences_are_enough() {
        assert!(
            check(&Sources::planted(&[("LICENSE-MIT", ""), ("LICENSE-APACHE", "")])).is_empty()
        );
    }
}
