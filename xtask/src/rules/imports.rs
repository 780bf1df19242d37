//! Inside `callcore` a module imports only from modules to its left:
//! `vocabulary ← schedule ← model ← call ← {routing, auction, attribution} ← flow ← plan ← port ←
//! {memory, switchboard}`.

use std::{cmp::Ordering, collections::BTreeSet};

use super::Finding;
use crate::{
    sources::{Source, Sources},
    tokens::{self, Kind, Token},
};

const ROOT: &str = "callcore/src/";

/// From left to right; modules of one place are siblings and do not know each other.
const ORDER: [&[&str]; 9] = [
    &["vocabulary"],
    &["schedule"],
    &["model"],
    &["call"],
    &["routing", "auction", "attribution"],
    &["flow"],
    &["plan"],
    &["port"],
    &["memory", "switchboard"],
];

pub(crate) fn check(sources: &Sources) -> Vec<Finding> {
    // A file that does not lex is the `unfinished` rule's finding.
    let files: Vec<File<'_>> = sources.rust().filter_map(File::read).collect();
    let test_folders: BTreeSet<Vec<String>> = files.iter().flat_map(File::test_modules).collect();
    let is_test = |file: &File<'_>| {
        (1..=file.module.len()).any(|length| test_folders.contains(&file.module[..length]))
    };
    files.iter().filter(|file| !is_test(file)).flat_map(File::findings).collect()
}

/// A file of the core, without its tests.
struct File<'s> {
    source: &'s Source,
    /// `["routing", "filter", "cap"]` for `routing/filter/cap.rs`.
    module: Vec<String>,
    production: tokens::Production,
}

/// A path that leaves the module it stands in.
struct Import {
    /// The module below the root, or `None` where a glob takes all of the root.
    target: Option<String>,
    line: usize,
}

impl<'s> File<'s> {
    fn read(source: &'s Source) -> Option<Self> {
        let path = source.path.strip_prefix(ROOT)?.strip_suffix(".rs")?;
        let mut module: Vec<String> = path.split('/').map(str::to_owned).collect();
        let is_test = module.iter().any(|name| name == "tests");
        // `lib.rs` names all modules and re-exports from them.
        if is_test || path == "lib" {
            return None;
        }
        if module.last().is_some_and(|name| name == "mod") {
            module.pop();
        }
        let production = tokens::without_tests(&tokens::lex(&source.text).ok()?);
        Some(Self { source, module, production })
    }

    /// The full names of `#[cfg(test)] mod x;` in this file.
    fn test_modules(&self) -> impl Iterator<Item = Vec<String>> + '_ {
        let below = |name: &String| [&self.module[..], std::slice::from_ref(name)].concat();
        self.production.test_modules.iter().map(below)
    }

    fn findings(&self) -> Vec<Finding> {
        let own = &self.module[0];
        let found = |line, message| Finding::error("imports", &self.source.path, line, message);
        if place(own).is_none() {
            let message = format!("module `{own}` has no place in the order: give it one in xtask");
            return vec![found(0, message)];
        }
        let imports = imports(&self.production.tokens, &self.module).into_iter();
        let refused = imports.filter_map(|import| Some((import.line, import.refusal(own)?)));
        refused.map(|(line, message)| found(line, message)).collect()
    }
}

impl Import {
    /// Why the module `own` may not import this.
    fn refusal(&self, own: &str) -> Option<String> {
        let Some(target) = &self.target else {
            return Some("imports the crate's root: name the module instead".to_owned());
        };
        if target == own {
            return None;
        }
        let Some(there) = place(target) else {
            return Some(format!(
                "`{target}` is no module of the order: name the one it comes from"
            ));
        };
        match there.cmp(&place(own)?) {
            Ordering::Less => None,
            Ordering::Equal => {
                Some(format!("`{own}` and `{target}` are siblings and may not know each other"))
            }
            Ordering::Greater => {
                Some(format!("`{own}` may not import `{target}`, which stands to its right"))
            }
        }
    }
}

fn place(module: &str) -> Option<usize> {
    ORDER.iter().position(|siblings| siblings.contains(&module))
}

