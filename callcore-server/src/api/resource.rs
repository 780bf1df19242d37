//! What all configuration objects share: how they are shown, created, read, replaced, listed and
//! deleted.

use callcore::model::{Kind, Object, Stored, WrongKind};
use callcore::port::RegistryError;
use callcore::vocabulary::{PageRequest, TenantId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{Failure, Listing};
use crate::state::App;

/// An object with its id and times.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resource<T: ToSchema> {
    /// Its id.
    pub id: Uuid,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// The object.
    #[serde(flatten)]
    pub value: T,
}

impl<T: ToSchema> From<Stored<T>> for Resource<T> {
    fn from(stored: Stored<T>) -> Self {
        Self {
            id: stored.id,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            value: stored.value,
        }
    }
}

/// An object of the registry.
pub trait Configured: Into<Object> + TryFrom<Object, Error = WrongKind> + ToSchema + Clone {
    /// Its kind.
    const KIND: Kind;
}

impl Configured for callcore::model::Campaign {
    const KIND: Kind = Kind::Campaign;
}

impl Configured for callcore::model::Buyer {
    const KIND: Kind = Kind::Buyer;
}

impl Configured for callcore::model::Number {
    const KIND: Kind = Kind::Number;
}

impl Configured for callcore::model::Target {
    const KIND: Kind = Kind::Target;
}

impl Configured for callcore::model::Router {
    const KIND: Kind = Kind::Router;
}

/// Creates an object under an id of its own.
pub async fn create<T: Configured>(
    app: &App,
    tenant: TenantId,
    id: Uuid,
    value: T,
) -> Result<Stored<T>, Failure> {
    Ok(app.stores.registry.create(tenant, id, value.into(), app.clock.now()).await?.of()?)
}

/// Reads an object.
pub async fn read<T: Configured>(
    app: &App,
    tenant: TenantId,
    id: Uuid,
) -> Result<Stored<T>, Failure> {
    let stored = app.stores.registry.read(tenant, T::KIND, id).await?;
    Ok(stored.ok_or(Failure::NotFound)?.of()?)
}

/// Changes an object: reads it, makes the new one, and writes it unless somebody else wrote in
/// between, in which case it begins again.
pub async fn change<T: Configured>(
    app: &App,
    tenant: TenantId,
    id: Uuid,
    mut make: impl FnMut(&Stored<T>) -> Result<T, Failure>,
) -> Result<Stored<T>, Failure> {
    for _ in 0..callcore::vocabulary::limits::RESTEPS {
        let current = read::<T>(app, tenant, id).await?;
        let next = make(&current)?.into();
        let written =
            app.stores.registry.replace(tenant, id, current.version, next, app.clock.now()).await;
        match written {
            Err(RegistryError::VersionConflict) => {}
            written => return Ok(written?.of()?),
        }
    }
    Err(RegistryError::VersionConflict.into())
}

/// Deletes an object.
pub async fn delete<T: Configured>(app: &App, tenant: TenantId, id: Uuid) -> Result<(), Failure> {
    Ok(app.stores.registry.delete(tenant, T::KIND, id).await?)
}

/// Lists objects, each shown by `show`.
pub async fn list<T: Configured, S: ToSchema>(
    app: &App,
    tenant: TenantId,
    page: PageRequest,
    show: impl Fn(Stored<T>) -> S,
) -> Result<Listing<S>, Failure> {
    let page = app.stores.registry.list(tenant, T::KIND, page).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for item in page.items {
        items.push(show(item.of()?));
    }
    Ok(Listing { items, next_cursor: page.next.map(|cursor| cursor.to_string()) })
}
