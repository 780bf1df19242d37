//! The places where a value can stand, each with its encoder.

use super::RenderError;
use super::percent;
use crate::auction::variables::Value;

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Inside a JSON string (RFC 8259 §7).
    JsonString,
    /// A whole JSON value.
    JsonValue,
    /// A form field's value, a query parameter's value, or inside a path segment.
    Percent,
    /// Inside a header's value (RFC 9110 §5.5).
    Header,
    /// XML text.
    XmlText,
    /// An XML attribute's value.
    XmlAttribute,
}

impl Place {
    /// Writes a value; an unset one is empty, and `null` as a whole JSON value.
    pub(super) fn write(
        self,
        output: &mut String,
        value: Option<&Value<'_>>,
    ) -> Result<(), RenderError> {
        let text = value.map_or("", Value::as_str);
        match self {
            Self::JsonString => escape_json(output, text),
            Self::JsonValue => match value {
                None => output.push_str("null"),
                Some(Value::Number(number)) => output.push_str(number),
                Some(Value::Tag(tag)) if is_plain_json(tag) => output.push_str(tag),
                Some(_) => {
                    output.push('"');
                    escape_json(output, text);
                    output.push('"');
                }
            },
            Self::Percent => percent::encode(output, text),
            Self::Header => {
                if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte) || byte == b'\t') {
                    return Err(RenderError::HeaderValue);
                }
                output.push_str(text);
            }
            Self::XmlText | Self::XmlAttribute => escape_xml(output, text),
        }
        Ok(())
    }

    /// What stands here in the probe of a template.
    pub(super) const fn probe(self) -> &'static str {
        match self {
            Self::JsonValue => "\"x\"",
            _ => "x",
        }
    }
}

fn escape_json(output: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '"' => output.push_str("\\\""),
            '\\' => output.push_str("\\\\"),
            '\n' => output.push_str("\\n"),
            '\r' => output.push_str("\\r"),
            '\t' => output.push_str("\\t"),
            '\u{0}'..='\u{1F}' => {
                let code = u32::from(c);
                output.push_str(&format!("\\u{code:04x}"));
            }
            c => output.push(c),
        }
    }
}

/// Whether a tag is written as a boolean or a plain number of at most 18 digits before and 9 after
/// the point, so that every reader can hold it.
fn is_plain_json(text: &str) -> bool {
    if matches!(text, "true" | "false") {
        return true;
    }
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned
        .split_once('.')
        .map_or((unsigned, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = whole == "0" || !whole.starts_with('0');
    (1..=18).contains(&whole.len())
        && digits(whole)
        && canonical
        && fraction.is_none_or(|fraction| (1..=9).contains(&fraction.len()) && digits(fraction))
}

/// Escapes what is markup and what parsers would normalise away, and leaves out what XML 1.0 (§2.2)
/// cannot hold at all.
pub(super) fn escape_xml(output: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => output.push_str("&amp;"),
            '<' => output.push_str("&lt;"),
            '>' => output.push_str("&gt;"),
            '"' => output.push_str("&quot;"),
            '\'' => output.push_str("&apos;"),
            '\t' => output.push_str("&#9;"),
            '\n' => output.push_str("&#10;"),
            '\r' => output.push_str("&#13;"),
            '\u{0}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => {}
            c => output.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(place: Place, value: Option<&Value<'_>>) -> String {
        let mut output = String::new();
        place.write(&mut output, value).unwrap();
        output
    }

    #[test]
    fn a_tag_is_a_number_or_boolean_only_where_it_is_written_as_one() {
        for plain in ["0", "25", "-3", "1.50", "true", "false", "123456789012345678"] {
            assert_eq!(written(Place::JsonValue, Some(&Value::Tag(plain))), plain);
        }
        for text in ["007", "1e5", "+1", "1.", ".5", "-", "", "null", "1,2", "1234567890123456789"]
        {
            let quoted = format!("\"{text}\"");
            assert_eq!(written(Place::JsonValue, Some(&Value::Tag(text))), quoted);
        }
        // A postal code is text, whatever it looks like.
        assert_eq!(written(Place::JsonValue, Some(&Value::Text("12345".into()))), "\"12345\"");
        assert_eq!(written(Place::JsonValue, None), "null");
        assert_eq!(written(Place::JsonString, None), "");
    }

    #[test]
    fn every_place_escapes_what_is_its_markup() {
        let value = Value::Tag("a\"\\\n\u{1}<&>' é");
        assert_eq!(written(Place::JsonString, Some(&value)), r#"a\"\\\n\u0001<&>' é"#);
        assert_eq!(written(Place::Percent, Some(&value)), "a%22%5C%0A%01%3C%26%3E%27%20%C3%A9");
        assert_eq!(
            written(Place::XmlAttribute, Some(&value)),
            "a&quot;\\&#10;&lt;&amp;&gt;&apos; é"
        );
        for refused in ["a\rb", "a\nb", "\0", "é", "\u{7f}"] {
            let mut output = String::new();
            let written = Place::Header.write(&mut output, Some(&Value::Tag(refused)));
            assert_eq!(written, Err(RenderError::HeaderValue), "{refused:?}");
        }
    }
}
