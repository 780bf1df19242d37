//! Who is asking: passwords, sessions, API keys, and requests that other sites make a browser send.
//!
//! Tokens are 256 random bits. What is stored of one is its HMAC under `SESSION_SECRET`: a stolen
//! database holds nothing that can be presented, and nothing that a guess can be checked against.

mod cookie;
pub mod csrf;
mod documents;
mod keys;
mod owner;
mod password;
mod peer;
pub mod principal;
#[cfg(test)]
mod router_tests;
pub mod routes;
mod sign_in;
mod throttle;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use callcore::port::TokenHash;
use callcore::vocabulary::UserId;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use url::Url;
use uuid::Uuid;

use crate::http::Failure;

use cookie::Cookie;
use password::Passwords;
use peer::KnownAddresses;
use throttle::{Suspect, Throttle};

pub use owner::new_owner;
pub(crate) use peer::Peer;
pub use principal::{Principal, Via};

/// Signs people in and keeps others out.
pub struct Guard {
    key: Hmac<Sha256>,
    cookie: Cookie,
    /// None where `PUBLIC_URL` has no origin that a browser could send.
    origin: Option<String>,
    passwords: Passwords,
    throttle: Mutex<Throttle>,
    known: Mutex<KnownAddresses>,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard")
            .field("cookie", &self.cookie)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

impl Guard {
    /// A guard whose tokens are bound to this secret, for a server that browsers reach at this URL.
    pub fn new(session_secret: &SecretString, public_url: &Url) -> Self {
        let secret = session_secret.expose_secret().as_bytes();
        let origin = public_url.origin();
        Self {
            key: Hmac::new_from_slice(secret).expect("HMAC takes a key of any length"),
            cookie: Cookie::new(public_url.scheme() == "https"),
            origin: origin.is_tuple().then(|| origin.ascii_serialization()),
            passwords: Passwords::default(),
            throttle: Mutex::default(),
            known: Mutex::default(),
        }
    }

    /// What is stored of a token.
    fn token_hash(&self, token: &str) -> TokenHash {
        TokenHash(self.keyed(&[token]))
    }

    /// Whose failed sign-ins are counted together. Being a hash it has one size, however long the
    /// name is that was sent, and its beginning stands for the name in the log.
    fn suspect(&self, username: &str, peer: Peer) -> Suspect {
        Suspect {
            name: self.keyed(&["sign-in", &username.to_lowercase()]),
            network: peer.network(),
        }
    }

    /// The parts are kept apart by a byte that no token has in it.
    fn keyed(&self, parts: &[&str]) -> [u8; 32] {
        let mut mac = self.key.clone();
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                mac.update(&[0]);
            }
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }

    fn refuse_locked(&self, suspect: &Suspect, now: Duration) -> Result<(), Failure> {
        match lock(&self.throttle).locked_for(suspect, now) {
            None => Ok(()),
            Some(left) => {
                // Rounded up, so that who waits as told is not refused again.
                let retry_after_secs = left.as_secs() + u64::from(left.subsec_nanos() > 0);
                Err(Failure::TooMany { retry_after_secs })
            }
        }
    }

    fn sign_in_failed(&self, suspect: Suspect, peer: Peer, now: Duration) {
        let name = suspect.name_in_logs();
        tracing::warn!(
            target: "security", event = "sign_in_failed", name, address = %peer, "a sign-in failed"
        );
        if let Some(lock) = lock(&self.throttle).failed(suspect, now) {
            let seconds = lock.as_secs();
            tracing::warn!(
                target: "security", event = "sign_in_locked", name, address = %peer, seconds,
                "too many sign-ins failed"
            );
        }
    }

    fn sign_in_succeeded(&self, suspect: &Suspect) {
        lock(&self.throttle).succeeded(suspect);
    }

    /// Refuses whoever reported of this target from there with wrong secrets too often, before anything
    /// is looked up.
    ///
    /// # Errors
    /// [`Failure::TooMany`].
    pub(crate) fn refuse_reporter(
        &self,
        target: Uuid,
        peer: Peer,
        now: Duration,
    ) -> Result<(), Failure> {
        self.refuse_locked(&self.reporter(target, peer), now)
    }

    /// A report came without the secret of its target.
    pub(crate) fn report_refused(&self, target: Uuid, peer: Peer, now: Duration) {
        if let Some(lock) = lock(&self.throttle).failed(self.reporter(target, peer), now) {
            let seconds = lock.as_secs();
            tracing::warn!(
                target: "security", event = "reports_locked", address = %peer, seconds,
                "too many reports came without their target's secret"
            );
        }
    }

    /// A report came with the secret of its target.
    pub(crate) fn report_proven(&self, target: Uuid, peer: Peer) {
        lock(&self.throttle).succeeded(&self.reporter(target, peer));
    }

    /// Each target is counted by itself: platforms send the reports of many from one address, and one
    /// wrong secret must not silence the others.
    fn reporter(&self, target: Uuid, peer: Peer) -> Suspect {
        let name = self.keyed(&["report", &target.to_string()]);
        Suspect { name, network: peer.network() }
    }

    /// Remembers where a user signed in from, and answers whether that was known.
    fn knows_address(&self, user: UserId, peer: Peer) -> bool {
        lock(&self.known).note(user, peer)
    }
}

/// Nothing under these locks can be left half-done, so a panic elsewhere does not spoil them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a secret of more than thirty-two bytes";

    fn guard(secret: &str, url: &str) -> Guard {
        Guard::new(&secret.into(), &url.parse().unwrap())
    }

    #[test]
    fn a_token_is_bound_to_the_secret() {
        let one = guard(SECRET, "http://localhost:8080");
        let other = guard("another secret of more than 32 bytes", "http://localhost:8080");
        assert_eq!(one.token_hash("token"), one.token_hash("token"));
        assert_ne!(one.token_hash("token"), one.token_hash("tokem"));
        assert_ne!(one.token_hash("token"), other.token_hash("token"));
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", guard(SECRET, "https://calls.example.com/base/"));
        assert!(!shown.contains(SECRET), "{shown}");
        assert!(shown.contains("https://calls.example.com\""), "{shown}");
    }

    #[test]
    fn a_name_in_upper_case_is_the_same_suspect() {
        let guard = guard(SECRET, "http://localhost:8080");
        let peer = Peer::from(std::net::IpAddr::from([192, 0, 2, 1]));
        let elsewhere = Peer::from(std::net::IpAddr::from([192, 0, 2, 2]));
        assert_eq!(guard.suspect("Owner", peer), guard.suspect("oWNER", peer));
        assert_ne!(guard.suspect("owner", peer), guard.suspect("owners", peer));
        assert_ne!(guard.suspect("owner", peer), guard.suspect("owner", elsewhere));
    }

    #[test]
    fn the_seconds_to_wait_are_rounded_up() {
        let guard = guard(SECRET, "http://localhost:8080");
        let peer = Peer::default();
        let suspect = guard.suspect("owner", peer);
        let now = Duration::from_secs(5);
        for _ in 0..10 {
            guard.refuse_locked(&suspect, now).unwrap();
            guard.sign_in_failed(suspect, peer, now);
        }
        let later = now + Duration::from_millis(1500);
        let refused = guard.refuse_locked(&suspect, later).unwrap_err();
        assert!(matches!(refused, Failure::TooMany { retry_after_secs: 59 }), "{refused:?}");
    }
}
