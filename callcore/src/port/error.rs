//! What goes wrong in a store, told by who must act.

/// A store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be reached, is full or too slow: the operator must act, and trying again later may
    /// help. Whether a write took place is unknown; every act is idempotent for this reason.
    #[error("the store is unavailable: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It answered what it should never hold: a bug, or somebody changed it by hand.
    #[error("the store holds a malformed {what}: {source}")]
    Corrupt {
        /// What was read.
        what: &'static str,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// The store did not do its work.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(source.into())
    }

    /// The store answered nonsense.
    pub fn corrupt(
        what: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Corrupt { what, source: source.into() }
    }
}
