//! Passwords: argon2id, two at a time.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use callcore::port::StoreError;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::Failure;

/// What OWASP asks for at least:
/// <https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html>.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Passwords that are worked on at the same time.
const AT_ONCE: usize = 2;
/// Requests that are worked on or wait for it; more are refused at once. This many take about a
/// second, and who waits longer than that has a different problem.
const QUEUE: usize = 64;

/// What an unknown user's password is checked against, so that the answer takes as long as for a
/// known one. No password is known that fits.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password as it was sent. Its Debug hides it, and dropping it wipes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "String")]
pub(super) struct Password(SecretString);

impl From<String> for Password {
    fn from(password: String) -> Self {
        Self(password.into())
    }
}

impl Password {
    fn bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

/// Works on passwords away from the threads that answer calls.
#[derive(Debug)]
pub(super) struct Passwords {
    queue: Arc<Semaphore>,
    workers: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { queue: Arc::new(Semaphore::new(QUEUE)), workers: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

/// The right to work on one password. It travels into the work itself, so that a client that hangs
/// up does not make room for more while its work goes on.
#[derive(Debug)]
pub(super) struct Turn {
    _queued: OwnedSemaphorePermit,
    _working: OwnedSemaphorePermit,
}

impl Passwords {
    /// Waits for a turn.
    ///
    /// # Errors
    /// [`Failure::TooMany`] where too many wait already.
    pub(super) async fn turn(&self) -> Result<Turn, Failure> {
        let queued = Arc::clone(&self.queue).try_acquire_owned();
        let queued = queued.map_err(|_| Failure::TooMany { retry_after_secs: 1 })?;
        let working = Arc::clone(&self.workers).acquire_owned().await;
        let working = working.map_err(|_| Failure::Bug("the password workers are closed"))?;
        Ok(Turn { _queued: queued, _working: working })
    }
}

impl Turn {
    /// The hash to store, as a PHC string.
    ///
    /// # Errors
    /// [`Failure::Bug`].
    pub(super) async fn hash(self, password: Password) -> Result<String, Failure> {
        self.work(move || {
            let hash: Result<PasswordHash, _> = hasher().hash_password(password.bytes());
            hash.map(|hash| hash.to_string())
                .map_err(|_| Failure::Bug("a password cannot be hashed"))
        })
        .await
        .map(|(hash, _)| hash)
    }

    /// Whether this is the password of that hash. Without a hash, as for an unknown user, it is
    /// not, after the same work. The turn comes back, for whoever must act on the result before the
    /// next one begins.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] where the stored hash is malformed.
    pub(super) async fn verify(
        self,
        password: Password,
        stored: Option<String>,
    ) -> Result<(bool, Self), Failure> {
        self.work(move || {
            let hash = PasswordHash::new(stored.as_deref().unwrap_or(NOBODY)).map_err(|error| {
                Failure::Unavailable(StoreError::corrupt("password hash", error))
            })?;
            let fits = hasher().verify_password(password.bytes(), &hash).is_ok();
            Ok(fits && stored.is_some())
        })
        .await
    }

    async fn work<T: Send + 'static>(
        self,
        work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<(T, Self), Failure> {
        let done = tokio::task::spawn_blocking(move || work().map(|result| (result, self)));
        done.await.map_err(|_| Failure::Bug("the work on a password broke off"))?
    }
}

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("these are in argon2's range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {

    use super::*;

    fn password(text: &str) -> Password {
        Password::from(text.to_owned())
    }

    async fn hash(passwords: &Passwords, text: &str) -> String {
        passwords.turn().await.unwrap().hash(password(text)).await.unwrap()
    }

    async fn fits(passwords: &Passwords, text: &str, stored: Option<&str>) -> bool {
        let turn = passwords.turn().await.unwrap();
        turn.verify(password(text), stored.map(ToOwned::to_owned)).await.unwrap().0
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let passwords = Passwords::default();
        let stored = hash(&passwords, "correct horse").await;
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(stored, hash(&passwords, "correct horse").await);
        assert!(fits(&passwords, "correct horse", Some(&stored)).await);
        assert!(!fits(&passwords, "correct horsf", Some(&stored)).await);
        assert!(!fits(&passwords, "", Some(&stored)).await);
        assert!(!fits(&passwords, "correct horse", None).await);
    }

    #[tokio::test]
    async fn an_unknown_user_costs_the_same_work() {
        let real: PasswordHash = hasher().hash_password(b"x").unwrap();
        let nobody = PasswordHash::new(NOBODY).unwrap();
        assert_eq!((real.algorithm, real.version), (nobody.algorithm, nobody.version));
        assert_eq!(real.params, nobody.params);
        assert_eq!(real.salt.unwrap().len(), nobody.salt.unwrap().len());
        assert_eq!(real.hash.unwrap().len(), nobody.hash.unwrap().len());
    }

    #[tokio::test]
    async fn a_malformed_hash_is_the_stores_failure() {
        let turn = Passwords::default().turn().await.unwrap();
        let failure = turn.verify(password("x"), Some("md5".to_owned())).await.unwrap_err();
        assert!(matches!(failure, Failure::Unavailable(_)), "{failure:?}");
    }

    #[tokio::test]
    async fn two_are_worked_on_and_the_queue_is_bounded() {
        let passwords = Arc::new(Passwords::default());
        let _first = passwords.turn().await.unwrap();
        let second = passwords.turn().await.unwrap();
        let waiting: Vec<_> = (2..QUEUE)
            .map(|_| {
                let passwords = Arc::clone(&passwords);
                tokio::spawn(async move { passwords.turn().await.map(drop) })
            })
            .collect();
        while passwords.queue.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        // Were it to wait, it would wait for ever: no place comes free before the second goes.
        let refused = passwords.turn().await.unwrap_err();
        assert!(matches!(refused, Failure::TooMany { retry_after_secs: 1 }), "{refused:?}");
        assert!(waiting.iter().all(|task| !task.is_finished()));
        drop(second);
        for task in waiting {
            task.await.unwrap().unwrap();
        }
    }

    #[test]
    fn debug_hides_the_password() {
        assert!(!format!("{:?}", password("hunter2")).contains("hunter2"));
    }
}
