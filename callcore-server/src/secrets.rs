//! Random tokens, and secrets sealed at rest.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// What somebody is told who saves a secret that cannot be sealed.
pub const NO_ENCRYPTION_KEY: &str =
    "this server has no ENCRYPTION_KEY to seal a secret with: its operator must set one";

/// What a sealed secret begins with. A plain one is never stored.
const MARK: &str = "sealed:v1:";

/// 256 random bits as text.
pub fn random_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// Seals secrets with AES-256-GCM. What a secret belongs to is authenticated with it, so a sealed
/// text moved to another place does not open.
pub struct Sealer(Aes256Gcm);

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(…)")
    }
}

/// A sealed text does not open: it was changed, moved, or sealed with another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed secret does not open with this ENCRYPTION_KEY")]
pub struct DoesNotOpen;

impl Sealer {
    /// A sealer with the key derived from this secret.
    pub fn new(key: &SecretString) -> Self {
        let key = Sha256::digest(key.expose_secret().as_bytes());
        Self(Aes256Gcm::new(&key))
    }

    /// Seals a secret for one place, such as a campaign's id.
    pub fn seal(&self, secret: &str, place: &str) -> String {
        let nonce: [u8; 12] = rand::random();
        let payload = Payload { msg: secret.as_bytes(), aad: place.as_bytes() };
        let sealed = self
            .0
            .encrypt(&Nonce::from(nonce), payload)
            .expect("AES-GCM seals anything below 64 GiB, and bodies are capped far below");
        let mut whole = nonce.to_vec();
        whole.extend_from_slice(&sealed);
        format!("{MARK}{}", URL_SAFE_NO_PAD.encode(whole))
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// [`DoesNotOpen`].
    pub fn open(&self, sealed: &str, place: &str) -> Result<SecretString, DoesNotOpen> {
        let text = sealed.strip_prefix(MARK).ok_or(DoesNotOpen)?;
        let whole = URL_SAFE_NO_PAD.decode(text).map_err(|_| DoesNotOpen)?;
        let (nonce, sealed) = whole.split_first_chunk::<12>().ok_or(DoesNotOpen)?;
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        let secret = self.0.decrypt(&Nonce::from(*nonce), payload).map_err(|_| DoesNotOpen)?;
        String::from_utf8(secret).map(Into::into).map_err(|_| DoesNotOpen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_in_its_place_with_its_key_only() {
        let sealer = Sealer::new(&"k".repeat(32).into());
        let sealed = sealer.seal("hunter2", "campaign/1");
        assert!(!sealed.contains("hunter2"));
        assert_eq!(sealer.open(&sealed, "campaign/1").unwrap().expose_secret(), "hunter2");
        assert_eq!(sealer.open(&sealed, "campaign/2").unwrap_err(), DoesNotOpen);
        let other = Sealer::new(&"x".repeat(32).into());
        assert_eq!(other.open(&sealed, "campaign/1").unwrap_err(), DoesNotOpen);
        assert_ne!(sealed, sealer.seal("hunter2", "campaign/1"));
    }
}
