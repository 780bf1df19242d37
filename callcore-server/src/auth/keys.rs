//! The text of an API key.

use crate::secrets::random_token;

/// What a key begins with, so that it is recognised where it leaked to.
const PREFIX: &str = "ck_";
/// The length of a whole key: 32 bytes as base64url behind the prefix.
const KEY_BYTES: usize = PREFIX.len() + 43;

/// A new key.
pub(super) fn generate() -> String {
    format!("{PREFIX}{}", random_token())
}

/// The text as a key, if it looks like one.
pub(super) fn token(text: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(text).ok()?;
    (text.len() == KEY_BYTES && text.starts_with(PREFIX)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_a_key_is_looked_up() {
        let key = generate();
        assert_eq!(token(key.as_bytes()), Some(key.as_str()));
        assert_ne!(key, generate());
        let session = random_token();
        let none: [&[u8]; 5] = [b"", b"ck_", b"\xff", session.as_bytes(), &[b'x'; KEY_BYTES]];
        for text in none {
            assert_eq!(token(text), None, "{text:?}");
        }
    }
}
