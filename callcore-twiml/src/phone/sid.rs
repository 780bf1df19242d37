//! Identifiers as Twilio makes them, but the same ones every time.

use sha2::{Digest, Sha256};

/// Makes identifiers from a seed and a counter.
#[derive(Debug)]
pub(super) struct Sids {
    seed: u64,
    made: u64,
}

impl Sids {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, made: 0 }
    }

    /// Two letters, which tell what it is, and 32 hexadecimal digits.
    pub(super) fn sid(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", self.hex())
    }

    /// An idempotency token, in the form of a UUID.
    pub(super) fn token(&mut self) -> String {
        let hex = self.hex();
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        parts.join("-")
    }

    fn hex(&mut self) -> String {
        self.made += 1;
        let hash = Sha256::new().chain_update(self.seed.to_be_bytes());
        let hash = hash.chain_update(self.made.to_be_bytes()).finalize();
        hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_depend_on_the_seed_and_differ() {
        let (mut one, mut same, mut other) = (Sids::new(1), Sids::new(1), Sids::new(2));
        let first = one.sid("CA");
        assert_eq!((first.len(), &first[..2]), (34, "CA"));
        assert_eq!(first, same.sid("CA"));
        assert_ne!(first, other.sid("CA"));
        assert_ne!(first, one.sid("CA"));
        assert_eq!(one.token().split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    }
}
