//! Where a request goes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::Failure;
use super::policy::Policy;
use crate::Form;

/// A URL that can be requested, with its fragment and credentials.
#[derive(Clone, Debug)]
pub(super) struct Target {
    url: Url,
}

impl Target {
    /// Resolves what stands in a document against the document's URL.
    pub(super) fn resolve(base: Option<&Url>, reference: &str) -> Result<Self, Failure> {
        let url = base.map_or_else(|| Url::parse(reference), |base| base.join(reference.trim()));
        match url {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Self { url }),
            Ok(_) => Err(Failure::new(11100, reference, "is neither http nor https")),
            Err(error) => Err(Failure::new(11100, reference, error.to_string())),
        }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    pub(super) fn policy(&self) -> Policy {
        self.url.fragment().map_or_else(Policy::default, Policy::read)
    }

    /// The URL as it is requested: the fragment is for Twilio, and credentials go into a header.
    pub(super) fn address(&self) -> String {
        let mut url = self.url.clone();
        url.set_fragment(None);
        // Neither fails for a URL that has a host, as those of http and https do.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.into()
    }

    /// The URL as it is requested by `GET`, with parameters.
    pub(super) fn address_with(&self, parameters: &Form) -> String {
        let mut address = self.address();
        if !parameters.is_empty() {
            let separator = match self.url.query() {
                None => "?",
                Some("") => "",
                Some(_) => "&",
            };
            address.push_str(separator);
            address.push_str(&parameters.encode());
        }
        address
    }

    /// What is signed for an address: Twilio drops the port of https
    /// (<https://www.twilio.com/docs/usage/webhooks/webhooks-security>).
    pub(super) fn signed(&self, address: &str) -> String {
        match self.url.port() {
            Some(port) if self.url.scheme() == "https" => {
                let host = self.host();
                address.replacen(&format!("://{host}:{port}"), &format!("://{host}"), 1)
            }
            _ => address.to_owned(),
        }
    }

    /// The `Authorization` header for the credentials in the URL.
    pub(super) fn authorization(&self) -> Option<String> {
        let (user, password) = (self.url.username(), self.url.password().unwrap_or_default());
        if user.is_empty() && password.is_empty() {
            return None;
        }
        let decoded = |part: &str| {
            // The decoder is for forms, where these three have a meaning.
            let shielded = part.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
            let mut pairs = form_urlencoded::parse(shielded.as_bytes());
            pairs.next().map_or_else(String::new, |(text, _)| text.into_owned())
        };
        let credentials = format!("{}:{}", decoded(user), decoded(password));
        Some(format!("Basic {}", STANDARD.encode(credentials)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(base: &str, reference: &str) -> Target {
        Target::resolve(Some(&Url::parse(base).unwrap()), reference).unwrap()
    }

    #[test]
    fn references_are_resolved_against_the_document() {
        let base = "https://h/a/b?x=1#rc=2";
        for (reference, expected) in [
            ("c", "https://h/a/c"),
            ("../c?y", "https://h/c?y"),
            ("/c", "https://h/c"),
            ("?z=2", "https://h/a/b?z=2"),
            ("http://other:81/", "http://other:81/"),
            ("//other/c", "https://other/c"),
        ] {
            assert_eq!(target(base, reference).address(), expected);
        }
        let base = Url::parse(base).unwrap();
        for reference in ["mailto:a@b", "http://", "ftp://h/"] {
            assert_eq!(Target::resolve(Some(&base), reference).unwrap_err().code, 11100);
        }
        assert_eq!(Target::resolve(None, "/c").unwrap_err().code, 11100);
    }

    #[test]
    fn fragments_and_credentials_are_not_requested() {
        let target = target("https://h/", "https://us%40er:p+w@h:8443/a?b=c#rc=2");
        let parameters = Form::from_iter([("d", "e f")]);
        assert_eq!(target.address(), "https://h:8443/a?b=c");
        let address = target.address_with(&parameters);
        assert_eq!(address, "https://h:8443/a?b=c&d=e+f");
        assert_eq!(target.signed(&address), "https://h/a?b=c&d=e+f");
        assert_eq!(target.policy(), Policy::read("rc=2"));
        let expected = format!("Basic {}", STANDARD.encode("us@er:p+w"));
        assert_eq!(target.authorization(), Some(expected));
    }
}
