//! The few acts that come before a tenant is known.

use async_trait::async_trait;
use callcore::port::{
    AccountsError, ApiKey, Credentials, NumberHolder, Session, StoreError, Swept, SystemStore,
    TokenHash, User,
};
use callcore::vocabulary::{CallId, CampaignId, NumberId, PhoneNumber, TargetId, TenantId, UserId};
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::SqliteStore;
use crate::accounts::{ApiKeyColumns, SessionColumns, api_key, session};
use crate::begin::is_any_begun;
use crate::error::failed;
use crate::row::{instant, rounded};

/// The columns of a user.
type UserColumns = (Uuid, Uuid, String, i64);

fn user((tenant, id, username, created_at): UserColumns) -> Result<User, StoreError> {
    Ok(User {
        id: UserId::from_uuid(id),
        tenant: TenantId::from_uuid(tenant),
        username,
        created_at: instant(created_at)?,
    })
}

#[async_trait]
impl SystemStore for SqliteStore {
    async fn number(&self, called: &PhoneNumber) -> Result<Option<NumberHolder>, StoreError> {
        let called = called.clone();
        self.snapshot(move |db| {
            Box::pin(async move {
                let row: Option<(Uuid, Uuid, Option<Uuid>)> = sqlx::query_as(
                    "SELECT n.tenant_id, n.id, (SELECT c.id FROM campaigns AS c \
                     WHERE c.tenant_id = n.tenant_id AND c.phone_number_id = n.id \
                     ORDER BY CASE c.status WHEN 'active' THEN 0 WHEN 'completed' THEN 2 ELSE 1 END, \
                     c.updated_at DESC, c.id DESC LIMIT 1) \
                     FROM phone_numbers AS n WHERE n.number = ?1",
                )
                .bind(called.as_str())
                .fetch_optional(db)
                .await
                .map_err(failed)?;
                Ok(row.map(|(tenant, number, campaign)| NumberHolder {
                    tenant: TenantId::from_uuid(tenant),
                    number: NumberId::from_uuid(number),
                    campaign: campaign.map(CampaignId::from_uuid),
                }))
            })
        })
        .await
    }

    async fn target(&self, target: TargetId) -> Result<Vec<TenantId>, StoreError> {
        self.snapshot(move |db| {
            Box::pin(async move {
                let owners: Vec<Uuid> = sqlx::query_scalar(
                    "SELECT tenant_id FROM rtb_targets WHERE id = ?1 ORDER BY tenant_id",
                )
                .bind(target.uuid())
                .fetch_all(db)
                .await
                .map_err(failed)?;
                Ok(owners.into_iter().map(TenantId::from_uuid).collect())
            })
        })
        .await
    }

    async fn call(&self, call: CallId) -> Result<Option<TenantId>, StoreError> {
        self.snapshot(move |db| {
            Box::pin(async move {
                let tenant: Option<Uuid> =
                    sqlx::query_scalar("SELECT tenant_id FROM calls WHERE id = ?1")
                        .bind(call.uuid())
                        .fetch_optional(db)
                        .await
                        .map_err(failed)?;
                Ok(tenant.map(TenantId::from_uuid))
            })
        })
        .await
    }

    async fn is_begun(&self, call: CallId, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let now = rounded(now)?;
        self.snapshot(move |db| Box::pin(is_any_begun(db, call, now))).await
    }

    async fn sweep(&self, now: DateTime<Utc>) -> Result<Swept, StoreError> {
        self.sweep_leases(now).await
    }

    async fn set_up(&self, owner: Credentials, now: DateTime<Utc>) -> Result<(), AccountsError> {
        self.transaction(move |db| {
            Box::pin(async move {
                if any_user(db).await? {
                    return Err(AccountsError::AlreadySetUp);
                }
                Ok(add_owner(db, &owner, now).await?)
            })
        })
        .await
    }

    async fn add_tenant(
        &self,
        owner: Credentials,
        now: DateTime<Utc>,
    ) -> Result<(), AccountsError> {
        self.transaction(move |db| {
            Box::pin(async move {
                let taken = sqlx::query_scalar(
                    "SELECT EXISTS (SELECT 1 FROM users WHERE sign_in_name = ?1)",
                );
                let name = owner.user.username.to_lowercase();
                if taken.bind(name).fetch_one(&mut *db).await.map_err(failed)? {
                    return Err(AccountsError::UsernameTaken);
                }
                Ok(add_owner(db, &owner, now).await?)
            })
        })
        .await
    }

    async fn is_set_up(&self) -> Result<bool, StoreError> {
        self.snapshot(move |db| Box::pin(any_user(db))).await
    }

