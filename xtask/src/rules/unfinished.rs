//! Nothing is left for later in the tree: no stubs, no switched-off tests, no debug output.

use super::Finding;
use crate::{
    sources::{Source, Sources},
    tokens::{self, Kind, Token},
};

const MACROS: [&str; 3] = ["dbg", "todo", "unimplemented"];

pub(crate) fn check(sources: &Sources) -> Vec<Finding> {
    sources.rust().flat_map(|source| [in_code(source), in_docs(source)].concat()).collect()
}

fn in_code(source: &Source) -> Vec<Finding> {
    let tokens = match tokens::lex(&source.text) {
        Ok(tokens) => tokens,
        Err(line) => return vec![found(source, line, "this is no Rust: cargo says more")],
    };
    let mut findings = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if let Some(name) = macro_at(&tokens, at) {
            findings.push(found(source, token.line, &format!("finish it: no `{name}!` stays")));
        }
        if ignores_a_test(&tokens, at) {
            let message = "a test that does not run protects nothing: repair or remove it";
            findings.push(found(source, token.line, message));
        }
    }
    findings
}

fn macro_at(tokens: &[Token], at: usize) -> Option<&'static str> {
    let name = MACROS.into_iter().find(|name| tokens::matches(tokens, at, &[name, "!"]))?;
    let is_call = matches!(tokens.get(at + 2).map(|token| &token.kind), Some(Kind::Open(_)));
    is_call.then_some(name)
}

/// `#[ignore]` in all its forms, `#[cfg_attr(…, ignore)]` included.
fn ignores_a_test(tokens: &[Token], at: usize) -> bool {
    if tokens::matches(tokens, at, &["#", "[", "ignore"]) {
        return true;
    }
    let end = tokens::after_group(tokens, at + 1);
    tokens::matches(tokens, at, &["#", "[", "cfg_attr"])
        && tokens[at..end].iter().any(|token| token.ident() == Some("ignore"))
}

/// A code block in a doc comment that the doc tests pass over.
fn in_docs(source: &Source) -> Vec<Finding> {
    let lines = source.text.lines().map(str::trim).enumerate();
    let ignored = lines.filter(|(_, line)| {
        let said = line.strip_prefix("//!").or_else(|| line.strip_prefix("///"));
        let fence = said.and_then(|said| said.trim().strip_prefix("```"));
        fence.is_some_and(|words| words.split(',').any(|word| word.trim() == "ignore"))
    });
    let message = "an example that is not compiled goes stale: make it compile, or mark it `text`";
    ignored.map(|(index, _)| found(source, index + 1, message)).collect()
}

fn found(source: &Source, line: usize, message: &str) -> Finding {
    Finding::error("unfinished", &source.path, line, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let findings = check(&Sources::planted(&[("a.rs", text)]));
        findings.iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn stubs_and_debug_output_are_found() {
        assert_eq!(lines("fn a() { todo!() }\nfn b() { unimplemented![\"x\"] }"), [1, 2]);
        assert_eq!(lines("\n\nlet a = std::dbg!(b);"), [3]);
    }

    #[test]
    fn a_switched_off_test_is_found() {
        assert_eq!(lines("#[test]\n#[ignore]\nfn a() {}"), [2]);
        assert_eq!(lines("#[test]\n#[ignore = \"slow\"]\nfn a() {}"), [2]);
        assert_eq!(lines("#[cfg_attr(windows, ignore)]\nfn a() {}"), [1]);
    }

    #[test]
    fn an_example_that_is_not_compiled_is_found() {
        assert_eq!(lines("//! ```ignore\n//! a\n//! ```"), [1]);
        assert_eq!(lines("/// ```rust,ignore\n/// a\n/// ```\nfn a() {}"), [1]);
    }

    #[test]
    fn the_words_in_comments_strings_and_comparisons_pass() {
        assert!(lines("// todo!()\nlet a = \"dbg!(x) #[ignore]\";").is_empty());
        assert!(lines("if todo != done { ignore(todo) }").is_empty());
        assert!(
            lines("/// ```text\n/// a\n/// ```\n#[cfg_attr(a, derive(B))]\nfn a() {}").is_empty()
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_is_found() {
        assert_eq!(lines("fn a() {}\nfn b( {"), [2]);
    }
}
