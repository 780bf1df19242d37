//! The first user of a tenant.

use callcore::port::{Credentials, User};
use callcore::vocabulary::{TenantId, UserId};
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::documents::SetUp;
use super::password::Passwords;
use crate::http::{Failure, body};

/// The owner of a tenant that is new as well, checked by the rules of `POST /api/auth/setup`.
///
/// # Errors
/// [`Failure::Invalid`]; [`Failure::Bug`] where the password cannot be hashed.
pub async fn new_owner(
    username: &str,
    password: &str,
    now: DateTime<Utc>,
) -> Result<Credentials, Failure> {
    let SetUp { username, password } =
        body::document(json!({ "username": username, "password": password }))?;
    let password_hash = Passwords::default().turn().await?.hash(password).await?;
    Ok(credentials(username, password_hash, now))
}

pub(super) fn credentials(
    username: String,
    password_hash: String,
    now: DateTime<Utc>,
) -> Credentials {
    let user = User {
        id: UserId::from_uuid(Uuid::new_v4()),
        tenant: TenantId::from_uuid(Uuid::new_v4()),
        username,
        created_at: now,
    };
    Credentials { user, password_hash }
}