    async fn credentials(&self, username: &str) -> Result<Option<Credentials>, StoreError> {
        let sign_in_name = username.to_lowercase();
        self.snapshot(move |db| {
            Box::pin(async move {
                let row: Option<(Uuid, Uuid, String, i64, String)> = sqlx::query_as(
                    "SELECT tenant_id, id, username, created_at, password_hash FROM users \
                     WHERE sign_in_name = ?1",
                )
                .bind(sign_in_name)
                .fetch_optional(db)
                .await
                .map_err(failed)?;
                let credentials = row.map(|(tenant, id, username, created_at, password_hash)| {
                    let user = user((tenant, id, username, created_at))?;
                    Ok(Credentials { user, password_hash })
                });
                credentials.transpose()
            })
        })
        .await
    }

    async fn session(
        &self,
        token: &TokenHash,
        idle_secs: u32,
        now: DateTime<Utc>,
    ) -> Result<Option<(Session, User)>, StoreError> {
        let (token, now) = (*token, now.timestamp_micros());
        // Whoever has no session, which costs an attacker nothing to try, shall not get the writer.
        let known = "SELECT EXISTS (SELECT 1 FROM sessions WHERE token_hash = ?1)";
        if !self.knows(known, token).await? {
            return Ok(None);
        }
        self.transaction(move |db| {
            Box::pin(async move {
                let row: Option<SessionColumns> = sqlx::query_as(
                    "UPDATE sessions SET seen_at = ?2, idle_until = MIN(?2 + ?3, ends_at) \
                     WHERE token_hash = ?1 AND idle_until > ?2 AND ends_at > ?2 \
                     RETURNING id, user_id, created_at, seen_at, idle_until, ends_at, user_agent, \
                     address",
                )
                .bind(token.0.as_slice())
                .bind(now)
                .bind(i64::from(idle_secs) * 1_000_000)
                .fetch_optional(&mut *db)
                .await
                .map_err(failed)?;
                let Some(columns) = row else { return Ok(None) };
                let owner = sqlx::query_as(
                    "SELECT u.tenant_id, u.id, u.username, u.created_at FROM sessions AS s \
                     JOIN users AS u ON u.tenant_id = s.tenant_id AND u.id = s.user_id \
                     WHERE s.token_hash = ?1",
                );
                let owner: Option<UserColumns> =
                    owner.bind(token.0.as_slice()).fetch_optional(db).await.map_err(failed)?;
                owner.map(|owner| Ok((session(columns)?, user(owner)?))).transpose()
            })
        })
        .await
    }

    async fn api_key(
        &self,
        token: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<(ApiKey, User)>, StoreError> {
        let (token, now) = (*token, now.timestamp_micros());
        let known = "SELECT EXISTS (SELECT 1 FROM api_keys WHERE token_hash = ?1)";
        if !self.knows(known, token).await? {
            return Ok(None);
        }
        self.transaction(move |db| {
            Box::pin(async move {
                let row: Option<ApiKeyColumns> = sqlx::query_as(
                    "UPDATE api_keys SET used_at = ?2 WHERE token_hash = ?1 \
                     RETURNING id, user_id, name, created_at, used_at",
                )
                .bind(token.0.as_slice())
                .bind(now)
                .fetch_optional(&mut *db)
                .await
                .map_err(failed)?;
                let Some(columns) = row else { return Ok(None) };
                let owner = sqlx::query_as(
                    "SELECT u.tenant_id, u.id, u.username, u.created_at FROM api_keys AS k \
                     JOIN users AS u ON u.tenant_id = k.tenant_id AND u.id = k.user_id \
                     WHERE k.token_hash = ?1",
                );
                let owner: Option<UserColumns> =
                    owner.bind(token.0.as_slice()).fetch_optional(db).await.map_err(failed)?;
                owner.map(|owner| Ok((api_key(columns)?, user(owner)?))).transpose()
            })
        })
        .await
    }
}

impl SqliteStore {
    async fn knows(&self, question: &'static str, token: TokenHash) -> Result<bool, StoreError> {
        self.snapshot(move |db| {
            Box::pin(async move {
                let known = sqlx::query_scalar(question).bind(token.0.as_slice());
                known.fetch_one(db).await.map_err(failed)
            })
        })
        .await
    }
}

async fn any_user(db: &mut SqliteConnection) -> Result<bool, StoreError> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM users)").fetch_one(db).await.map_err(failed)
}

async fn add_owner(
    db: &mut SqliteConnection,
    owner: &Credentials,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (user, now) = (&owner.user, now.timestamp_micros());
    sqlx::query("INSERT INTO tenants (tenant_id, created_at) VALUES (?1, ?2)")
        .bind(user.tenant.uuid())
        .bind(now)
        .execute(&mut *db)
        .await
        .map_err(failed)?;
    sqlx::query(
        "INSERT INTO users (tenant_id, id, username, sign_in_name, password_hash, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(user.tenant.uuid())
    .bind(user.id.uuid())
    .bind(user.username.as_str())
    .bind(user.username.to_lowercase())
    .bind(owner.password_hash.as_str())
    .bind(now)
    .execute(db)
    .await
    .map(drop)
    .map_err(failed)
}
