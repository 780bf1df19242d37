//! Which calls of a flow are looked at: those of a stretch of time, of one version or of any.

use std::collections::HashMap;

use callcore::port::PassageFilter;
use callcore::vocabulary::{FlowId, TenantId, limits};
use chrono::{DateTime, TimeDelta, Utc};
use utoipa::IntoParams;
use uuid::Uuid;

use super::draft::Draft;
use crate::api::{calls, resource};
use crate::http::{Failure, Fault};
use crate::state::App;

/// The query parameters, for the OpenAPI document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by name in `Period`, which reports every problem at once")]
pub(super) struct PeriodParameters {
    /// Calls that came in at this time or later.
    from: Option<DateTime<Utc>>,
    /// Calls that came in before this time.
    to: Option<DateTime<Utc>>,
    /// Calls that ran this version; of any version where nothing is said.
    #[param(minimum = 1)]
    version: Option<u32>,
}

/// The calls that are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Period {
    /// Those that came in at this instant or later.
    pub(super) from: Option<DateTime<Utc>>,
    /// Those that came in before this instant.
    pub(super) to: Option<DateTime<Utc>>,
    /// Those that ran this version.
    pub(super) version: Option<u32>,
}

/// How much a server's clock may be behind another's: no call runs a version before it is published.
const CLOCKS_DIFFER_BY: TimeDelta = TimeDelta::hours(1);

impl Period {
    /// Reads it from a query; what is wrong is added to the faults.
    pub(super) fn read(query: &HashMap<String, String>, faults: &mut Vec<Fault>) -> Self {
        let times = ["from", "to"].into_iter();
        let times = times.filter_map(|name| Some((name.to_owned(), query.get(name)?.clone())));
        let (from, to) = match calls::filter(&times.collect()) {
            Ok(filter) => (filter.from, filter.to),
            Err(Failure::Invalid(wrong)) => {
                faults.extend(wrong);
                (None, None)
            }
            Err(_) => (None, None),
        };
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            faults.push(Fault::new("/to", "out_of_range", "a time after `from` is expected"));
        }
        let version = query.get("version").map(|text| text.parse().ok().filter(|n| *n > 0));
        if version == Some(None) {
            let message = "the number of a published version is expected";
            faults.push(Fault::new("/version", "bad_format", message));
        }
        Self { from, to, version: version.flatten() }
    }

    /// The filter of the store for these calls of a flow, as narrow as its version allows.
    ///
    /// # Errors
    /// [`Failure::NotFound`] where there is no such flow, [`Failure::Invalid`] where it has no such
    /// version.
    pub(super) async fn filter(
        self,
        app: &App,
        tenant: TenantId,
        id: Uuid,
    ) -> Result<PassageFilter, Failure> {
        resource::read::<Draft>(app, tenant, id).await?;
        let flow = FlowId::from_uuid(id);
        let Some(number) = self.version else {
            return Ok(PassageFilter { flow, from: self.from, to: self.to });
        };
        let version = app.stores.flows.version(tenant, flow, number).await?;
        let unknown =
            || Failure::invalid("/version", "unknown_version", "there is no such version");
        let published_at = version.ok_or_else(unknown)?.published_at;
        let from = self.from.max(published_at.checked_sub_signed(CLOCKS_DIFFER_BY));
        Ok(PassageFilter { flow, from, to: self.to })
    }

    /// Whether a call of this version is meant. Test calls are not.
    pub(super) fn has(self, version: u32) -> bool {
        self.version.map_or(version < limits::FIRST_TRIAL, |asked| asked == version)
    }
}
