//! Reads JSON (RFC 8259), strictly: no name twice in one object, bounded depth, numbers that a
//! double can hold.

use super::Tree;
use crate::vocabulary::limits;

/// Why a text is no JSON that is read, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {at}")]
pub(crate) struct JsonError {
    pub(crate) kind: JsonErrorKind,
    pub(crate) at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonErrorKind {
    #[error("the text goes on")]
    Trailing,
    #[error("the text ends")]
    End,
    #[error("an unexpected character")]
    Unexpected,
    #[error("a broken escape")]
    Escape,
    #[error("a control character in a string")]
    Control,
    #[error("a number that is too long or too large")]
    Number,
    #[error("a name that stands twice in one object")]
    Duplicate,
    #[error("nesting deeper than {}", limits::REPLY_DEPTH)]
    Depth,
}

/// Reads one JSON value.
pub(crate) fn read(text: &str) -> Result<Tree, JsonError> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0 };
    reader.space();
    let tree = reader.value(0)?;
    reader.space();
    if reader.at < text.len() { Err(reader.error(JsonErrorKind::Trailing)) } else { Ok(tree) }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    const fn error(&self, kind: JsonErrorKind) -> JsonError {
        JsonError { kind, at: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Tree, JsonError> {
        match self.peek() {
            Some(b'{' | b'[') if depth >= limits::REPLY_DEPTH => {
                Err(self.error(JsonErrorKind::Depth))
            }
            Some(b'{') => self.map(depth + 1),
            Some(b'[') => self.list(depth + 1),
            Some(b'"') => self.string().map(Tree::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Tree::Bool(true)),
            Some(b'f') => self.word("false", Tree::Bool(false)),
            Some(b'n') => self.word("null", Tree::Null),
            Some(_) => Err(self.error(JsonErrorKind::Unexpected)),
            None => Err(self.error(JsonErrorKind::End)),
        }
    }

    fn word(&mut self, word: &str, tree: Tree) -> Result<Tree, JsonError> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.error(JsonErrorKind::Unexpected));
        }
        self.at += word.len();
        Ok(tree)
    }

    /// Goes on after a comma: `true`; the end of the list or object: `false`.
    fn goes_on(&mut self, close: u8) -> Result<bool, JsonError> {
        self.space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.space();
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            Some(_) => Err(self.error(JsonErrorKind::Unexpected)),
            None => Err(self.error(JsonErrorKind::End)),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Tree, JsonError> {
        self.at += 1;
        self.space();
        let mut values = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Tree::List(values));
        }
        loop {
            values.push(self.value(depth)?);
            if !self.goes_on(b']')? {
                return Ok(Tree::List(values));
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Tree, JsonError> {
        self.at += 1;
        self.space();
        let mut members: Vec<(String, Tree)> = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Tree::Map(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                let kind = self.peek().map_or(JsonErrorKind::End, |_| JsonErrorKind::Unexpected);
                return Err(self.error(kind));
            }
            let name = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                let kind = self.peek().map_or(JsonErrorKind::End, |_| JsonErrorKind::Unexpected);
                return Err(self.error(kind));
            }
            self.at += 1;
            self.space();
            members.push((name, self.value(depth)?));
            if !self.goes_on(b'}')? {
                break;
            }
        }
        if has_duplicate(&members) {
            return Err(self.error(JsonErrorKind::Duplicate));
        }
        Ok(Tree::Map(members))
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.at += 1;
        let mut output = String::new();
        loop {
            let start = self.at;
            while matches!(self.peek(), Some(byte) if byte >= b' ' && byte != b'"' && byte != b'\\')
            {
                self.at += 1;
            }
            // Both ends stand next to ASCII, so they are boundaries of characters.
            output.push_str(&self.text[start..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(output);
                }
                Some(b'\\') => output.push(self.escape()?),
                Some(_) => return Err(self.error(JsonErrorKind::Control)),
                None => return Err(self.error(JsonErrorKind::End)),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let broken = self.error(JsonErrorKind::Escape);
        let letter = self.bytes.get(self.at + 1).copied().ok_or(broken)?;
        self.at += 2;
        Ok(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{C}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex().ok_or(broken)?;
                let low = if (0xD800..0xDC00).contains(&first) {
                    if !self.bytes[self.at..].starts_with(b"\\u") {
                        return Err(broken);
                    }
                    self.at += 2;
                    self.hex()
                } else {
                    None
                };
                let units = [first, low.unwrap_or_default()];
                let used = if low.is_some() { &units[..] } else { &units[..1] };
                // Half a pair is no character.
                char::decode_utf16(used.iter().copied())
                    .next()
                    .and_then(Result::ok)
                    .ok_or(broken)?
            }
            _ => return Err(broken),
        })
    }

    fn hex(&mut self) -> Option<u16> {
        let digits = self.bytes.get(self.at..self.at + 4)?;
        let text = std::str::from_utf8(digits).ok()?;
        // `from_str_radix` takes a sign, JSON does not.
        let value = text.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(text)?;
        self.at += 4;
        u16::from_str_radix(value, 16).ok()
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.error(JsonErrorKind::Unexpected)) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Tree, JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        let exponent = matches!(self.peek(), Some(b'e' | b'E'));
        if exponent {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        // serde_json refuses what no double can hold, such as 1e400; so does this.
        let finite = !exponent || text.parse().is_ok_and(f64::is_finite);
        if text.len() > limits::REPLY_NUMBER_BYTES || !finite {
            return Err(JsonError { kind: JsonErrorKind::Number, at: start });
        }
        Ok(Tree::Number(text.to_owned()))
    }
}

