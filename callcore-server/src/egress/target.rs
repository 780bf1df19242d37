//! Which URLs may be asked, by their text alone.

use std::net::IpAddr;

use url::{Host, Url};

use super::address::{Reason, refusal};

/// The longest URL in bytes; proxies and servers refuse longer ones.
const LONGEST: usize = 8 * 1024;

/// Names of metadata services, as a whole or after a dot.
const METADATA: [&str; 5] = [
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
];
/// Ends of names that no public name server knows.
const LOCAL: [&str; 8] =
    ["localhost", "localdomain", "local", "internal", "intranet", "lan", "home.arpa", "svc"];

/// What the operator allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    private: bool,
    ports: Vec<u16>,
}

impl Policy {
    /// Public addresses on ports 80 and 443; with `allow_private_targets` every address but
    /// metadata services, and every port.
    pub fn new(allow_private_targets: bool) -> Self {
        Self { private: allow_private_targets, ports: Vec::new() }
    }

    /// One more port on public addresses.
    #[must_use]
    pub fn with_port(mut self, port: u16) -> Self {
        self.ports.push(port);
        self
    }

    /// Why this address may not be connected to.
    pub fn refusal(&self, address: IpAddr) -> Option<Reason> {
        refusal(address).filter(|reason| self.forbids(*reason))
    }

    fn forbids(&self, reason: Reason) -> bool {
        // Whoever allows a private network does not hand out the machine's credentials.
        !self.private || reason == Reason::Metadata
    }

    fn allows_port(&self, port: u16) -> bool {
        self.private || matches!(port, 80 | 443) || self.ports.contains(&port)
    }

    fn refusal_of_name(&self, name: &str) -> Option<Reason> {
        let name = name.trim_end_matches('.');
        let is_or_ends = |known: &str| {
            let rest = name.strip_suffix(known);
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let reason = if METADATA.into_iter().any(is_or_ends) {
            Reason::Metadata
        } else if !name.contains('.') || LOCAL.into_iter().any(is_or_ends) {
            Reason::LocalName
        } else {
            return None;
        };
        self.forbids(reason).then_some(reason)
    }
}

/// Why a URL may not be asked: what, where, and what is expected. Path and query, which may hold
/// secrets, are not in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// A name or password stands in it.
    #[error("a user name or a password stands before the host; expected is a header for them")]
    Credentials,
    /// The host is no public one.
    #[error("the host {host} is {reason}; expected is a host of the public internet")]
    Host {
        /// The host as it was understood.
        host: String,
        /// What it is.
        reason: Reason,
    },
    /// It cannot be read.
    #[error("it is no absolute URL: {0}; expected is such as https://example.com/bid")]
    Malformed(url::ParseError),
    /// The port is neither 80 nor 443.
    #[error("the port {0} is not allowed; expected is 80 or 443")]
    Port(u16),
    /// It is not of the web.
    #[error("the scheme {0} is not allowed; expected is https or http")]
    Scheme(String),
    /// It is too long.
    #[error("it has {0} bytes; expected are {LONGEST} at the most")]
    TooLong(usize),
}

/// Reads and checks a URL that a customer wrote.
///
/// # Errors
/// [`Refused`].
pub fn parse_url(text: &str, policy: &Policy) -> Result<Url, Refused> {
    if text.len() > LONGEST {
        return Err(Refused::TooLong(text.len()));
    }
    let url = Url::parse(text).map_err(Refused::Malformed)?;
    check_url(&url, policy)?;
    Ok(url)
}

/// Checks everything that a URL says. What its name means is checked when a connection is made.
///
/// # Errors
/// [`Refused`].
///
/// ```
/// use callcore_server::egress::{Policy, check_url};
///
/// let url = "http://2130706433/".parse()?;
/// let refused = check_url(&url, &Policy::default()).unwrap_err();
/// assert_eq!(
///     refused.to_string(),
///     "the host 127.0.0.1 is a loopback address; expected is a host of the public internet"
/// );
/// # Ok::<(), url::ParseError>(())
/// ```
pub fn check_url(url: &Url, policy: &Policy) -> Result<(), Refused> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Refused::Scheme(url.scheme().to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::Credentials);
    }
    // Addresses never reach the resolver, so this is the only place where they are seen; `url` has
    // turned all spellings of one into the same.
    let host = url.host().ok_or(Refused::Malformed(url::ParseError::EmptyHost))?;
    let reason = match &host {
        Host::Domain(name) => policy.refusal_of_name(name),
        Host::Ipv4(address) => policy.refusal((*address).into()),
        Host::Ipv6(address) => policy.refusal((*address).into()),
    };
    if let Some(reason) = reason {
        return Err(Refused::Host { host: host.to_string(), reason });
    }
    let port = url.port_or_known_default().unwrap_or_default();
    if policy.allows_port(port) { Ok(()) } else { Err(Refused::Port(port)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mends::says_how_to_mend;

    #[test]
    fn every_refusal_says_what_is_expected() {
        let long = format!("https://example.com/{}", "x".repeat(LONGEST));
        let urls = [
            "https://user@example.com/",
            "http://127.0.0.1/",
            "http://metadata/",
            "nowhere",
            "https://example.com:22/",
            "ftp://example.com/",
            &long,
        ];
        let mut kinds = Vec::new();
        for url in urls {
            let refused = parse_url(url, &Policy::default()).unwrap_err();
            assert!(says_how_to_mend(&refused.to_string()), "{refused}");
            kinds.push(std::mem::discriminant(&refused));
        }
        kinds.dedup();
        assert_eq!(kinds.len(), 6, "each of the six kinds");
    }
}
