//! The cookies of a call: Twilio keeps them from its first request to its last.

use std::collections::BTreeMap;

use callcore::port::HttpResponse;

use crate::phone::limits::{MAX_COOKIE_BYTES, MAX_COOKIES};

/// Cookies by host and name. Paths and ages are not told apart, but `Max-Age=0` deletes.
#[derive(Debug, Default)]
pub(in crate::phone) struct Cookies {
    kept: BTreeMap<(String, String), String>,
}

impl Cookies {
    /// Keeps what an answer of a host sets.
    pub(super) fn keep(&mut self, host: &str, answer: &HttpResponse) {
        let set = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
        for (_, header) in set {
            let mut parts = header.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            let key = (host.to_owned(), name.trim().to_owned());
            let expires = parts.any(|part| part.eq_ignore_ascii_case("max-age=0"));
            let is_new = !self.kept.contains_key(&key);
            if expires {
                self.kept.remove(&key);
            } else if header.len() <= MAX_COOKIE_BYTES && (!is_new || self.kept.len() < MAX_COOKIES)
            {
                self.kept.insert(key, value.trim().to_owned());
            }
        }
    }

    /// The `Cookie` header for a host.
    pub(super) fn header(&self, host: &str) -> Option<String> {
        let own = self.kept.iter().filter(|((owner, _), _)| owner == host);
        let pairs: Vec<String> = own.map(|((_, name), value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(cookies: &[&str]) -> HttpResponse {
        let headers =
            cookies.iter().map(|cookie| ("set-cookie".to_owned(), (*cookie).to_owned())).collect();
        HttpResponse { status: 200, headers, body: Vec::new() }
    }

    #[test]
    fn cookies_stay_with_their_host_until_they_are_deleted() {
        let mut cookies = Cookies::default();
        cookies.keep("h", &answer(&["b=2; Path=/; HttpOnly", "a=1", "nonsense"]));
        assert_eq!(cookies.header("h").as_deref(), Some("a=1; b=2"));
        assert_eq!(cookies.header("other"), None);
        cookies.keep("h", &answer(&["a=3", "b=; Max-Age=0"]));
        assert_eq!(cookies.header("h").as_deref(), Some("a=3"));
    }

    #[test]
    fn cookies_are_limited() {
        let mut cookies = Cookies::default();
        for number in 0..=MAX_COOKIES {
            cookies.keep("h", &answer(&[&format!("c{number}=1")]));
        }
        assert_eq!(cookies.kept.len(), MAX_COOKIES);
        cookies.keep("other", &answer(&[&format!("a={}", "x".repeat(MAX_COOKIE_BYTES))]));
        assert_eq!(cookies.header("other"), None);
    }
}
