//! Whether a reply accepts the call.

use std::cmp::Ordering;

use super::amount;
use super::chain::{Chain, Document, Sought, split};
use super::words::{Meaning, is_refusing_code, meaning};
use crate::auction::tree::Tree;

/// How acceptance is told.
#[derive(Clone, Debug)]
pub(super) enum Acceptance {
    /// No path: a known refusal in one of the usual places refuses, anything else accepts.
    Usual { words: Vec<Chain>, codes: Chain, reasons: Chain },
    /// A boolean, a word or a code at a path.
    At(Chain),
    /// All of these must hold.
    If(Vec<Condition>),
}

/// `Cost > 10`
#[derive(Clone, Debug)]
pub(super) struct Condition {
    source: String,
    chain: Chain,
    operator: &'static str,
    literal: String,
}

/// What a reply says of acceptance, with the word that says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Accepted,
    NoBid(Option<String>),
    Refused(Option<String>),
    /// Nothing stands at the path.
    Missing,
    Several,
    /// A value that is neither acceptance nor refusal.
    Unclear(String),
}

/// Longer operators first, so that `>=` is not read as `>`.
const OPERATORS: [&str; 6] = ["==", "!=", ">=", "<=", ">", "<"];

impl Acceptance {
    pub(super) fn usual() -> Self {
        let words = [
            "success",
            "accepted",
            "accept",
            "matched",
            "status",
            "result",
            "outcome",
            "decision",
            "bid_status | bidStatus",
        ];
        Self::Usual {
            words: words.map(Chain::usual).to_vec(),
            codes: Chain::usual("code"),
            reasons: Chain::usual(
                "rejectReason | reject_reason | rejectionReason | rejection_reason | error | errors[0]",
            ),
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parts = split(text, "&&");
        if parts.len() == 1 && operator(text).is_none() {
            return Chain::parse(text).map(Self::At);
        }
        parts.into_iter().map(Condition::parse).collect::<Result<_, _>>().map(Self::If)
    }

    pub(super) fn judge(&self, document: &Document<'_>) -> Said {
        match self {
            Self::Usual { words, codes, reasons } => {
                let said = words.iter().map(|chain| chain.find(document)).find_map(refusal);
                let code = match codes.find(document) {
                    Sought::Value(tree) => tree.scalar().filter(|code| is_refusing_code(code)),
                    _ => None,
                };
                let reason = match reasons.find(document) {
                    Sought::Value(Tree::Bool(false)) | Sought::Missing | Sought::Null => false,
                    Sought::Value(Tree::Number(number)) => number != "0",
                    Sought::Value(_) | Sought::Several => true,
                };
                let code = code.map(|code| Said::Refused(Some(code.to_owned())));
                let reason = reason.then_some(Said::Refused(None));
                said.or(code).or(reason).unwrap_or(Said::Accepted)
            }
            Self::At(chain) => judge(chain.find(document)),
            Self::If(conditions) => {
                let broken = conditions.iter().find(|condition| !condition.holds(document));
                broken.map_or(Said::Accepted, |condition| {
                    Said::Refused(Some(format!("not {}", condition.source)))
                })
            }
        }
    }
}

/// What stands in one of the usual places, where it is no acceptance. Words that we do not know say
/// nothing there.
fn refusal(sought: Sought<'_>) -> Option<Said> {
    match judge(sought) {
        said @ (Said::NoBid(_) | Said::Refused(_)) => Some(said),
        Said::Accepted | Said::Missing | Said::Several | Said::Unclear(_) => None,
    }
}

fn judge(sought: Sought<'_>) -> Said {
    let tree = match sought {
        Sought::Missing | Sought::Null => return Said::Missing,
        Sought::Several => return Said::Several,
        Sought::Value(tree) => tree,
    };
    let text = match tree {
        Tree::Bool(true) => return Said::Accepted,
        Tree::Bool(false) => return Said::Refused(None),
        tree => tree.scalar().unwrap_or("a list or an object"),
    };
    match meaning(text) {
        Some(Meaning::Accepts) => Said::Accepted,
        Some(Meaning::NoBid) => Said::NoBid(Some(text.to_owned())),
        Some(Meaning::Refuses) => Said::Refused(Some(text.to_owned())),
        None => Said::Unclear(text.to_owned()),
    }
}

/// The first operator outside of brackets and quotes.
fn operator(text: &str) -> Option<(&str, &'static str, &str)> {
    OPERATORS
        .into_iter()
        .filter_map(|operator| {
            let left = *split(text, operator).first()?;
            let right = text[left.len()..].strip_prefix(operator)?;
            Some((left, operator, right))
        })
        .min_by_key(|(left, operator, _)| (left.len(), std::cmp::Reverse(operator.len())))
}

impl Condition {
    fn parse(text: &str) -> Result<Self, String> {
        let Some((path, operator, literal)) = operator(text) else {
            return Err(format!("{:?} compares nothing; write it as path == word", text.trim()));
        };
        let literal = literal.trim();
        let quoted = ['"', '\''].into_iter().find_map(|quote| {
            literal.strip_prefix(quote).and_then(|literal| literal.strip_suffix(quote))
        });
        let literal = quoted.unwrap_or(literal);
        let ordered = operator.starts_with(['<', '>']);
        if ordered && amount::decimal(literal).is_none() {
            return Err(format!("{operator} compares with a number, not with {literal:?}"));
        }
        if literal.is_empty() || operator_inside(literal) {
            return Err(format!("{:?} is no condition", text.trim()));
        }
        Ok(Self {
            source: text.trim().to_owned(),
            chain: Chain::parse(path)?,
            operator,
            literal: literal.to_owned(),
        })
    }

