//! Users, sessions and API keys of one tenant.

use async_trait::async_trait;
use callcore::port::{
    Accounts, AccountsError, ApiKey, Preferences, Session, StoreError, TokenHash,
};
use callcore::vocabulary::{ApiKeyId, SessionId, TenantId, UserId};
use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteQueryResult;
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::failed;
use crate::row::{instant, json, parse};

/// How long an ended session stays in the file at least, in microseconds: a day.
const ENDED_SESSION_MICROS: i64 = 86_400_000_000;

/// The columns of a session.
pub(crate) type SessionColumns = (Uuid, Uuid, i64, i64, i64, i64, String, String);
/// The columns of an API key.
pub(crate) type ApiKeyColumns = (Uuid, Uuid, String, i64, Option<i64>);

pub(crate) fn session(columns: SessionColumns) -> Result<Session, StoreError> {
    let (id, user, created_at, seen_at, idle_until, ends_at, user_agent, address) = columns;
    Ok(Session {
        id: SessionId::from_uuid(id),
        user: UserId::from_uuid(user),
        created_at: instant(created_at)?,
        seen_at: instant(seen_at)?,
        idle_until: instant(idle_until)?,
        ends_at: instant(ends_at)?,
        user_agent,
        address,
    })
}

pub(crate) fn api_key(columns: ApiKeyColumns) -> Result<ApiKey, StoreError> {
    let (id, user, name, created_at, used_at) = columns;
    Ok(ApiKey {
        id: ApiKeyId::from_uuid(id),
        user: UserId::from_uuid(user),
        name,
        created_at: instant(created_at)?,
        used_at: used_at.map(instant).transpose()?,
    })
}

fn found(deleted: &SqliteQueryResult) -> Result<(), AccountsError> {
    match deleted.rows_affected() {
        0 => Err(AccountsError::NotFound),
        _ => Ok(()),
    }
}

