//! `/api/flows`: drafts of call flows, their published versions, templates, previews, simulations; and
//! `/api/flow-sessions`, the calls that ran one.

mod archiving;
mod code;
mod draft;
mod drafts;
mod dry_route;
mod executions;
mod figures;
mod period;
mod preview;
mod problems;
mod publishing;
mod sample;
mod sessions;
mod shown;
mod simulate;
mod stats;
mod templates;
mod test_call;
mod versions;

#[cfg(test)]
mod tests;

use utoipa_axum::router::OpenApiRouter;

use crate::state::App;

/// The resource's paths.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(drafts::routes())
        .merge(publishing::routes())
        .merge(archiving::routes())
        .merge(versions::routes())
        .merge(templates::routes())
        .merge(preview::routes())
        .merge(simulate::routes())
        .merge(sessions::routes())
        .merge(stats::routes())
        .merge(executions::routes())
        .merge(test_call::routes())
}
