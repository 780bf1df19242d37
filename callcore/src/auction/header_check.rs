//! What may stand in a tenant's headers and credentials.

use crate::model::TargetAuth;
use crate::vocabulary::{Problem, limits};

/// Headers that belong to the connection and to the client, in lower case.
const RESERVED_HEADERS: [&str; 12] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What is wrong with a header's name (RFC 9110 §5.1: a token).
pub(super) fn header_name_problem(name: &str) -> Option<String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > limits::NAME_CHARACTERS || !name.bytes().all(token) {
        return Some(format!("{name:?} is no name of a header"));
    }
    let lower = name.to_ascii_lowercase();
    RESERVED_HEADERS.contains(&lower.as_str()).then(|| format!("the client sets {name} itself"))
}

/// Problems of the authentication.
pub(super) fn check_auth(auth: &TargetAuth) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut text = |field: &str, text: &str, empty: bool| {
        let path = format!("/auth/{field}");
        let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if text.trim().is_empty() && !empty {
            problems.push(Problem::error("blank", path, format!("{field} is needed")));
        } else if !printable || text.len() > limits::HEADER_BYTES {
            problems.push(Problem::error(
                "bad_header",
                path,
                format!(
                    "at most {} characters of printable ASCII are allowed",
                    limits::HEADER_BYTES
                ),
            ));
        }
    };
    match auth {
        TargetAuth::None => {}
        TargetAuth::Bearer { token } => text("token", token, false),
        TargetAuth::Basic { username, password } => {
            text("username", username, false);
            text("password", password, true);
            if username.contains(':') {
                let message = "a user name has no colon (RFC 7617 §2)";
                problems.push(Problem::error("bad_header", "/auth/username", message));
            }
        }
        TargetAuth::ApiKey { key, .. } => text("key", key, false),
        TargetAuth::Hmac { secret, .. } => text("secret", secret, false),
    }
    let message = credential_header(auth).and_then(header_name_problem);
    problems.extend(message.map(|message| Problem::error("bad_header", "/auth/header", message)));
    problems
}

/// The name of the header that holds the credential.
pub(super) fn credential_header(auth: &TargetAuth) -> Option<&str> {
    match auth {
        TargetAuth::None => None,
        TargetAuth::Bearer { .. } | TargetAuth::Basic { .. } => Some("Authorization"),
        TargetAuth::ApiKey { header, .. } | TargetAuth::Hmac { header, .. } => Some(header),
    }
}