fn has_duplicate(members: &[(String, Tree)]) -> bool {
    if members.len() <= 16 {
        let repeated = |n: usize| members[..n].iter().any(|(name, _)| *name == members[n].0);
        return (1..members.len()).any(repeated);
    }
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// The tree as serde_json reads it, with numbers by their text.
    fn same(tree: &Tree, value: &Value) -> bool {
        match (tree, value) {
            (Tree::Null, Value::Null) => true,
            (Tree::Bool(left), Value::Bool(right)) => left == right,
            (Tree::Number(left), Value::Number(right)) => {
                // serde_json's fast reader may miss the nearest float by some steps.
                let bits = |number: Option<f64>| number.map_or(0, f64::to_bits);
                bits(left.parse().ok()).abs_diff(bits(right.as_f64())) <= 64
            }
            (Tree::Text(left), Value::String(right)) => left == right,
            (Tree::List(left), Value::Array(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r))
            }
            (Tree::Map(left), Value::Object(right)) => {
                left.len() == right.len()
                    && left.iter().all(|(name, l)| right.get(name).is_some_and(|r| same(l, r)))
            }
            _ => false,
        }
    }

    fn kind(text: &str) -> JsonErrorKind {
        read(text).unwrap_err().kind
    }

    #[test]
    fn hostile_texts_are_refused_with_their_reason() {
        assert_eq!(kind(r#"{"bid":1,"bid":2}"#), JsonErrorKind::Duplicate);
        assert_eq!(kind(r#"{"bid":1,"\u0062id":2}"#), JsonErrorKind::Duplicate);
        let many: Vec<_> = (0..40).map(|n| format!("\"k{}\":0", n % 39)).collect();
        assert_eq!(kind(&format!("{{{}}}", many.join(","))), JsonErrorKind::Duplicate);
        assert_eq!(kind(r#"{"bid":NaN}"#), JsonErrorKind::Unexpected);
        assert_eq!(kind(r#"{"bid":Infinity}"#), JsonErrorKind::Unexpected);
        assert_eq!(kind(r#"{"bid":1e400}"#), JsonErrorKind::Number);
        assert_eq!(kind(&"9".repeat(65)), JsonErrorKind::Number);
        assert_eq!(kind(r#"{"bid":01}"#), JsonErrorKind::Unexpected);
        assert_eq!(kind(r#""\ud800""#), JsonErrorKind::Escape);
        assert_eq!(kind(r#""\u+041""#), JsonErrorKind::Escape);
        assert_eq!(kind("\"a\nb\""), JsonErrorKind::Control);
        assert_eq!(kind(r#"{"a":1} x"#), JsonErrorKind::Trailing);
        assert_eq!(kind(""), JsonErrorKind::End);
        assert_eq!(kind(r#"{"a":"#), JsonErrorKind::End);
        assert_eq!(read(r#" {"a":} "#).unwrap_err().at, 6);
    }

    #[test]
    fn the_limit_of_depth_is_the_one_of_serde_json() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for depth in [1, 126, 127] {
            assert!(read(&nested(depth)).is_ok(), "{depth}");
            assert!(serde_json::from_str::<Value>(&nested(depth)).is_ok(), "{depth}");
        }
        assert!(read(&nested(limits::REPLY_DEPTH)).is_ok());
        assert_eq!(kind(&nested(limits::REPLY_DEPTH + 1)), JsonErrorKind::Depth);
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u32>().prop_map(|n| serde_json::from_str(&format!("{n}.125e-3")).unwrap()),
            any::<String>().prop_map(Value::from),
            "[\"\\\\/\n\r\t\u{0}\u{1f} a]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::btree_map(".{0,4}", inner, 0..8)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_serde_json_writes_is_read_the_same(value in json()) {
            let text = serde_json::to_string_pretty(&value).unwrap();
            let tree = read(&text).unwrap();
            prop_assert!(same(&tree, &value), "{text}");
        }

        #[test]
        fn both_readers_take_and_refuse_the_same(
            value in json(),
            at in any::<prop::sample::Index>(),
            cut in 0..2_usize,
            piece in r#"[\[\]{}:,"0-9eE.+\- nu\\]{0,2}"#,
        ) {
            // One edit of a right text is often nearly right.
            let mut characters: Vec<char> = value.to_string().chars().collect();
            let at = at.index(characters.len());
            let end = (at + cut).min(characters.len());
            characters.splice(at..end, piece.chars());
            let text: String = characters.into_iter().collect();
            let ours = read(&text);
            let theirs = serde_json::from_str::<Value>(&text);
            match (&ours, &theirs) {
                (Ok(tree), Ok(value)) => prop_assert!(same(tree, value), "{text}"),
                (Err(error), Ok(_)) => prop_assert_eq!(error.kind, JsonErrorKind::Duplicate),
                (Ok(_), Err(_)) => prop_assert!(false, "{text} is no JSON"),
                (Err(_), Err(_)) => {}
            }
        }

        #[test]
        fn any_text_is_answered(text in r#"([\[\]{}:,0-9eE.+\- ]|"|\\|\\u|[a-fx]|\PC){0,20}"#) {
            let _ = read(&text);
        }
    }
}
