//! Between columns and the values of the core.

use callcore::model::{Kind, Object, Stored};
use callcore::port::StoreError;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// The columns of a stored document: id, version, creation, last change, document.
pub(crate) type Columns = (Uuid, i64, DateTime<Utc>, DateTime<Utc>, String);

/// An instant as the store keeps it, so that what is answered is what will be read.
pub(crate) fn rounded(instant: DateTime<Utc>) -> Result<DateTime<Utc>, StoreError> {
    let micros = instant.timestamp_micros();
    DateTime::from_timestamp_micros(micros)
        .ok_or_else(|| StoreError::corrupt("instant", format!("{micros} is no instant")))
}

/// A count, version or revision from its column.
pub(crate) fn count(value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|error| StoreError::corrupt("count", error))
}

/// A count that the core keeps small, from its column.
pub(crate) fn small_count(value: i64) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|error| StoreError::corrupt("count", error))
}

/// A count, version or revision for its column. Nothing counts past 2⁶³, so one that claims to fits
/// no row.
pub(crate) fn column(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A document from its column.
pub(crate) fn parse<T: DeserializeOwned>(what: &'static str, json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::corrupt(what, error))
}

/// A document for its column.
pub(crate) fn json<T: Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::corrupt(what, error))
}

/// A row with its document.
pub(crate) fn stored<T>(
    (id, version, created_at, updated_at, document): Columns,
    read: impl FnOnce(&str) -> Result<T, StoreError>,
) -> Result<Stored<T>, StoreError> {
    let value = read(&document)?;
    Ok(Stored { id, version: count(version)?, created_at, updated_at, value })
}

/// A row of one of the tables of configuration objects.
pub(crate) fn object(kind: Kind, columns: Columns) -> Result<Stored<Object>, StoreError> {
    stored(columns, |json| {
        Object::from_json(kind, json).map_err(|error| StoreError::corrupt(kind.name(), error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_in_a_column_is_told_as_such() {
        let corrupt = |error| matches!(error, StoreError::Corrupt { .. });
        let epoch = DateTime::UNIX_EPOCH;
        let row = (Uuid::nil(), 1, epoch, epoch, "{}".into());
        assert!(object(Kind::Buyer, row).is_err_and(corrupt));
        assert!(count(-1).is_err_and(corrupt));
        assert!(small_count(1 << 32).is_err_and(corrupt));
        assert!(parse::<u32>("number", "x").is_err_and(corrupt));
    }
}
