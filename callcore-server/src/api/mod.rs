//! The API's resources. A handler takes the request apart, asks a port, and answers.

pub mod assignments;
pub mod buyers;
pub mod calls;
pub mod campaigns;
pub mod health;
pub mod journey;
pub mod numbers;
pub mod resource;
pub mod stats;

use utoipa_axum::router::OpenApiRouter;

use crate::state::App;

/// All resources.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(campaigns::routes())
        .merge(assignments::routes())
        .merge(buyers::routes())
        .merge(numbers::routes())
        .merge(calls::routes())
        .merge(stats::routes())
}
