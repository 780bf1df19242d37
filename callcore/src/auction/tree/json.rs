//! Reads JSON (RFC 8259), strictly: no name twice in one object, bounded depth, numbers that a
//! double can hold.

use std::borrow::Cow;

use super::{Marks, Members, Tree};
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

/// Whether a byte stands for itself in a string.
const PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut byte = 0;
    while byte < b' ' as usize {
        plain[byte] = false;
        byte += 1;
    }
    (plain[b'"' as usize], plain[b'\\' as usize]) = (false, false);
    plain
};

/// Reads one JSON value.
pub(crate) fn read(text: &str) -> Result<Tree<'_>, JsonError> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, error: None };
    let tree = reader.document();
    // Whoever stops says why.
    let unknown = JsonError { kind: JsonErrorKind::Unexpected, at: reader.at };
    tree.map_err(|Stopped| reader.error.unwrap_or(unknown))
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    error: Option<JsonError>,
}

/// The reader has an error. It stands there, and not here, because results are moved for every
/// value: together with an error they would be moved byte by byte.
struct Stopped;

impl<'a> Reader<'a> {
    /// Stops at a byte.
    const fn stop(&mut self, kind: JsonErrorKind, at: usize) -> Stopped {
        self.error = Some(JsonError { kind, at });
        Stopped
    }

    /// Stops here.
    const fn error(&mut self, kind: JsonErrorKind) -> Stopped {
        self.stop(kind, self.at)
    }

    fn document(&mut self) -> Result<Tree<'a>, Stopped> {
        let mut tree = Tree::Null;
        self.space();
        self.value(0, &mut tree)?;
        self.space();
        if self.at < self.text.len() { Err(self.error(JsonErrorKind::Trailing)) } else { Ok(tree) }
    }

    /// Something else, or the end, where a certain character must stand.
    fn unexpected(&mut self) -> Stopped {
        let kind = self.peek().map_or(JsonErrorKind::End, |_| JsonErrorKind::Unexpected);
        self.error(kind)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Reads a value into its place, so that it is not moved there.
    fn value(&mut self, depth: usize, place: &mut Tree<'a>) -> Result<(), Stopped> {
        match self.peek() {
            Some(b'"') => match self.plain_string() {
                Some(text) => *place = Tree::Text(Cow::Borrowed(text)),
                None => *place = Tree::Text(Cow::Owned(self.escaped_string()?)),
            },
            Some(b'-' | b'0'..=b'9') => *place = Tree::Number(Cow::Borrowed(self.number()?)),
            Some(b'{' | b'[') if depth >= limits::REPLY_DEPTH => {
                return Err(self.error(JsonErrorKind::Depth));
            }
            Some(b'{') => *place = Tree::Map(self.map(depth + 1)?),
            Some(b'[') => *place = Tree::List(self.list(depth + 1)?),
            Some(b't') => {
                self.word("true")?;
                *place = Tree::Bool(true);
            }
            Some(b'f') => {
                self.word("false")?;
                *place = Tree::Bool(false);
            }
            Some(b'n') => {
                self.word("null")?;
                *place = Tree::Null;
            }
            _ => return Err(self.unexpected()),
        }
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), Stopped> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.error(JsonErrorKind::Unexpected));
        }
        self.at += word.len();
        Ok(())
    }

    /// Goes on after a comma: `true`; the end of the list or object: `false`.
    fn goes_on(&mut self, close: u8) -> Result<bool, Stopped> {
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
            _ => Err(self.unexpected()),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Tree<'a>>, Stopped> {
        self.at += 1;
        self.space();
        let mut values = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(values);
        }
        loop {
            let place = values.len();
            values.push(Tree::Null);
            self.value(depth, &mut values[place])?;
            if !self.goes_on(b']')? {
                return Ok(values);
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Members<'a>, Stopped> {
        self.at += 1;
        self.space();
        let mut members = Members::default();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(members);
        }
        let mut may_repeat = false;
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.unexpected());
            }
            let (name, place) = members.add();
            match self.plain_string() {
                Some(text) => *name = Cow::Borrowed(text),
                None => *name = Cow::Owned(self.escaped_string()?),
            }
            let marks = Marks::of(name);
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected());
            }
            self.at += 1;
            self.space();
            self.value(depth, place)?;
            may_repeat |= members.mark(marks);
            if !self.goes_on(b'}')? {
                break;
            }
        }
        if may_repeat && members.has_duplicate() {
            return Err(self.error(JsonErrorKind::Duplicate));
        }
        Ok(members)
    }

    /// Takes a string without escapes, as it stands; `None` for any other, which is not taken.
    fn plain_string(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.at += 1;
        let plain = self.plain();
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Some(plain);
        }
        self.at = start;
        None
    }

    /// Takes the characters up to the first that does not stand for itself.
    fn plain(&mut self) -> &'a str {
        let start = self.at;
        let rest = &self.bytes[start..];
        let length = rest.iter().position(|byte| !PLAIN[usize::from(*byte)]);
        self.at += length.unwrap_or(rest.len());
        // Both ends stand next to ASCII, so they are boundaries of characters.
        &self.text[start..self.at]
    }

    #[cold]
    fn escaped_string(&mut self) -> Result<String, Stopped> {
        self.at += 1;
        let mut output = String::new();
        loop {
            output.push_str(self.plain());
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

    fn escape(&mut self) -> Result<char, Stopped> {
        let start = self.at;
        self.escaped_character().ok_or_else(|| self.stop(JsonErrorKind::Escape, start))
    }

    fn escaped_character(&mut self) -> Option<char> {
        let letter = self.bytes.get(self.at + 1).copied()?;
        self.at += 2;
        Some(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{C}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex()?;
                let low = if (0xD800..0xDC00).contains(&first) {
                    if !self.bytes[self.at..].starts_with(b"\\u") {
                        return None;
                    }
                    self.at += 2;
                    self.hex()
                } else {
                    None
                };
                let units = [first, low.unwrap_or_default()];
                let used = if low.is_some() { &units[..] } else { &units[..1] };
                // Half a pair is no character.
                char::decode_utf16(used.iter().copied()).next().and_then(Result::ok)?
            }
            _ => return None,
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

    fn digits(&mut self) -> Result<(), Stopped> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.error(JsonErrorKind::Unexpected)) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<&'a str, Stopped> {
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
            return Err(self.stop(JsonErrorKind::Number, start));
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// The tree as serde_json reads it, with numbers by their text.
    fn same(tree: &Tree<'_>, value: &Value) -> bool {
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
