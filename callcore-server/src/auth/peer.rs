//! Where a request comes from.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use callcore::vocabulary::UserId;

/// Longest name of a browser that is kept, in characters.
const USER_AGENT_CHARACTERS: usize = 200;
/// Users whose addresses are remembered.
const USERS: usize = 10_000;
/// Addresses that are remembered of one user.
const ADDRESSES: usize = 20;

/// The address at the other end of the connection. Headers such as `X-Forwarded-For` are not
/// believed: anybody can send them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Peer(Option<IpAddr>);

/// The part of an address that its owner cannot change at will: a whole IPv4 address, or the first
/// 64 bits of an IPv6 address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Network(Option<IpAddr>);

impl From<IpAddr> for Peer {
    fn from(address: IpAddr) -> Self {
        Self(Some(address.to_canonical()))
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("unknown"),
        }
    }
}

impl Peer {
    pub(super) fn network(self) -> Network {
        Network(self.0.map(|address| match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(address) => {
                let host = u128::from(u64::MAX);
                Ipv6Addr::from_bits(address.to_bits() & !host).into()
            }
        }))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(peer.map(|ConnectInfo(address)| Self::from(address.ip())).unwrap_or_default())
    }
}

/// What the browser or program calls itself.
pub(super) fn user_agent(headers: &HeaderMap) -> String {
    let name = headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let name = name.unwrap_or_default();
    name.chars().filter(|c| !c.is_control()).take(USER_AGENT_CHARACTERS).collect()
}

/// Where users signed in from since the start. A restart forgets it, and the event that is then
/// logged once too often does no harm.
#[derive(Debug, Default)]
pub(super) struct KnownAddresses {
    users: HashMap<UserId, VecDeque<Network>>,
}

impl KnownAddresses {
    /// Remembers an address, and answers whether it was known.
    pub(super) fn note(&mut self, user: UserId, peer: Peer) -> bool {
        if self.users.len() >= USERS && !self.users.contains_key(&user) {
            self.users.clear();
        }
        let known = self.users.entry(user).or_default();
        let network = peer.network();
        if known.contains(&network) {
            return true;
        }
        if known.len() >= ADDRESSES {
            known.pop_front();
        }
        known.push_back(network);
        false
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use callcore::vocabulary::UserId;

    use super::*;

    fn peer(address: &str) -> Peer {
        Peer::from(address.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn a_network_is_what_cannot_be_changed_at_will() {
        assert_eq!(peer("2001:db8::1").network(), peer("2001:db8::ffff:2").network());
        assert_ne!(peer("2001:db8::1").network(), peer("2001:db8:0:1::1").network());
        assert_ne!(peer("192.0.2.1").network(), peer("192.0.2.2").network());
        assert_eq!(peer("::ffff:192.0.2.1").network(), peer("192.0.2.1").network());
        assert_ne!(Peer::default().network(), peer("192.0.2.1").network());
    }

    #[test]
    fn peers_are_shown_as_addresses() {
        assert_eq!(peer("::ffff:192.0.2.1").to_string(), "192.0.2.1");
        assert_eq!(Peer::default().to_string(), "unknown");
    }

    #[test]
    fn a_user_agent_is_cut_and_cleaned() {
        let mut headers = HeaderMap::new();
        assert_eq!(user_agent(&headers), "");
        headers.insert(USER_AGENT, HeaderValue::from_static("curl/8\t1"));
        assert_eq!(user_agent(&headers), "curl/81");
        let long = "é".repeat(300);
        headers.insert(USER_AGENT, HeaderValue::from_bytes(long.as_bytes()).unwrap());
        assert_eq!(user_agent(&headers), "é".repeat(200));
        headers.insert(USER_AGENT, HeaderValue::from_bytes(b"\xff").unwrap());
        assert_eq!(user_agent(&headers), "\u{fffd}");
    }

    #[test]
    fn the_last_twenty_addresses_are_known() {
        let mut known = KnownAddresses::default();
        let user = UserId::from_uuid(uuid::Uuid::from_u128(1));
        let other = UserId::from_uuid(uuid::Uuid::from_u128(2));
        assert!(!known.note(user, peer("192.0.2.0")));
        assert!(known.note(user, peer("192.0.2.0")));
        assert!(!known.note(other, peer("192.0.2.0")));
        for last in 1..=20 {
            assert!(!known.note(user, IpAddr::from([192, 0, 2, last]).into()));
        }
        assert!(!known.note(user, peer("192.0.2.0")));
        assert!(known.note(user, peer("192.0.2.20")));
    }
}
