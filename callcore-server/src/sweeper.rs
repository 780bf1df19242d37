//! Frees leases that nobody else will: the last of the three ways in which a lease ends. Forgets
//! deliveries that were over long ago.

use std::time::Duration;

use callcore::vocabulary::limits;
use chrono::TimeDelta;

use crate::state::App;

const EVERY: Duration = Duration::from_secs(10);
/// How many deliveries are forgotten in one act, and how many acts that may take each time.
const FORGOTTEN_AT_ONCE: usize = 500;
const FORGETTING_ACTS: usize = 20;

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
        forget(&app).await;
    }
}

async fn forget(app: &App) {
    let now = app.clock.now();
    let before = now - TimeDelta::days(limits::ENDED_DELIVERY_DAYS);
    for _ in 0..FORGETTING_ACTS {
        match app.stores.outbox.forget(before, FORGOTTEN_AT_ONCE, now).await {
            Ok(FORGOTTEN_AT_ONCE) => {}
            Ok(_) => return,
            Err(error) => {
                tracing::error!(%error, "deliveries that are over could not be forgotten");
                return;
            }
        }
    }
}
