//! Every module says what it is for before it says anything else.

use super::Finding;
use crate::sources::Sources;

pub(crate) fn check(sources: &Sources) -> Vec<Finding> {
    let silent = sources.rust().filter(|source| !opens_with_docs(&source.text));
    let message = "open the file with `//!` and a sentence that says what it is for";
    silent.map(|source| Finding::error("module-docs", &source.path, 1, message)).collect()
}

fn opens_with_docs(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    first.and_then(|line| line.strip_prefix("//!")).is_some_and(|said| !said.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> usize {
        check(&Sources::planted(&[("a/src/b.rs", text)])).len()
    }

    #[test]
    fn a_file_that_starts_with_anything_else_is_found() {
        assert_eq!(findings("use a::b;\n//! Too late.\n"), 1);
        assert_eq!(findings("// Not a doc.\n"), 1);
        assert_eq!(findings("//!\n"), 1);
        assert_eq!(findings(""), 1);
    }

    #[test]
    fn a_file_that_starts_with_its_purpose_passes() {
        assert_eq!(findings("\n//! What it is for.\nuse a::b;\n"), 0);
        assert_eq!(check(&Sources::planted(&[("a.md", "no doc")])).len(), 0);
    }
}
