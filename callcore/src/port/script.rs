//! Custom code of a flow's conditions, run where it can do no harm.

use std::fmt::Debug;

use async_trait::async_trait;
use serde_json::Value;

use crate::vocabulary::TenantId;

/// Why custom code gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// It cannot be read.
    #[error("the code cannot be read: {0}")]
    Syntax(String),
    /// It threw.
    #[error("the code failed: {0}")]
    Thrown(String),
    /// It ran for too long.
    #[error("the code took more than its time")]
    Timeout,
    /// It wanted too much memory or too deep a stack.
    #[error("the code took more than its memory")]
    Memory,
    /// It could not be run at all.
    #[error("custom code cannot be run: {0}")]
    Unavailable(String),
}

/// Runs custom code: the body of a JavaScript function with one frozen value `call` in scope and
/// nothing else. How much time and memory it gets is the adapter's to set.
///
/// **Fairness**: code of one tenant, however hostile, does not keep that of another from its turn, and
/// code that is only checked keeps none that runs from it.
#[async_trait]
pub trait Script: Debug + Send + Sync {
    /// Whether the code can be read.
    ///
    /// # Errors
    /// [`ScriptError::Syntax`] says what is wrong and where; [`ScriptError::Unavailable`].
    async fn check(&self, code: &str) -> Result<(), ScriptError>;

    /// Runs a tenant's code and answers whether it returned something truthy.
    ///
    /// **Atomicity**: a run leaves nothing behind that another could see. **Idempotency**: the same
    /// code on the same value answers the same. A run whose future is dropped is stopped.
    ///
    /// # Errors
    /// [`ScriptError`].
    async fn run(&self, tenant: TenantId, code: &str, call: &Value) -> Result<bool, ScriptError>;
}
