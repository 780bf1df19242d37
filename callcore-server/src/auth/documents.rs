//! What goes over the wire.

use std::collections::BTreeMap;

use callcore::port::{ApiKey, Preferences, Session, User};
use callcore::vocabulary::{ApiKeyId, Problem, SessionId, UserId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::password::Password;
use crate::http::Document;

/// Longest user name, in characters.
const USERNAME_CHARACTERS: usize = 100;
/// How many preferences a user can have.
const PREFERENCES: usize = 100;
/// Longest key of a preference, in characters.
const PREFERENCE_KEY_CHARACTERS: usize = 100;
/// Longest value of a preference, in characters.
const PREFERENCE_VALUE_CHARACTERS: usize = 1_000;

/// Whether somebody can have this name.
pub(super) fn is_username(name: &str) -> bool {
    let length = name.chars().count();
    (1..=USERNAME_CHARACTERS).contains(&length) && name.trim() == name && !has_control(name)
}

fn has_control(text: &str) -> bool {
    text.contains(char::is_control)
}

/// The first owner.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SetUp {
    /// The name to sign in with, in upper or lower case.
    #[schema(min_length = 1, max_length = 100, example = "owner")]
    pub(super) username: String,
    /// The password to sign in with.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 1024)]
    pub(super) password: Password,
}

impl Document for SetUp {
    fn check(&self) -> Vec<Problem> {
        if is_username(&self.username) {
            return Vec::new();
        }
        let message = "a name without control characters and without spaces around it is expected";
        vec![Problem::error("bad_format", "/username", message)]
    }
}

/// Who signs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SignIn {
    /// Their name.
    #[schema(min_length = 1, example = "owner")]
    pub(super) username: String,
    /// Their password.
    #[schema(value_type = String, format = Password, min_length = 1)]
    pub(super) password: Password,
}

impl Document for SignIn {}

/// A user, alone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserAnswer {
    /// The user.
    user: UserDocument,
}

impl From<User> for UserAnswer {
    fn from(user: User) -> Self {
        let User { id, username, created_at, tenant: _ } = user;
        Self { user: UserDocument { id, username, created_at } }
    }
}

/// Somebody who signs in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserDocument {
    /// Their id.
    id: UserId,
    /// Their name.
    username: String,
    /// When they were created.
    created_at: DateTime<Utc>,
}

/// A sign-in session.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionDocument {
    /// Its id.
    id: SessionId,
    /// When it was opened.
    created_at: DateTime<Utc>,
    /// When it was last used.
    seen_at: DateTime<Utc>,
    /// When it ends in any case. It ends earlier where it is not used.
    ends_at: DateTime<Utc>,
    /// The browser or program, as it calls itself.
    user_agent: String,
    /// The address it was opened from.
    address: String,
    /// Whether this request belongs to it.
    current: bool,
}

impl SessionDocument {
    pub(super) fn new(session: Session, current: Option<SessionId>) -> Self {
        Self {
            id: session.id,
            created_at: session.created_at,
            seen_at: session.seen_at,
            ends_at: session.ends_at,
            user_agent: session.user_agent,
            address: session.address,
            current: current == Some(session.id),
        }
    }
}

/// An API key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewApiKey {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200, example = "reporting")]
    pub(super) name: String,
}

impl Document for NewApiKey {
    const READ_ONLY: &'static [&'static str] = &["id", "createdAt", "updatedAt", "usedAt"];

    fn check(&self) -> Vec<Problem> {
        if has_control(&self.name) || self.name.trim().is_empty() {
            let message = "a name with a visible character and no control characters is expected";
            vec![Problem::error("bad_format", "/name", message)]
        } else {
            Vec::new()
        }
    }
}

/// An API key. Its token is not shown again.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiKeyDocument {
    /// Its id.
    id: ApiKeyId,
    /// What people call it.
    name: String,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was made: a key does not change.
    updated_at: DateTime<Utc>,
    /// When it was last used; null before its first use.
    used_at: Option<DateTime<Utc>>,
}

impl From<ApiKey> for ApiKeyDocument {
    fn from(key: ApiKey) -> Self {
        let ApiKey { id, name, created_at, used_at, user: _ } = key;
        Self { id, name, created_at, updated_at: created_at, used_at }
    }
}

/// An API key that was just made, with its token.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct IssuedApiKey {
    /// The key.
    #[serde(flatten)]
    pub(super) key: ApiKeyDocument,
    /// What `Authorization: Bearer` takes. It is shown this once.
    pub(super) token: String,
}

impl std::fmt::Debug for IssuedApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedApiKey").field("key", &self.key).finish_non_exhaustive()
    }
}

/// What a user set for themselves: at most 100 keys of at most 100 characters, with values of at
/// most 1000 characters.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub(super) struct PreferencesDocument(BTreeMap<String, String>);

