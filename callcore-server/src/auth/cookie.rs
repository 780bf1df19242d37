//! The session's cookie.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

use super::sign_in::ABSOLUTE_SECS;

/// Longest value that is looked at. A token has 43 characters.
const TOKEN_BYTES: usize = 64;

/// How the cookie is written and found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cookie {
    secure: bool,
}

impl Cookie {
    pub(super) const fn new(secure: bool) -> Self {
        Self { secure }
    }

    /// The prefix makes a browser refuse the cookie from another host of the same domain.
    const fn name(self) -> &'static str {
        if self.secure { "__Host-callcore" } else { "callcore" }
    }

    /// `Set-Cookie` that hands out a token.
    pub(super) fn set(self, token: &str) -> HeaderValue {
        self.line(token, ABSOLUTE_SECS)
    }

    /// `Set-Cookie` that makes a browser forget it.
    pub(super) fn cleared(self) -> HeaderValue {
        self.line("", 0)
    }

    fn line(self, value: &str, max_age: u32) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let line = format!(
            "{}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}",
            self.name()
        );
        HeaderValue::try_from(line).expect("a token is base64url, which any header may hold")
    }

    /// The token that came with a request. Of several cookies of this name the first counts; a
    /// browser sends the one with the longest path first.
    pub(super) fn token(self, headers: &HeaderMap) -> Option<&str> {
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs =
            lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(name, _)| name.trim() == self.name())?;
        let value = value.trim();
        (!value.is_empty() && value.len() <= TOKEN_BYTES).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTTP: Cookie = Cookie::new(false);
    const HTTPS: Cookie = Cookie::new(true);

    fn headers(lines: &[&[u8]]) -> HeaderMap {
        let value = |line: &&[u8]| (COOKIE, HeaderValue::from_bytes(line).unwrap());
        lines.iter().map(value).collect()
    }

    #[test]
    fn the_cookie_is_written_for_the_scheme() {
        assert_eq!(HTTP.set("t"), "callcore=t; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax");
        assert_eq!(
            HTTPS.set("t"),
            "__Host-callcore=t; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(HTTP.cleared(), "callcore=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let table: [(&[&[u8]], Option<&str>); 12] = [
            (&[], None),
            (&[b""], None),
            (&[b"callcore"], None),
            (&[b"callcore="], None),
            (&[b"callcore=abc"], Some("abc")),
            (&[b"a=1; callcore=abc; b=2"], Some("abc")),
            (&[b"a=1;callcore=abc"], Some("abc")),
            (&[b"a=1", b"callcore=abc"], Some("abc")),
            (&[b"xcallcore=no; callcore=abc"], Some("abc")),
            (&[b"Callcore=no; __Host-callcore=no"], None),
            (&[b"callcore=one; callcore=two"], Some("one")),
            (&[b"a=\xff", b"callcore=abc"], Some("abc")),
        ];
        for (lines, expected) in table {
            assert_eq!(HTTP.token(&headers(lines)), expected, "{lines:?}");
        }
    }

    #[test]
    fn with_https_only_the_prefixed_name_counts() {
        assert_eq!(HTTPS.token(&headers(&[b"callcore=no; __Host-callcore=yes"])), Some("yes"));
        assert_eq!(HTTPS.token(&headers(&[b"callcore=no"])), None);
    }

    #[test]
    fn an_overlong_value_is_no_token() {
        let line = format!("callcore={}", "x".repeat(TOKEN_BYTES + 1));
        assert_eq!(HTTP.token(&headers(&[line.as_bytes()])), None);
    }
}
