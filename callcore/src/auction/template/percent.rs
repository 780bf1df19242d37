//! Percent-encoding (RFC 3986 §2.1): everything but unreserved characters, so that the same text is
//! right in a path segment, in a query and in a form.

/// A value as it stands in a URL or a form.
pub(crate) fn encoded(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    encode(&mut output, text);
    output
}

/// Writes a value.
pub(super) fn encode(output: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            output.push(char::from(byte));
        } else {
            push(output, byte);
        }
    }
}

/// Writes a template's own text, whose delimiters and escapes are meant: only what no URL can hold
/// is encoded.
pub(super) fn encode_literal(output: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_graphic()
            && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
        {
            output.push(char::from(byte));
        } else {
            push(output, byte);
        }
    }
}

fn push(output: &mut String, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    output.push('%');
    output.push(char::from(HEX[usize::from(byte >> 4)]));
    output.push(char::from(HEX[usize::from(byte & 15)]));
}