/// All paths that start with `crate`, `super` or `self` and lead to the root, in `use` and inline.
fn imports(tokens: &[Token], file_module: &[String]) -> Vec<Import> {
    let mut found = Vec::new();
    let mut module = file_module.to_vec();
    // One entry per open bracket: whether it is the body of an inline module.
    let mut open: Vec<bool> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at].kind {
            Kind::Open(_) => {
                let name =
                    at.checked_sub(2).filter(|start| tokens::matches(tokens, *start, &["mod"]));
                let name = name.and_then(|start| tokens[start + 1].ident());
                module.extend(name.map(str::to_owned));
                open.push(name.is_some());
            }
            Kind::Close(_) => {
                let closes_module = open.pop() == Some(true);
                if closes_module {
                    module.pop();
                }
            }
            Kind::Ident(name) if starts_path(tokens, at, name) => {
                at = follow(tokens, at, module.clone(), &mut found);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

fn starts_path(tokens: &[Token], at: usize, name: &str) -> bool {
    let is_keyword = matches!(name, "crate" | "self" | "super");
    let continues_one = at >= 2 && tokens::matches(tokens, at - 2, &[":", ":"]);
    is_keyword && !continues_one && tokens::matches(tokens, at + 1, &[":", ":"])
}

/// Follows one path, or one branch of a `use` tree, and answers the index behind what it read.
fn follow(
    tokens: &[Token],
    mut at: usize,
    mut base: Vec<String>,
    found: &mut Vec<Import>,
) -> usize {
    loop {
        let Some(Token { kind, line }) = tokens.get(at) else { return at };
        match kind {
            Kind::Open('{') => return follow_branches(tokens, at, &base, found),
            Kind::Punct('*') if base.is_empty() => {
                found.push(Import { target: None, line: *line });
                return at + 1;
            }
            Kind::Ident(name) => match name.as_str() {
                "crate" => base.clear(),
                "super" => {
                    base.pop();
                }
                "self" => {}
                // `crate::name!` is a macro: those live at the root whatever module has them.
                _ if is_macro(tokens, at) => return at + 1,
                _ => {
                    if base.is_empty() {
                        found.push(Import { target: Some(name.clone()), line: *line });
                    }
                    return at + 1;
                }
            },
            _ => return at + 1,
        }
        at += 1;
        if !tokens::matches(tokens, at, &[":", ":"]) {
            if base.is_empty() {
                found.push(Import { target: None, line: *line });
            }
            return at;
        }
        at += 2;
    }
}

fn is_macro(tokens: &[Token], at: usize) -> bool {
    tokens::matches(tokens, at + 1, &["!"]) && !tokens::matches(tokens, at + 2, &["="])
}

/// `{a::b, c}`: every branch starts at the same place.
fn follow_branches(
    tokens: &[Token],
    open: usize,
    base: &[String],
    found: &mut Vec<Import>,
) -> usize {
    let end = tokens::after_group(tokens, open);
    let mut at = open + 1;
    while at + 1 < end {
        at = follow(tokens, at, base.to_vec(), found);
        // What is left of the branch lies below the module that is found already.
        while at + 1 < end && !tokens::matches(tokens, at, &[","]) {
            let is_group = matches!(tokens[at].kind, Kind::Open(_));
            at = if is_group { tokens::after_group(tokens, at) } else { at + 1 };
        }
        at += 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, text: &str) -> Vec<String> {
        let findings = check(&Sources::planted(&[(path, text)]));
        findings
            .into_iter()
            .map(|finding| format!("{} {}", finding.line, finding.message))
            .collect()
    }

    fn count(path: &str, text: &str) -> usize {
        messages(path, text).len()
    }

    #[test]
    fn imports_to_the_left_pass() {
        let text = "use crate::{call::{State, record::Record}, model::Buyer, vocabulary};
                    use super::super::schedule::Hours;
                    fn f(a: crate::routing::Decision) -> super::step::Step { crate::log!(a) }
                    pub(crate) fn g() {} pub(super) fn h() {}";
        assert_eq!(count("callcore/src/switchboard/handle.rs", text), 0);
    }

    #[test]
    fn an_import_to_the_right_is_found() {
        let expected = ["1 `model` may not import `flow`, which stands to its right"];
        assert_eq!(messages("callcore/src/model/buyer.rs", "use crate::flow::Program;"), expected);
        assert_eq!(messages("callcore/src/model/mod.rs", "use super::flow::Program;"), expected);
        assert_eq!(
            messages("callcore/src/model/buyer.rs", "fn f() { crate::flow::f() }"),
            expected
        );
        assert_eq!(
            messages("callcore/src/model/a/b.rs", "use super::super::super::flow;"),
            expected
        );
        assert_eq!(messages("callcore/src/model.rs", "a!(x, super::flow::f());"), expected);
    }

    #[test]
    fn every_branch_of_a_use_tree_is_followed() {
        let text = "use crate::{\n  call::{a, b},\n  vocabulary::{c},\n  port,\n  flow::*,\n};";
        let lines: Vec<_> = messages("callcore/src/schedule/mod.rs", text)
            .iter()
            .map(|message| message.split_whitespace().take(5).collect::<Vec<_>>().join(" "))
            .collect();
        let refused = ["2 `schedule` may not import", "4 `schedule` may not import"];
        assert_eq!(lines[..2], refused);
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn branches_may_go_up_on_their_own() {
        assert_eq!(count("callcore/src/model/a.rs", "use super::{super::flow::X, b};"), 1);
        assert_eq!(count("callcore/src/model.rs", "use self::{super::flow::X};"), 1);
        assert_eq!(count("callcore/src/model.rs", "use self::super::flow::X;"), 1);
    }

    #[test]
    fn siblings_do_not_know_each_other() {
        let found = messages("callcore/src/auction/mod.rs", "use crate::routing::Decision;");
        assert!(found[0].contains("siblings"), "{found:?}");
        assert_eq!(count("callcore/src/memory/calls.rs", "use crate::switchboard::X;"), 1);
    }

    #[test]
    fn the_root_is_no_way_around() {
        assert_eq!(count("callcore/src/model/mod.rs", "use crate::*;"), 1);
        assert_eq!(count("callcore/src/model/mod.rs", "use super::*;"), 1);
        assert_eq!(count("callcore/src/model/mod.rs", "use crate::{self as c};"), 1);
        assert_eq!(count("callcore/src/model/mod.rs", "use crate::Switchboard;"), 1);
        assert_eq!(count("callcore/src/model/mod.rs", "if crate::LIMIT != 2 {}"), 1);
    }

    #[test]
    fn an_inline_module_is_one_level_deeper() {
        let text = "mod inner { use super::super::flow::X; use super::y; } use super::vocabulary;";
        assert_eq!(count("callcore/src/model/mod.rs", text), 1);
        assert_eq!(count("callcore/src/model/mod.rs", "mod inner {} use super::flow;"), 1);
    }

    #[test]
    fn tests_may_import_everything() {
        let text = "#[cfg(test)] mod tests { use crate::flow::X; use crate::*; }";
        assert_eq!(count("callcore/src/model/mod.rs", text), 0);
        assert_eq!(count("callcore/src/model/tests.rs", "use crate::flow::X;"), 0);
        assert_eq!(count("callcore/src/model/tests/a.rs", "use crate::flow::X;"), 0);
        let sources = Sources::planted(&[
            ("callcore/src/model/mod.rs", "#[cfg(test)] mod fixtures;"),
            ("callcore/src/model/fixtures.rs", "use crate::flow::X;"),
            ("callcore/src/model/fixtures/deep.rs", "use crate::flow::X;"),
        ]);
        assert!(check(&sources).is_empty());
    }

    #[test]
    fn a_module_without_a_place_is_found() {
        assert!(messages("callcore/src/helpers.rs", "")[0].contains("no place in the order"));
    }

    #[test]
    fn the_root_and_other_crates_are_free() {
        assert_eq!(count("callcore/src/lib.rs", "pub use crate::switchboard::Switchboard;"), 0);
        assert_eq!(count("callcore-twiml/src/model.rs", "use crate::flow::X;"), 0);
    }
}
