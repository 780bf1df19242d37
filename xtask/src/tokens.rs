//! Rust source as a flat list of tokens: no comments, no string contents, macros included.

use std::{iter, str::FromStr};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A token and the line that it stands on.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) line: usize,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Close(char),
    Ident(String),
    Literal,
    Open(char),
    Punct(char),
}

impl Token {
    pub(crate) fn ident(&self) -> Option<&str> {
        match &self.kind {
            Kind::Ident(name) => Some(name),
            _ => None,
        }
    }
}

/// Splits a file into tokens; `Err` holds the line of the first character that is no Rust.
pub(crate) fn lex(text: &str) -> Result<Vec<Token>, usize> {
    let stream = TokenStream::from_str(text).map_err(|error| error.span().start().line)?;
    let mut tokens = Vec::new();
    flatten(stream, &mut tokens);
    Ok(tokens)
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        let kind = match tree {
            TokenTree::Ident(ident) => Kind::Ident(ident.to_string()),
            TokenTree::Punct(punct) => Kind::Punct(punct.as_char()),
            TokenTree::Literal(_) => Kind::Literal,
            TokenTree::Group(group) => {
                let brackets = brackets(group.delimiter());
                tokens.extend(brackets.map(|(open, _)| Token { kind: Kind::Open(open), line }));
                flatten(group.stream(), tokens);
                let line = group.span_close().start().line;
                tokens.extend(brackets.map(|(_, close)| Token { kind: Kind::Close(close), line }));
                continue;
            }
        };
        tokens.push(Token { kind, line });
    }
}

fn brackets(delimiter: Delimiter) -> Option<(char, char)> {
    match delimiter {
        Delimiter::Brace => Some(('{', '}')),
        Delimiter::Bracket => Some(('[', ']')),
        Delimiter::Parenthesis => Some(('(', ')')),
        Delimiter::None => None,
    }
}

/// Whether the tokens from `at` on are exactly these idents and characters.
pub(crate) fn matches(tokens: &[Token], at: usize, pattern: &[&str]) -> bool {
    pattern.iter().enumerate().all(|(offset, expected)| {
        tokens.get(at + offset).is_some_and(|token| match &token.kind {
            Kind::Ident(name) => name == expected,
            Kind::Literal => false,
            Kind::Close(character) | Kind::Open(character) | Kind::Punct(character) => {
                expected.chars().eq(iter::once(*character))
            }
        })
    })
}

