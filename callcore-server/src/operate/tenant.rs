//! `tenant create`: another tenant with its owner.

use callcore::port::{AccountsError, SystemStore, User};
use chrono::{DateTime, Utc};

use crate::auth;
use crate::http::{Failure, Fault};

/// Why there is no new tenant.
#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    /// The name or the password cannot be used.
    #[error("{}", sentences(.0))]
    Invalid(Vec<Fault>),
    /// The password could not be hashed.
    #[error("the password could not be hashed")]
    Hash,
    /// The name is taken, or the store failed.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
}

fn sentences(faults: &[Fault]) -> String {
    let sentence =
        |fault: &Fault| format!("{}: {}", fault.path.trim_start_matches('/'), fault.message);
    faults.iter().map(sentence).collect::<Vec<_>>().join("; ")
}

/// Creates a tenant whose owner signs in with this name and password.
///
/// # Errors
/// [`TenantError`].
pub async fn create(
    system: &dyn SystemStore,
    username: &str,
    password: &str,
    now: DateTime<Utc>,
) -> Result<User, TenantError> {
    let owner =
        auth::new_owner(username, password, now).await.map_err(|failure| match failure {
            Failure::Invalid(faults) => TenantError::Invalid(faults),
            _ => TenantError::Hash,
        })?;
    let user = owner.user.clone();
    system.add_tenant(owner, now).await?;
    Ok(user)
}

#[cfg(test)]
mod tests {
    use callcore::memory::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn each_tenant_has_an_owner_and_each_owner_a_name() {
        let (system, now) = (MemoryStore::new(), DateTime::UNIX_EPOCH);
        let user = create(&system, "Ann", "correct horse", now).await.unwrap();
        let found = system.credentials("ann").await.unwrap().unwrap();
        assert_eq!(found.user, user);
        let again = create(&system, "ANN", "correct horse", now).await.unwrap_err();
        assert_eq!(again.to_string(), "this user name is taken");
        let wrong = create(&system, "", "short", now).await.unwrap_err().to_string();
        assert!(wrong.contains("username: ") && wrong.contains("password: "), "{wrong}");
        assert!(!wrong.contains("short\""), "{wrong}");
    }
}
