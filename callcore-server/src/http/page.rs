//! Lists: `limit` and `cursor` in, `items` and `nextCursor` out.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use callcore::vocabulary::{Cursor, Page, PageRequest, limits};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{Failure, Fault};

/// One page of a list, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Listing<T: ToSchema> {
    /// The items.
    pub items: Vec<T>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

impl<T: ToSchema> From<Page<T>> for Listing<T> {
    fn from(page: Page<T>) -> Self {
        Self { items: page.items, next_cursor: page.next.map(|cursor| cursor.to_string()) }
    }
}

impl<T: ToSchema> Listing<T> {
    /// A list that is short enough to be one page.
    pub const fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }
}

/// The query parameters of every list, for the OpenAPI document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by name in `Paging`, which reports every problem at once")]
pub struct PagingParameters {
    /// How many items, 1 to 500; 50 where nothing is said.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u16>,
    /// The `nextCursor` of an earlier page.
    cursor: Option<String>,
}

/// Which part of a list is asked for, and every query parameter that came with it.
#[derive(Debug)]
pub struct Paging {
    /// The part.
    pub page: PageRequest,
    /// All query parameters; of one that comes twice the last counts.
    pub query: HashMap<String, String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Parameters(query) = Parameters::from_request_parts(parts, state).await?;
        let mut page = PageRequest::default();
        let mut faults = Vec::new();
        page.limit = limit(&query, &mut faults);
        if let Some(cursor) = query.get("cursor") {
            match cursor.parse::<Cursor>() {
                Ok(cursor) => page.after = Some(cursor),
                Err(error) => faults.push(Fault::new("/cursor", "bad_cursor", error.to_string())),
            }
        }
        if faults.is_empty() { Ok(Self { page, query }) } else { Err(Failure::Invalid(faults)) }
    }
}

/// Every query parameter; of one that comes twice the last counts.
#[derive(Debug)]
pub struct Parameters(pub HashMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let query = Query::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let Query(query) =
            query.map_err(|error| Failure::invalid("", "bad_query", error.body_text()))?;
        Ok(Self(query))
    }
}

/// How many items are asked for.
pub fn limit(query: &HashMap<String, String>, faults: &mut Vec<Fault>) -> usize {
    let usual = PageRequest::default().limit;
    let Some(limit) = query.get("limit") else { return usual };
    match limit.parse() {
        Ok(limit) if (1..=limits::PAGE_ITEMS).contains(&limit) => limit,
        _ => {
            let most = limits::PAGE_ITEMS;
            let message = format!("a whole number from 1 to {most} is expected");
            faults.push(Fault::new("/limit", "out_of_range", message));
            usual
        }
    }
}