/// The index behind the group that opens at `open`.
pub(crate) fn after_group(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.kind {
            Kind::Open(_) => depth += 1,
            Kind::Close(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

/// The index of the bracket that closes the group around `at`.
fn rest_of_group(tokens: &[Token], mut at: usize) -> usize {
    while let Some(token) = tokens.get(at) {
        match token.kind {
            Kind::Close(_) => break,
            Kind::Open(_) => at = after_group(tokens, at),
            _ => at += 1,
        }
    }
    at
}

/// What a file holds besides its tests.
#[derive(Debug, Default)]
pub(crate) struct Production {
    pub(crate) tokens: Vec<Token>,
    /// Modules that only tests have and that lie in files of their own: `#[cfg(test)] mod x;`.
    pub(crate) test_modules: Vec<String>,
}

/// Leaves out every item under `#[cfg(test)]`.
pub(crate) fn without_tests(tokens: &[Token]) -> Production {
    let mut production = Production::default();
    let mut at = 0;
    while at < tokens.len() {
        if let Some(end) = test_attribute(tokens, at, &["#", "!", "["]) {
            // It stands for the whole file, or for the inline module that it opens.
            at = rest_of_group(tokens, end);
        } else if let Some(end) = test_attribute(tokens, at, &["#", "["]) {
            let item = after_attributes(tokens, end);
            if let (true, Some(name)) =
                (matches(tokens, item, &["mod"]), tokens.get(item + 1).and_then(Token::ident))
                && matches(tokens, item + 2, &[";"])
            {
                production.test_modules.push(name.to_owned());
            }
            at = after_item(tokens, item);
        } else {
            production.tokens.push(tokens[at].clone());
            at += 1;
        }
    }
    production
}

/// The index behind an attribute that restricts to tests, when one starts here.
fn test_attribute(tokens: &[Token], at: usize, opening: &[&str]) -> Option<usize> {
    if !matches(tokens, at, opening) || !matches(tokens, at + opening.len(), &["cfg", "("]) {
        return None;
    }
    let end = after_group(tokens, at + opening.len() - 1);
    let has = |word| tokens[at..end].iter().any(|token| token.ident() == Some(word));
    (has("test") && !has("not") && !has("any")).then_some(end)
}

fn after_attributes(tokens: &[Token], mut at: usize) -> usize {
    while matches(tokens, at, &["#", "["]) {
        at = after_group(tokens, at + 1);
    }
    at
}

/// Items that may hold a comma outside of brackets, as in `fn f<A, B>()`.
const COMMA_INSIDE: [&str; 9] =
    ["async", "const", "enum", "fn", "impl", "struct", "trait", "type", "unsafe"];
/// Items that end with a semicolon, even after a brace.
const SEMICOLON_ENDS: [&str; 5] = ["const", "let", "static", "type", "use"];

/// The index behind the item, field or match arm that starts here.
fn after_item(tokens: &[Token], start: usize) -> usize {
    let mut at = start;
    if matches(tokens, at, &["pub"]) {
        at += 1;
        if matches(tokens, at, &["("]) {
            at = after_group(tokens, at);
        }
    }
    let is_const_fn = matches(tokens, at, &["const", "fn"]);
    let keyword = tokens.get(at).and_then(Token::ident).unwrap_or_default();
    let brace_ends = is_const_fn || !SEMICOLON_ENDS.contains(&keyword);
    let comma_ends = !COMMA_INSIDE.contains(&keyword);

    while at < tokens.len() {
        match tokens[at].kind {
            Kind::Punct(';') => return at + 1,
            Kind::Punct(',') if comma_ends => return at + 1,
            Kind::Open('{') if brace_ends => return after_group(tokens, at),
            Kind::Open(_) => at = after_group(tokens, at),
            Kind::Close(_) => return at,
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn production(text: &str) -> (Vec<String>, Vec<String>) {
        let production = without_tests(&lex(text).expect("valid Rust"));
        let idents = production.tokens.iter().filter_map(Token::ident).map(str::to_owned);
        (idents.collect(), production.test_modules)
    }

    #[test]
    fn comments_and_strings_hold_no_tokens() {
        let (idents, _) = production("// gone\nlet a = \"gone too\"; /* and this */");
        assert_eq!(idents, ["let", "a"]);
    }

    #[test]
    fn a_test_module_is_left_out_and_what_follows_stays() {
        let (idents, _) = production("a! {} #[cfg(test)] #[x] mod tests { fn b() {} } struct C;");
        assert_eq!(idents, ["a", "struct", "C"]);
    }

    #[test]
    fn a_test_use_ends_at_its_semicolon() {
        let (idents, _) = production("#[cfg(test)] use a::{b, c}; use d;");
        assert_eq!(idents, ["use", "d"]);
    }

    #[test]
    fn a_test_function_ends_at_its_body() {
        let (idents, _) = production("#[cfg(test)] pub(crate) fn f<A, B>(a: A) -> B { a } x!();");
        assert_eq!(idents, ["x"]);
    }

    #[test]
    fn a_test_field_ends_at_its_comma_or_at_the_end_of_the_struct() {
        let (idents, _) =
            production("struct A { #[cfg(test)] b: u8, c: u8, #[cfg(test)] d: u8 } e");
        assert_eq!(idents, ["struct", "A", "c", "u8", "e"]);
    }

    #[test]
    fn what_also_exists_outside_of_tests_stays() {
        let (idents, _) = production("#[cfg(not(test))] mod a {} #[cfg(any(test, b))] mod c {}");
        assert!(idents.contains(&"a".to_owned()) && idents.contains(&"c".to_owned()), "{idents:?}");
    }

    #[test]
    fn a_test_module_in_a_file_of_its_own_is_named() {
        let (idents, modules) = production("#[cfg(test)] mod fixtures; mod real;");
        assert_eq!((idents, modules), (vec!["mod".into(), "real".into()], vec!["fixtures".into()]));
    }

    #[test]
    fn a_file_for_tests_only_holds_nothing() {
        assert!(production("#![cfg(test)] mod a; fn b() {}").0.is_empty());
        let (idents, _) = production("mod tests { #![cfg(test)] fn a() {} use b; } c");
        assert_eq!(idents, ["mod", "tests", "c"]);
    }

    #[test]
    fn a_file_that_is_no_rust_names_the_line() {
        assert_eq!(lex("fn a() {}\nfn b( {").expect_err("a bracket is open"), 2);
    }
}
