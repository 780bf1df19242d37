//! Frees leases that nobody else will: the last of the three ways in which a lease ends.

use std::time::Duration;

use crate::state::App;

const EVERY: Duration = Duration::from_secs(10);

/// Sweeps until the task is dropped.
pub async fn run(app: App) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match app.stores.system.sweep(app.clock.now()).await {
            Ok(swept) if swept == callcore::port::Swept::default() => {}
            Ok(swept) => tracing::info!(?swept, "freed leases that were left behind"),
            Err(error) => tracing::error!(%error, "leases could not be swept"),
        }
    }
}
