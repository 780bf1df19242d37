//! Users, sessions and API keys of one tenant.

use async_trait::async_trait;
use callcore::port::{
    Accounts, AccountsError, ApiKey, Preferences, Session, StoreError, TokenHash,
};
use callcore::vocabulary::{ApiKeyId, SessionId, TenantId, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::postgres::{PgQueryResult, PgRow};
use sqlx::{PgConnection, Row as _};

use crate::error::failed;
use crate::open::PgStore;
use crate::row::{json, parse, rounded};
use crate::text::storable;
use crate::transaction::{in_tenant, snapshot};

/// How long an ended session stays in the database at least.
const ENDED_SESSION: TimeDelta = TimeDelta::days(1);

pub(crate) fn session(row: &PgRow) -> Result<Session, sqlx::Error> {
    Ok(Session {
        id: SessionId::from_uuid(row.try_get("id")?),
        user: UserId::from_uuid(row.try_get("user_id")?),
        created_at: row.try_get("created_at")?,
        seen_at: row.try_get("seen_at")?,
        idle_until: row.try_get("idle_until")?,
        ends_at: row.try_get("ends_at")?,
        user_agent: row.try_get("user_agent")?,
        address: row.try_get("address")?,
    })
}

pub(crate) fn api_key(row: &PgRow) -> Result<ApiKey, sqlx::Error> {
    Ok(ApiKey {
        id: ApiKeyId::from_uuid(row.try_get("id")?),
        user: UserId::from_uuid(row.try_get("user_id")?),
        name: row.try_get("name")?,
        created_at: row.try_get("created_at")?,
        used_at: row.try_get("used_at")?,
    })
}

fn found(deleted: &PgQueryResult) -> Result<(), AccountsError> {
    match deleted.rows_affected() {
        0 => Err(AccountsError::NotFound),
        _ => Ok(()),
    }
}

#[async_trait]
impl Accounts for PgStore {
    async fn open_session(
        &self,
        tenant: TenantId,
        session: Session,
        token: TokenHash,
    ) -> Result<(), StoreError> {
        let session = Session {
            created_at: rounded(session.created_at)?,
            seen_at: rounded(session.seen_at)?,
            idle_until: rounded(session.idle_until)?,
            ends_at: rounded(session.ends_at)?,
            ..session
        };
        in_tenant(self.api_pool()?, tenant, move |db| {
            Box::pin(async move {
                forget_sessions(&mut *db, tenant, &session, token).await?;
                put_session(db, tenant, session, token).await
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
        snapshot(self.api_pool()?, tenant, move |db| {
            Box::pin(async move {
                let rows = sqlx::query(
                    "SELECT id, user_id, created_at, seen_at, idle_until, ends_at, user_agent, \
                     address FROM sessions WHERE tenant_id = $1 AND user_id = $2 \
                     AND idle_until > $3 AND ends_at > $3 ORDER BY created_at DESC, id DESC",
                )
                .bind(tenant.uuid())
                .bind(user.uuid())
                .bind(now)
                .fetch_all(db)
                .await
                .map_err(failed)?;
                rows.iter().map(session).collect::<Result<_, _>>().map_err(failed)
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
        in_tenant(self.api_pool()?, tenant, move |db| {
            Box::pin(async move {
                let deleted = sqlx::query(
                    "DELETE FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND id = $3",
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
        in_tenant(self.api_pool()?, tenant, move |db| {
            Box::pin(async move {
                let deleted = sqlx::query(
                    "DELETE FROM sessions WHERE tenant_id = $1 AND user_id = $2 \
                     AND id IS DISTINCT FROM $3",
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
        let created_at = rounded(key.created_at)?;
        let used_at = key.used_at.map(rounded).transpose()?;
        in_tenant(self.api_pool()?, tenant, move |db| {
            Box::pin(async move {
                sqlx::query(
                    "DELETE FROM api_keys WHERE tenant_id = $1 AND token_hash = $2 AND id <> $3",
                )
                .bind(tenant.uuid())
                .bind(token.0.as_slice())
                .bind(key.id.uuid())
                .execute(&mut *db)
                .await
                .map_err(failed)?;
                sqlx::query(
                    "INSERT INTO api_keys (tenant_id, id, user_id, token_hash, name, created_at, \
                     used_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
                     ON CONFLICT (tenant_id, id) DO UPDATE SET user_id = $3, token_hash = $4, \
                     name = $5, created_at = $6, used_at = $7",
                )
                .bind(tenant.uuid())
                .bind(key.id.uuid())
                .bind(key.user.uuid())
                .bind(token.0.as_slice())
                .bind(storable(&key.name))
                .bind(created_at)
                .bind(used_at)
                .execute(db)
                .await
                .map(drop)
                .map_err(failed)
            })
        })
        .await
    }

    async fn api_keys(&self, tenant: TenantId) -> Result<Vec<ApiKey>, StoreError> {
        snapshot(self.api_pool()?, tenant, move |db| {
            Box::pin(async move {
                let rows = sqlx::query(
                    "SELECT id, user_id, name, created_at, used_at FROM api_keys \
                     WHERE tenant_id = $1 ORDER BY created_at DESC, id DESC",
                )
                .bind(tenant.uuid())
                .fetch_all(db)
                .await
                .map_err(failed)?;
                rows.iter().map(api_key).collect::<Result<_, _>>().map_err(failed)
            })
        })
        .await
    }

    async fn revoke_api_key(&self, tenant: TenantId, key: ApiKeyId) -> Result<(), AccountsError> {
        in_tenant(self.api_pool()?, tenant, move |db| {
            Box::pin(async move {
                let deleted = sqlx::query("DELETE FROM api_keys WHERE tenant_id = $1 AND id = $2")
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
        snapshot(self.api_pool()?, tenant, move |db| {
            Box::pin(async move {
                let document: Option<String> = sqlx::query_scalar(
                    "SELECT document::text FROM user_preferences WHERE tenant_id = $1 AND user_id = $2",
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
        in_tenant(self.api_pool()?, tenant, move |db| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO user_preferences (tenant_id, user_id, document) \
                     VALUES ($1, $2, $3::json) \
                     ON CONFLICT (tenant_id, user_id) DO UPDATE SET document = $3::json",
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

/// Removes what ended long ago, and what another session of this token left.
async fn forget_sessions(
    db: &mut PgConnection,
    tenant: TenantId,
    session: &Session,
    token: TokenHash,
) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM sessions WHERE tenant_id = $1 AND \
         (user_id = $2 AND least(idle_until, ends_at) < $3 OR token_hash = $4 AND id <> $5)",
    )
    .bind(tenant.uuid())
    .bind(session.user.uuid())
    .bind(session.created_at - ENDED_SESSION)
    .bind(token.0.as_slice())
    .bind(session.id.uuid())
    .execute(db)
    .await
    .map(drop)
    .map_err(failed)
}

async fn put_session(
    db: &mut PgConnection,
    tenant: TenantId,
    session: Session,
    token: TokenHash,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sessions (tenant_id, id, user_id, token_hash, created_at, seen_at, \
         idle_until, ends_at, user_agent, address) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (tenant_id, id) DO UPDATE SET user_id = $3, token_hash = $4, created_at = $5, \
         seen_at = $6, idle_until = $7, ends_at = $8, user_agent = $9, address = $10",
    )
    .bind(tenant.uuid())
    .bind(session.id.uuid())
    .bind(session.user.uuid())
    .bind(token.0.as_slice())
    .bind(session.created_at)
    .bind(session.seen_at)
    .bind(session.idle_until)
    .bind(session.ends_at)
    .bind(storable(&session.user_agent))
    .bind(storable(&session.address))
    .execute(db)
    .await
    .map(drop)
    .map_err(failed)
}
