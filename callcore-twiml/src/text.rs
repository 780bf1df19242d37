//! What XML 1.0 can hold.

use std::borrow::Cow;

/// Whether XML 1.0 can hold `character` at all, escaped or not
/// (<https://www.w3.org/TR/xml/#charsets>).
pub(crate) fn is_xml_character(character: char) -> bool {
    matches!(
        character,
        '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..
    )
}

/// The byte offset of the first character that XML 1.0 cannot hold.
pub(crate) fn illegal_character(text: &str) -> Option<usize> {
    text.char_indices()
        .find_map(|(position, character)| (!is_xml_character(character)).then_some(position))
}

/// Drops the characters that XML 1.0 cannot hold: the C0 controls other than tab, line feed and
/// carriage return, and U+FFFE and U+FFFF.
///
/// [`Response::to_xml`](crate::Response::to_xml) refuses such characters, since dropping them
/// from a URL or a phone number would silently change where a call goes. Text that came from
/// outside and is only going to be spoken should pass through here first, so that the caller
/// hears the rest of it.
///
/// ```
/// assert_eq!(callcore_twiml::sanitize_text("Hello\u{0} Ann"), "Hello Ann");
/// ```
#[must_use]
pub fn sanitize_text(text: &str) -> Cow<'_, str> {
    if illegal_character(text).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|&character| is_xml_character(character)).collect())
}

/// Whether `text` is a name to XML 1.0 (<https://www.w3.org/TR/xml/#NT-Name>).
pub(crate) fn is_xml_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(begins_name) && characters.all(continues_name)
}

fn begins_name(character: char) -> bool {
    matches!(
        character,
        ':' | 'A'..='Z' | '_' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}'
            | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}'
            | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
            | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
            | '\u{10000}'..='\u{EFFFF}'
    )
}

fn continues_name(character: char) -> bool {
    let more = matches!(
        character,
        '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}'
    );
    more || begins_name(character)
}

/// Trims the white space of XML, and nothing else: a no-break space is part of a value.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Whether `character` is white space to XML.
pub(crate) fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_text_is_borrowed() {
        let text = "a\t\r\n\u{85}\u{A0}\u{202E}\u{1F4DE}\u{FFFD}";
        assert!(matches!(sanitize_text(text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn illegal_characters_are_dropped() {
        assert_eq!(sanitize_text("\u{0}a\u{8}b\u{B}\u{C}\u{1F}c\u{FFFE}\u{FFFF}"), "abc");
        assert_eq!(illegal_character("é\u{1}"), Some(2));
    }
}
