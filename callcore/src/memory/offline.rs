//! No way out at all.

use std::sync::Arc;

use async_trait::async_trait;

use serde_json::Value;

use crate::port::{Egress, Http, HttpError, HttpRequest, HttpResponse, Script, ScriptError};
use crate::vocabulary::TenantId;

/// Reaches nobody and runs no code: for whoever routes calls without asking bidders and without
/// custom conditions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offline;

impl Egress for Offline {
    fn tenant(&self, _: TenantId) -> Arc<dyn Http> {
        Arc::new(Self)
    }
}

#[async_trait]
impl Http for Offline {
    async fn send(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
        Err(HttpError::Unreachable("there is no way out of here".into()))
    }
}

#[async_trait]
impl Script for Offline {
    async fn check(&self, _: &str) -> Result<(), ScriptError> {
        Err(unavailable())
    }

    async fn run(&self, _: TenantId, _: &str, _: &Value) -> Result<bool, ScriptError> {
        Err(unavailable())
    }
}

fn unavailable() -> ScriptError {
    ScriptError::Unavailable("this program runs no custom code".into())
}