    fn holds(&self, document: &Document<'_>) -> bool {
        let Sought::Value(tree) = self.chain.find(document) else { return false };
        let text = match tree {
            Tree::Bool(true) => "true",
            Tree::Bool(false) => "false",
            tree => match tree.scalar() {
                Some(text) => text,
                None => return false,
            },
        };
        let numbers = amount::decimal(text).zip(amount::decimal(&self.literal));
        let equal = match numbers {
            Some((left, right)) => left == right,
            None => text.eq_ignore_ascii_case(&self.literal),
        };
        let order = numbers.map(|(left, right)| left.cmp(&right));
        match self.operator {
            "==" => equal,
            "!=" => !equal,
            ">" => order == Some(Ordering::Greater),
            "<" => order == Some(Ordering::Less),
            ">=" => order.is_some_and(Ordering::is_ge),
            _ => order.is_some_and(Ordering::is_le),
        }
    }
}

fn operator_inside(literal: &str) -> bool {
    literal.contains(['=', '<', '>', '|', '&'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auction::tree::json;

    fn said(acceptance: &Acceptance, reply: &str) -> Said {
        acceptance.judge(&Document::json(json::read(reply).unwrap()))
    }

    fn at(path: &str, reply: &str) -> Said {
        said(&Acceptance::parse(path).unwrap(), reply)
    }

    #[test]
    fn a_path_tells_by_boolean_word_or_code() {
        for reply in [r#"{"a":true}"#, r#"{"a":"Accepted"}"#, r#"{"a":1}"#, r#"{"a":1000}"#] {
            assert_eq!(at("a", reply), Said::Accepted, "{reply}");
        }
        assert_eq!(at("a", r#"{"a":false}"#), Said::Refused(None));
        assert_eq!(at("a", r#"{"a":3000}"#), Said::Refused(Some("3000".to_owned())));
        assert_eq!(at("a", r#"{"a":"no-bid"}"#), Said::NoBid(Some("no-bid".to_owned())));
        assert_eq!(at("a", r#"{"a":"purple"}"#), Said::Unclear("purple".to_owned()));
        assert_eq!(at("a", r#"{"a":null}"#), Said::Missing);
        assert_eq!(at("a[*]", r#"{"a":[true,true]}"#), Said::Several);
    }

    #[test]
    fn conditions_must_all_hold() {
        let leadbyte = "Success == true && Cost > 10";
        assert_eq!(at(leadbyte, r#"{"Success":true,"Cost":15}"#), Said::Accepted);
        let refused = Said::Refused(Some("not Cost > 10".to_owned()));
        assert_eq!(at(leadbyte, r#"{"Success":true,"Cost":10}"#), refused);
        assert_eq!(at(leadbyte, r#"{"Success":true}"#), refused);
        assert_eq!(at("code==7", r#"{"code":"7.0"}"#), Said::Accepted);
        assert_eq!(at("s != 'no way'", r#"{"s":"way"}"#), Said::Accepted);
        assert_eq!(at("a >= 2", r#"{"a":2}"#), Said::Accepted);
        assert_eq!(at("$[?@.a > 1].b == x", r#"[{"a":2,"b":"X"}]"#), Said::Accepted);
        for wrong in ["a == ", "a > b", "a && b", "a == 1 && b", "a == 1 == 2", "== 1"] {
            assert!(Acceptance::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn without_a_path_a_known_refusal_in_a_usual_place_refuses() {
        let usual = Acceptance::usual();
        for reply in [
            r#"{"bid":5}"#,
            r#"{"bid":5,"status":"purple"}"#,
            r#"{"code":1000}"#,
            r#"{"code":0}"#,
            r#"{"error":null,"errors":[]}"#,
            r#"{"error":false}"#,
            r#"{"success":true,"message":"rejected is not said here"}"#,
        ] {
            assert_eq!(said(&usual, reply), Said::Accepted, "{reply}");
        }
        for reply in [
            r#"{"Success":false,"bid":5}"#,
            r#"{"status":"Rejected","bid":5}"#,
            r#"{"success":true,"status":"declined"}"#,
            r#"{"code":2000,"bid":5}"#,
            r#"{"rejectReason":"Missing required fields","bidAmount":0}"#,
            r#"{"error":"The lead failed validation."}"#,
            r#"{"errors":["closed"],"bid":5}"#,
            r#"{"error":true}"#,
        ] {
            assert!(matches!(said(&usual, reply), Said::Refused(_)), "{reply}");
        }
        assert!(matches!(said(&usual, r#"{"status":"no_target"}"#), Said::NoBid(_)));
    }
}
