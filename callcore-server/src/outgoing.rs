//! The way out to addresses that tenants configured, and which of them may be configured at all.

use std::sync::Arc;

use callcore::memory::Offline;
use callcore::port::{Egress, Http};
use callcore::vocabulary::TenantId;

use crate::config::Config;
use crate::egress::{GuardedClient, Options, Policy, Refused, parse_url};

impl Egress for GuardedClient {
    fn tenant(&self, tenant: TenantId) -> Arc<dyn Http> {
        Self::tenant(self, tenant)
    }
}

/// The way out that the configuration allows. Without certificates to trust there is none: calls are
/// answered all the same, and bidders count as unreachable.
pub fn egress(config: &Config) -> Arc<dyn Egress> {
    let options = Options { policy: policy(config), ..Options::default() };
    match GuardedClient::new(options) {
        Ok(client) => Arc::new(client),
        Err(error) => {
            tracing::error!(%error, "no bidder, pixel or webhook can be reached");
            Arc::new(Offline)
        }
    }
}

/// Whether a URL that a tenant wrote may be asked. Variables of a template stand in its path and
/// query only, so they change nothing here.
///
/// # Errors
/// [`Refused`].
pub fn check(url: &str, config: &Config) -> Result<(), Refused> {
    parse_url(url, &policy(config)).map(drop)
}

fn policy(config: &Config) -> Policy {
    Policy::new(config.allow_private_targets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[test]
    fn private_addresses_are_the_operators_to_allow() {
        let refused = |url: &str, allow: &str| {
            let settings = Settings {
                session_secret: Some("s".repeat(32)),
                encryption_key: Some("e".repeat(32)),
                allow_private_targets: Some(allow.to_owned()),
                ..Settings::default()
            };
            check(url, &settings.check().unwrap()).is_err()
        };
        let template = "https://bid.example.com/{campaignId}?zip={callerZip|tag.zip}";
        assert!(!refused(template, "false"));
        assert!(refused("http://127.0.0.1:9000/{callId}", "false"));
        assert!(!refused("http://127.0.0.1:9000/{callId}", "true"));
        assert!(refused("http://169.254.169.254/", "true"));
    }
}