#[async_trait]
impl Accounts for SqliteStore {
    async fn open_session(
        &self,
        tenant: TenantId,
        session: Session,
        token: TokenHash,
    ) -> Result<(), StoreError> {
        self.transaction(move |db| {
            Box::pin(async move {
                let now = session.created_at.timestamp_micros();
                sqlx::query(
                    "DELETE FROM sessions WHERE tenant_id = ?1 AND user_id = ?2 \
                     AND MIN(idle_until, ends_at) < ?3",
                )
                .bind(tenant.uuid())
                .bind(session.user.uuid())
                .bind(now.saturating_sub(ENDED_SESSION_MICROS))
                .execute(&mut *db)
                .await
                .map_err(failed)?;
                sqlx::query(
                    "INSERT OR REPLACE INTO sessions (tenant_id, id, user_id, token_hash, \
                     created_at, seen_at, idle_until, ends_at, user_agent, address) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                )
                .bind(tenant.uuid())
                .bind(session.id.uuid())
                .bind(session.user.uuid())
                .bind(token.0.as_slice())
                .bind(now)
                .bind(session.seen_at.timestamp_micros())
                .bind(session.idle_until.timestamp_micros())
                .bind(session.ends_at.timestamp_micros())
                .bind(session.user_agent)
                .bind(session.address)
                .execute(db)
                .await
                .map(drop)
                .map_err(failed)
            })
        })
        .await
    }

    async fn sessions(
        &self,
        tenant: TenantId,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session>, StoreError> {
        self.snapshot(move |db| {
            Box::pin(async move {
                let rows: Vec<SessionColumns> = sqlx::query_as(
                    "SELECT id, user_id, created_at, seen_at, idle_until, ends_at, user_agent, \
                     address FROM sessions WHERE tenant_id = ?1 AND user_id = ?2 \
                     AND idle_until > ?3 AND ends_at > ?3 ORDER BY created_at DESC, id DESC",
                )
                .bind(tenant.uuid())
                .bind(user.uuid())
                .bind(now.timestamp_micros())
                .fetch_all(db)
                .await
                .map_err(failed)?;
                rows.into_iter().map(session).collect()
            })
        })
        .await
    }

    async fn close_session(
        &self,
        tenant: TenantId,
        user: UserId,
        session: SessionId,
    ) -> Result<(), AccountsError> {
        self.transaction(move |db| {
            Box::pin(async move {
                let deleted = sqlx::query(
                    "DELETE FROM sessions WHERE tenant_id = ?1 AND user_id = ?2 AND id = ?3",
                )
                .bind(tenant.uuid())
                .bind(user.uuid())
                .bind(session.uuid())
                .execute(db)
                .await
                .map_err(failed)?;
                found(&deleted)
            })
        })
        .await
    }

    async fn close_other_sessions(
        &self,
        tenant: TenantId,
        user: UserId,
        keep: Option<SessionId>,
    ) -> Result<u64, StoreError> {
        self.transaction(move |db| {
            Box::pin(async move {
                let deleted = sqlx::query(
                    "DELETE FROM sessions WHERE tenant_id = ?1 AND user_id = ?2 \
                     AND id IS NOT ?3",
                )
                .bind(tenant.uuid())
                .bind(user.uuid())
                .bind(keep.map(SessionId::uuid))
                .execute(db)
                .await
                .map_err(failed)?;
                Ok(deleted.rows_affected())
            })
        })
        .await
    }

    async fn add_api_key(
        &self,
        tenant: TenantId,
        key: ApiKey,
        token: TokenHash,
    ) -> Result<(), StoreError> {
        self.transaction(move |db| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT OR REPLACE INTO api_keys (tenant_id, id, user_id, token_hash, name, \
                     created_at, used_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )
                .bind(tenant.uuid())
                .bind(key.id.uuid())
                .bind(key.user.uuid())
                .bind(token.0.as_slice())
                .bind(key.name)
                .bind(key.created_at.timestamp_micros())
                .bind(key.used_at.map(|used_at| used_at.timestamp_micros()))
                .execute(db)
                .await
                .map(drop)
                .map_err(failed)
            })
        })
        .await
    }

    async fn api_keys(&self, tenant: TenantId) -> Result<Vec<ApiKey>, StoreError> {
        self.snapshot(move |db| {
            Box::pin(async move {
                let rows: Vec<ApiKeyColumns> = sqlx::query_as(
                    "SELECT id, user_id, name, created_at, used_at FROM api_keys \
                     WHERE tenant_id = ?1 ORDER BY created_at DESC, id DESC",
                )
                .bind(tenant.uuid())
                .fetch_all(db)
                .await
                .map_err(failed)?;
                rows.into_iter().map(api_key).collect()
            })
        })
        .await
    }

    async fn revoke_api_key(&self, tenant: TenantId, key: ApiKeyId) -> Result<(), AccountsError> {
        self.transaction(move |db| {
            Box::pin(async move {
                let deleted = sqlx::query("DELETE FROM api_keys WHERE tenant_id = ?1 AND id = ?2")
                    .bind(tenant.uuid())
                    .bind(key.uuid())
                    .execute(db)
                    .await
                    .map_err(failed)?;
                found(&deleted)
            })
        })
        .await
    }

    async fn preferences(&self, tenant: TenantId, user: UserId) -> Result<Preferences, StoreError> {
        self.snapshot(move |db| {
            Box::pin(async move {
                let document: Option<String> = sqlx::query_scalar(
                    "SELECT document FROM user_preferences WHERE tenant_id = ?1 AND user_id = ?2",
                )
                .bind(tenant.uuid())
                .bind(user.uuid())
                .fetch_optional(db)
                .await
                .map_err(failed)?;
                let preferences = document.map(|document| parse("preferences", &document));
                Ok(preferences.transpose()?.unwrap_or_default())
            })
        })
        .await
    }

    async fn set_preferences(
        &self,
        tenant: TenantId,
        user: UserId,
        preferences: Preferences,
    ) -> Result<(), StoreError> {
        self.transaction(move |db| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT OR REPLACE INTO user_preferences (tenant_id, user_id, document) \
                     VALUES (?1, ?2, ?3)",
                )
                .bind(tenant.uuid())
                .bind(user.uuid())
                .bind(json("preferences", &preferences)?)
                .execute(db)
                .await
                .map(drop)
                .map_err(failed)
            })
        })
        .await
    }
}
