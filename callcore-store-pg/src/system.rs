//! The few acts that come before a tenant is known: each is one function of the database that works
//! with the rights of the tables' owner.

use async_trait::async_trait;
use callcore::port::{
    AccountsError, ApiKey, Credentials, NumberHolder, Session, StoreError, Swept, SystemStore,
    TokenHash, User,
};
use callcore::vocabulary::{CallId, CampaignId, NumberId, PhoneNumber, TargetId, TenantId, UserId};
use chrono::{DateTime, Utc};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::accounts::{api_key, session};
use crate::error::{clashes_with, failed};
use crate::open::PgStore;
use crate::row::rounded;
use crate::sweep;
use crate::text::storable;

/// A user name in lower case by Unicode's rules.
fn sign_in_name(username: &str) -> String {
    storable(&username.to_lowercase())
}

/// Gives a statement what makes a tenant with its owner.
macro_rules! with_owner {
    ($query:expr, $owner:expr, $now:expr) => {
        $query
            .bind($owner.user.tenant.uuid())
            .bind($owner.user.id.uuid())
            .bind(storable(&$owner.user.username))
            .bind(sign_in_name(&$owner.user.username))
            .bind($owner.password_hash.as_str())
            .bind(rounded($now)?)
    };
}

#[async_trait]
impl SystemStore for PgStore {
    async fn number(&self, called: &PhoneNumber) -> Result<Option<NumberHolder>, StoreError> {
        let row: Option<(Uuid, Uuid, Option<Uuid>)> = sqlx::query_as(
            "SELECT tenant_id, number_id, campaign_id FROM callcore_number_holder($1)",
        )
        .bind(called.as_str())
        .fetch_optional(self.calls_pool()?)
        .await
        .map_err(failed)?;
        Ok(row.map(|(tenant, number, campaign)| NumberHolder {
            tenant: TenantId::from_uuid(tenant),
            number: NumberId::from_uuid(number),
            campaign: campaign.map(CampaignId::from_uuid),
        }))
    }

    async fn call(&self, call: CallId) -> Result<Option<TenantId>, StoreError> {
        let tenant: Option<Uuid> = sqlx::query_scalar("SELECT callcore_tenant_of_call($1)")
            .bind(call.uuid())
            .fetch_one(self.calls_pool()?)
            .await
            .map_err(failed)?;
        Ok(tenant.map(TenantId::from_uuid))
    }

    async fn is_begun(&self, call: CallId, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let asked = sqlx::query_scalar("SELECT callcore_is_begun($1, $2)").bind(call.uuid());
        let asked = asked.bind(self.now(rounded(now)?));
        asked.fetch_one(self.calls_pool()?).await.map_err(failed)
    }

    async fn target(&self, target: TargetId) -> Result<Vec<TenantId>, StoreError> {
        self.core.owners.of(target, &self.core.revisions, self.api_pool()?).await
    }

    async fn sweep(&self, now: DateTime<Utc>) -> Result<Swept, StoreError> {
        sweep::sweep(self, now).await
    }

    async fn set_up(&self, owner: Credentials, now: DateTime<Utc>) -> Result<(), AccountsError> {
        let asked = sqlx::query_scalar("SELECT callcore_set_up($1, $2, $3, $4, $5, $6)");
        let first: bool =
            with_owner!(asked, owner, now).fetch_one(self.api_pool()?).await.map_err(failed)?;
        match first {
            true => Ok(()),
            false => Err(AccountsError::AlreadySetUp),
        }
    }

    async fn add_tenant(
        &self,
        owner: Credentials,
        now: DateTime<Utc>,
    ) -> Result<(), AccountsError> {
        let asked = sqlx::query("SELECT callcore_add_tenant($1, $2, $3, $4, $5, $6)");
        match with_owner!(asked, owner, now).execute(self.api_pool()?).await {
            Ok(_) => Ok(()),
            Err(error) if clashes_with(&error, "users_sign_in_name") => {
                Err(AccountsError::UsernameTaken)
            }
            Err(error) => Err(failed(error).into()),
        }
    }

    async fn is_set_up(&self) -> Result<bool, StoreError> {
        let asked = sqlx::query_scalar("SELECT callcore_is_set_up()");
        asked.fetch_one(self.api_pool()?).await.map_err(failed)
    }

    async fn credentials(&self, username: &str) -> Result<Option<Credentials>, StoreError> {
        let row: Option<(Uuid, Uuid, String, DateTime<Utc>, String)> = sqlx::query_as(
            "SELECT tenant_id, user_id, username, created_at, password_hash \
             FROM callcore_credentials($1)",
        )
        .bind(sign_in_name(username))
        .fetch_optional(self.api_pool()?)
        .await
        .map_err(failed)?;
        Ok(row.map(|(tenant, id, username, created_at, password_hash)| {
            let (id, tenant) = (UserId::from_uuid(id), TenantId::from_uuid(tenant));
            Credentials { user: User { id, tenant, username, created_at }, password_hash }
        }))
    }

    async fn session(
        &self,
        token: &TokenHash,
        idle_secs: u32,
        now: DateTime<Utc>,
    ) -> Result<Option<(Session, User)>, StoreError> {
        let row = sqlx::query("SELECT * FROM callcore_session($1, $2, $3)")
            .bind(token.0.as_slice())
            .bind(i64::from(idle_secs))
            .bind(rounded(now)?)
            .fetch_optional(self.api_pool()?)
            .await
            .map_err(failed)?;
        row.map(|row| Ok((session(&row)?, user(&row)?))).transpose().map_err(failed)
    }

    async fn api_key(
        &self,
        token: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<(ApiKey, User)>, StoreError> {
        let row = sqlx::query("SELECT * FROM callcore_api_key($1, $2)")
            .bind(token.0.as_slice())
            .bind(rounded(now)?)
            .fetch_optional(self.api_pool()?)
            .await
            .map_err(failed)?;
        row.map(|row| Ok((api_key(&row)?, user(&row)?))).transpose().map_err(failed)
    }
}

/// The user to whom a session or a key belongs.
fn user(row: &PgRow) -> Result<User, sqlx::Error> {
    Ok(User {
        id: UserId::from_uuid(row.try_get("user_id")?),
        tenant: TenantId::from_uuid(row.try_get("tenant_id")?),
        username: row.try_get("username")?,
        created_at: row.try_get("user_created_at")?,
    })
}
