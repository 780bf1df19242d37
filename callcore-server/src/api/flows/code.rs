//! Custom code, checked and run for the API: one at a time, so that calls keep the workers.

use callcore::port::ScriptError;
use callcore::vocabulary::TenantId;
use serde_json::Value;

use crate::state::App;

/// Whether code can be read. Reading takes no time to speak of, so a check that came too late on a
/// busy machine is made once more.
///
/// # Errors
/// Those of [`Script::check`](callcore::port::Script::check).
pub(super) async fn check(app: &App, code: &str) -> Result<(), ScriptError> {
    // Nobody closes the semaphore; without a turn, code waits for nobody.
    let _turn = app.script_turn.acquire().await.ok();
    match app.script.check(code).await {
        Err(ScriptError::Timeout) => app.script.check(code).await,
        checked => checked,
    }
}

/// Runs code of a simulated call.
///
/// # Errors
/// Those of [`Script::run`](callcore::port::Script::run).
pub(super) async fn run(
    app: &App,
    tenant: TenantId,
    code: &str,
    call: &Value,
) -> Result<bool, ScriptError> {
    let _turn = app.script_turn.acquire().await.ok();
    app.script.run(tenant, code, call).await
}
