//! Whom a node of a flow would dial: the decision that a call would get, with nothing reserved.

use callcore::call::{Caller, NoRouteReason};
use callcore::flow::{Answer, Offer};
use callcore::model::{
    Buyer, Campaign, CampaignStatus, FlowDefinition, Kind, Object, Router, RoutingType, Stored,
};
use callcore::plan::{FlowPlan, FlowSource, PinnedFlow, Plan, Source};
use callcore::port::Ask;
use callcore::routing::{Decision, Eligibility, Observed, Turn};
use callcore::vocabulary::{CallId, CampaignId, Seed, TenantId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::{campaigns, resource};
use crate::http::Failure;
use crate::http::problem::unknown_reference;
use crate::state::App;

/// What a node decided.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DecisionOfNode {
    /// The node.
    node_id: String,
    /// The decision: `chosen`, `ranked` and `refused` are exactly the candidates.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    decision: Decision,
}

/// Answers what a simulated call needs to be routed.
#[derive(Debug)]
pub(super) struct DryRoutes<'a> {
    app: &'a App,
    flow: &'a FlowPlan,
    caller: &'a Caller,
    ordinal: u64,
    decisions: Vec<DecisionOfNode>,
    /// Nodes that would have asked bidders.
    auctions: Vec<String>,
}

impl<'a> DryRoutes<'a> {
    pub(super) const fn new(
        app: &'a App,
        flow: &'a FlowPlan,
        caller: &'a Caller,
        ordinal: u64,
    ) -> Self {
        Self { app, flow, caller, ordinal, decisions: Vec::new(), auctions: Vec::new() }
    }

    /// Whom the node would dial, at this instant.
    pub(super) async fn answer(
        &mut self,
        place: Option<(&str, &Plan, DateTime<Utc>)>,
    ) -> Result<Answer, Failure> {
        let Some((node, route, now)) = place else {
            return Ok(Answer::Unrouted(NoRouteReason::NoBuyerAssigned));
        };
        if self.flow.program.route(node).is_some_and(|settings| settings.auction)
            && !self.auctions.iter().any(|known| known == node)
        {
            self.auctions.push(node.to_owned());
        }
        let decision = self.decide(node, route, now).await?;
        let most = usize::try_from(route.campaign.max_attempts).unwrap_or(usize::MAX);
        let ranking = decision.ranking().take(most);
        let offers: Vec<Offer> = ranking
            .filter_map(|buyer| {
                let destination = route.candidate(buyer)?.destination.to_string();
                Some(Offer { buyer: Some(buyer), destination })
            })
            .collect();
        let answer = match decision.no_route() {
            Some(reason) => Answer::Unrouted(reason),
            None => Answer::Offered(offers),
        };
        self.decisions.push(DecisionOfNode { node_id: node.to_owned(), decision });
        Ok(answer)
    }

    async fn decide(
        &self,
        node: &str,
        route: &Plan,
        now: DateTime<Utc>,
    ) -> Result<Decision, Failure> {
        // A call that there never is: it holds nothing, so all that is held counts.
        let call = CallId::from_uuid(Uuid::nil());
        let activity = route.looks_at_activity();
        let ask = Ask {
            caps: route.caps(),
            caller: self.caller.number.clone().filter(|_| route.looks_at_contacts()),
            activity: (!activity.is_empty()).then_some((route.id, activity)),
            ..Ask::default()
        };
        let look = self.app.stores.calls.look(route.tenant, call, &ask, now).await?;
        let mut observed = Observed {
            usage: look.usage,
            contacts: look.contacts,
            activity: look.activity,
            ..Observed::default()
        };
        let request = route.request(self.caller);
        let eligibility = Eligibility::examine(&request, &route.candidates, &observed, now);
        let rotation = eligibility.rotation(&request);
        observed.turn = rotation.map(|rotation| Turn { key: rotation.key, ordinal: self.ordinal });
        let seed = Seed::derive(route.tenant, call, node, "rank");
        Ok(eligibility.decide(&request, &observed, seed, now))
    }

    /// What was decided, and what differs from a real call.
    pub(super) fn finish(self) -> (Vec<DecisionOfNode>, Option<String>) {
        let note = (!self.auctions.is_empty()).then(|| {
            let nodes = self.auctions.join(", ");
            format!("No bidder is asked in a simulation: at {nodes} the buyers behind the auction are offered the call.")
        });
        (self.decisions, note)
    }
}

/// What a flow's plan is compiled from: the campaign's rows, or those of a campaign without anybody.
///
/// # Errors
/// [`Failure::Invalid`] for an unknown campaign.
pub(super) async fn source(
    app: &App,
    tenant: TenantId,
    campaign: Option<Uuid>,
    pinned: PinnedFlow,
    definition: FlowDefinition,
) -> Result<Source, Failure> {
    let mut source = match campaign {
        Some(id) => campaigns::source(app, tenant, id).await.map_err(|failure| match failure {
            Failure::NotFound => unknown_reference("/campaignId", Kind::Campaign),
            other => other,
        })?,
        None => nobody(tenant, app.clock.now()),
    };
    let references = definition.references();
    let mut flow = FlowSource {
        pinned,
        definition,
        buyers: Vec::new(),
        routers: Vec::new(),
        // No bidder is asked in a simulation.
        router_targets: Vec::new(),
    };
    for buyer in references.buyers {
        flow.buyers.extend(named::<Buyer>(app, tenant, buyer.uuid()).await?);
    }
    for router in references.routers {
        flow.routers.extend(named::<Router>(app, tenant, router.uuid()).await?);
    }
    source.flow = Some(flow);
    Ok(source)
}

/// An object, if it exists.
async fn named<T>(app: &App, tenant: TenantId, id: Uuid) -> Result<Option<Stored<T>>, Failure>
where
    T: resource::Configured,
{
    let stored: Option<Stored<Object>> = app.stores.registry.read(tenant, T::KIND, id).await?;
    Ok(stored.map(Stored::of).transpose()?)
}

/// A campaign of this tenant with nobody in it.
fn nobody(tenant: TenantId, now: DateTime<Utc>) -> Source {
    let id = CampaignId::from_uuid(Uuid::nil());
    let campaign = Campaign {
        status: CampaignStatus::Active,
        ..Campaign::new("Simulation", RoutingType::Direct)
    };
    Source {
        tenant,
        revision: 0,
        campaign: Stored {
            id: id.uuid(),
            version: 1,
            created_at: now,
            updated_at: now,
            value: campaign,
        },
        number: None,
        number_also_used_by: Vec::new(),
        buyers: Vec::new(),
        targets: Vec::new(),
        router: None,
        router_targets: Vec::new(),
        flow: None,
    }
}