impl Document for PreferencesDocument {
    fn check(&self) -> Vec<Problem> {
        if self.0.len() > PREFERENCES {
            let message =
                format!("at most {PREFERENCES} items are allowed, there are {}", self.0.len());
            return vec![Problem::error("too_many", "", message)];
        }
        let mut problems = Vec::new();
        for (key, value) in &self.0 {
            let path = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
            if key.chars().count() > PREFERENCE_KEY_CHARACTERS {
                let message =
                    format!("a key of at most {PREFERENCE_KEY_CHARACTERS} characters is expected");
                problems.push(Problem::error("too_long", &path, message));
            }
            if value.chars().count() > PREFERENCE_VALUE_CHARACTERS {
                let message =
                    format!("at most {PREFERENCE_VALUE_CHARACTERS} characters are allowed");
                problems.push(Problem::error("too_long", &path, message));
            }
            // Postgres can store any character but this one.
            if key.contains('\0') || value.contains('\0') {
                let message = "the character U+0000 is not allowed";
                problems.push(Problem::error("bad_format", &path, message));
            }
        }
        problems
    }
}

impl From<Preferences> for PreferencesDocument {
    fn from(preferences: Preferences) -> Self {
        Self(preferences.0)
    }
}

impl From<PreferencesDocument> for Preferences {
    fn from(preferences: PreferencesDocument) -> Self {
        Self(preferences.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::http::Failure;
    use crate::http::body::document;

    /// The places and codes of what is wrong.
    fn faults<T: Document>(value: Value) -> Vec<(String, String)> {
        match document::<T>(value) {
            Ok(_) => Vec::new(),
            Err(Failure::Invalid(faults)) => {
                let mut faults: Vec<_> =
                    faults.into_iter().map(|fault| (fault.path, fault.code)).collect();
                faults.sort();
                faults
            }
            Err(failure) => panic!("another failure: {failure:?}"),
        }
    }

    fn is(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(path, code)| ((*path).to_owned(), (*code).to_owned())).collect()
    }

    #[test]
    fn names_and_passwords_have_limits_at_the_set_up() {
        let owner = |username: &str, password: &str| {
            faults::<SetUp>(json!({ "username": username, "password": password }))
        };
        assert_eq!(owner("ö".repeat(100).as_str(), "12345678"), is(&[]));
        assert_eq!(owner("an owner", &"é".repeat(1024)), is(&[]));
        assert_eq!(owner("", "1234567"), is(&[("/password", "too_short"), ("/username", "blank")]));
        assert_eq!(
            owner(&"x".repeat(101), &"x".repeat(1025)),
            is(&[("/password", "too_long"), ("/username", "too_long")])
        );
        for name in [" owner", "owner\u{a0}", "\t", "a\0b", "a\u{7f}"] {
            assert_eq!(owner(name, "12345678"), is(&[("/username", "bad_format")]), "{name:?}");
        }
    }

    #[test]
    fn a_sign_in_takes_any_text_and_nothing_else() {
        assert_eq!(faults::<SignIn>(json!({ "username": "\0", "password": "x" })), is(&[]));
        assert_eq!(
            faults::<SignIn>(json!({ "username": 1, "password": null, "extra": true })),
            is(&[
                ("/extra", "unknown_field"),
                ("/password", "wrong_type"),
                ("/username", "wrong_type")
            ])
        );
        assert_eq!(
            faults::<SignIn>(json!({})),
            is(&[("/password", "missing"), ("/username", "missing")])
        );
    }

    #[test]
    fn a_password_is_not_in_the_debug_output_of_its_document() {
        let body = json!({ "username": "owner", "password": "hunter2hunter2" });
        let (owner, known) = (document::<SetUp>(body.clone()), document::<SignIn>(body));
        assert!(!format!("{owner:?} {known:?}").contains("hunter2"));
    }

    #[test]
    fn an_api_key_has_a_visible_name() {
        assert_eq!(faults::<NewApiKey>(json!({ "name": "reports", "id": 1 })), is(&[]));
        for name in ["   ", "a\nb"] {
            assert_eq!(
                faults::<NewApiKey>(json!({ "name": name })),
                is(&[("/name", "bad_format")])
            );
        }
        assert_eq!(
            faults::<NewApiKey>(json!({ "name": "", "tenant": 1, "token": "x" })),
            is(&[("/name", "blank"), ("/tenant", "unknown_field"), ("/token", "unknown_field")])
        );
    }

    #[test]
    fn preferences_are_a_small_flat_map() {
        let most: BTreeMap<String, String> =
            (0..100).map(|n| (format!("{n:0>100}"), "é".repeat(1000))).collect();
        assert_eq!(faults::<PreferencesDocument>(json!(most)), is(&[]));
        assert_eq!(faults::<PreferencesDocument>(json!({})), is(&[]));
        let many: BTreeMap<String, String> =
            (0..101).map(|n| (n.to_string(), String::new())).collect();
        assert_eq!(faults::<PreferencesDocument>(json!(many)), is(&[("", "too_many")]));
        let long = "k".repeat(101);
        assert_eq!(
            faults::<PreferencesDocument>(json!({ "a/b~": "x".repeat(1001), long.clone(): "" })),
            is(&[("/a~1b~0", "too_long"), (&format!("/{long}"), "too_long")])
        );
        assert_eq!(
            faults::<PreferencesDocument>(json!({ "a": 1, "b": {} })),
            is(&[("/a", "wrong_type"), ("/b", "wrong_type")])
        );
        assert_eq!(faults::<PreferencesDocument>(json!([])), is(&[("", "wrong_type")]));
    }
}
