//! What a flow may know of its call.

use chrono::{DateTime, Utc};

use crate::call::{Call, Caller};
use crate::vocabulary::{CallId, CampaignId, FlowId, Tags, TenantId};

/// The call as a flow sees it, and the instant of the event that moves it.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Whose call it is.
    pub tenant: TenantId,
    /// The call.
    pub call: CallId,
    /// The campaign that routes it.
    pub campaign: CampaignId,
    /// The flow.
    pub flow: FlowId,
    /// The version that runs.
    pub version: u32,
    /// Who calls.
    pub caller: &'a Caller,
    /// What was dialled.
    pub called: &'a str,
    /// Facts on the call.
    pub tags: &'a Tags,
    /// The instant of the event.
    pub now: DateTime<Utc>,
}

impl<'a> Context<'a> {
    /// The context of a call in a version of a flow.
    pub const fn of(call: &'a Call, flow: FlowId, version: u32, now: DateTime<Utc>) -> Self {
        Self {
            tenant: call.tenant,
            call: call.id,
            campaign: call.campaign,
            flow,
            version,
            caller: &call.caller,
            called: call.called.as_str(),
            tags: &call.tags,
            now,
        }
    }
}
