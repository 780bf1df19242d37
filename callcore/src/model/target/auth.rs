//! How a target knows that a request is ours.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a target knows that a request is ours. `Debug` never shows a secret.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum TargetAuth {
    /// Not at all.
    #[default]
    None,
    /// `Authorization: Bearer` (RFC 6750).
    Bearer {
        /// The token.
        #[cfg_attr(feature = "schema", schema(max_length = 2000))]
        token: String,
    },
    /// `Authorization: Basic` (RFC 7617).
    Basic {
        /// The user; without a colon.
        #[cfg_attr(feature = "schema", schema(max_length = 2000))]
        username: String,
        /// The password.
        #[cfg_attr(feature = "schema", schema(max_length = 2000))]
        password: String,
    },
    /// A key in a header of its own.
    ApiKey {
        /// The header's name.
        #[serde(default = "api_key_header")]
        #[cfg_attr(feature = "schema", schema(max_length = 200))]
        header: String,
        /// The key.
        #[cfg_attr(feature = "schema", schema(max_length = 2000))]
        key: String,
    },
    /// A signature in a header: `t=<seconds>,v1=<HMAC-SHA256, hexadecimal>` over `<t>.<body>`, or
    /// over `<t>.<url>` where there is no body.
    Hmac {
        /// The header's name.
        #[serde(default = "signature_header")]
        #[cfg_attr(feature = "schema", schema(max_length = 200))]
        header: String,
        /// The key of the signature.
        #[cfg_attr(feature = "schema", schema(max_length = 2000))]
        secret: String,
    },
}

fn api_key_header() -> String {
    "X-API-Key".to_owned()
}

fn signature_header() -> String {
    "X-Signature".to_owned()
}

impl TargetAuth {
    /// The word on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bearer { .. } => "bearer",
            Self::Basic { .. } => "basic",
            Self::ApiKey { .. } => "api_key",
            Self::Hmac { .. } => "hmac",
        }
    }

    /// The secret in it, such as the token, for whoever seals secrets at rest.
    pub fn secret_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::None => None,
            Self::Bearer { token: secret }
            | Self::Basic { password: secret, .. }
            | Self::ApiKey { key: secret, .. }
            | Self::Hmac { secret, .. } => Some(secret),
        }
    }
}

impl fmt::Debug for TargetAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TargetAuth({}, …)", self.name())
    }
}
