//! Who is asking.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use callcore::port::User;
use callcore::vocabulary::{ApiKeyId, SessionId, TenantId};

use super::keys;
use super::sign_in::IDLE_SECS;
use crate::http::Failure;
use crate::state::App;

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// With a session's cookie.
    Session(SessionId),
    /// With an API key.
    ApiKey(ApiKeyId),
}

/// Somebody who may ask: a handler that takes one is answered 401 for everybody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Their tenant, and so what they can see.
    pub tenant: TenantId,
    /// Who they are.
    pub user: User,
    /// How they proved it.
    pub via: Via,
}

impl Principal {
    /// The session they use, unless it is an API key.
    pub fn session(&self) -> Option<SessionId> {
        match self.via {
            Via::Session(session) => Some(session),
            Via::ApiKey(_) => None,
        }
    }
}

impl FromRequestParts<App> for Principal {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let (guard, system) = (&app.guard, &app.stores.system);
        let now = app.clock.now();
        // A request with a token never falls back to its cookie: the check for cross-site requests
        // lets it pass.
        if let Some(token) = bearer(&parts.headers) {
            let token = keys::token(token).ok_or(Failure::Unauthenticated)?;
            let known = system.api_key(&guard.token_hash(token), now).await?;
            let (key, user) = known.ok_or(Failure::Unauthenticated)?;
            return Ok(Self { tenant: user.tenant, user, via: Via::ApiKey(key.id) });
        }
        let token = guard.cookie.token(&parts.headers).ok_or(Failure::Unauthenticated)?;
        let known = system.session(&guard.token_hash(token), IDLE_SECS, now).await?;
        let (session, user) = known.ok_or(Failure::Unauthenticated)?;
        Ok(Self { tenant: user.tenant, user, via: Via::Session(session.id) })
    }
}

/// What stands behind `Authorization: Bearer`. It may be anything.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get_all(AUTHORIZATION).iter().find_map(|value| {
        let value = value.as_bytes();
        let end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
        let (scheme, token) = value.split_at(end);
        scheme.eq_ignore_ascii_case(b"bearer").then_some(token.trim_ascii())
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_bearer_token_is_found_whatever_it_is() {
        let table: [(&[&[u8]], _); 8] = [
            (&[], None),
            (&[b""], None),
            (&[b"Basic eDp5"], None),
            (&[b"Bearer"], Some(b"".as_slice())),
            (&[b"Bearer   ck_a "], Some(b"ck_a".as_slice())),
            (&[b"BEARER \xff"], Some(b"\xff".as_slice())),
            (&[b"Bearerck_a"], None),
            (&[b"Basic eDp5", b"bearer ck_a"], Some(b"ck_a".as_slice())),
        ];
        for (values, expected) in table {
            let value = |value: &&[u8]| (AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
            let headers: HeaderMap = values.iter().map(value).collect();
            assert_eq!(bearer(&headers), expected, "{values:?}");
        }
    }
}
