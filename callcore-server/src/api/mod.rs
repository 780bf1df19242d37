//! The API's resources. A handler takes the request apart, asks a port, and answers.

pub mod assignments;
pub mod bid_detail;
pub mod bids;
pub mod buyers;
pub mod calls;
pub mod campaigns;
pub mod dry_run;
pub mod flows;
pub mod health;
pub mod journey;
pub mod numbers;
pub mod resource;
pub mod routers;
pub mod stats;
pub mod target_assignments;
pub mod targets;

use utoipa_axum::router::OpenApiRouter;

use crate::state::App;

/// All resources.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(campaigns::routes())
        .merge(assignments::routes())
        .merge(buyers::routes())
        .merge(target_assignments::routes())
        .merge(targets::routes())
        .merge(dry_run::routes())
        .merge(routers::routes())
        .merge(flows::routes())
        .merge(bids::routes())
        .merge(bid_detail::routes())
        .merge(numbers::routes())
        .merge(calls::routes())
        .merge(stats::routes())
}
