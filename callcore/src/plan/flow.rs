//! A campaign's flow, compiled: its program, and a plan for each node of it that routes calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{AssignedBuyer, FlowSource, PinnedFlow, Plan, Source};
use crate::flow::{ChosenBuyer, Program, RouteSettings, check};
use crate::model::{Assignment, Caps, RoutingType, Stored};
use crate::routing::Candidate;
use crate::vocabulary::BuyerId;

/// A flow that is ready to run.
#[derive(Clone, Debug)]
pub struct FlowPlan {
    /// Which flow, in which version.
    pub pinned: PinnedFlow,
    /// What runs.
    pub program: Arc<Program>,
    /// By node id: the campaign as that node routes it. Nodes of the same settings share a plan.
    routes: BTreeMap<String, Arc<Plan>>,
}

impl FlowPlan {
    /// Compiles the flow of a campaign. `None` where it has none, and where a version that was
    /// published does not compile any more, which plain routing stands in for.
    pub(super) fn compile(source: &Source) -> Option<Self> {
        let flow = source.flow.as_ref()?;
        let program = check(&flow.definition, None).program?;
        let routes = routes(source, flow, &program);
        Some(Self { pinned: flow.pinned, program: Arc::new(program), routes })
    }

    /// A candidate of any node.
    pub fn candidate(&self, buyer: BuyerId) -> Option<&Candidate> {
        self.routes.values().find_map(|plan| plan.candidate(buyer))
    }

    /// The campaign as a node routes it.
    pub fn route(&self, node: &str) -> Option<&Plan> {
        self.routes.get(node).map(Arc::as_ref)
    }
}

/// A plan for each node that routes.
fn routes(source: &Source, flow: &FlowSource, program: &Program) -> BTreeMap<String, Arc<Plan>> {
    let mut plans: Vec<(&RouteSettings, Arc<Plan>)> = Vec::new();
    let mut routes = BTreeMap::new();
    for (node, settings) in program.routes() {
        let known = plans.iter().find(|(known, _)| *known == settings);
        let plan = if let Some((_, plan)) = known {
            Arc::clone(plan)
        } else {
            let plan = Arc::new(Plan::compile(&as_routed(source, flow, settings)));
            plans.push((settings, Arc::clone(&plan)));
            plan
        };
        routes.insert(node.to_owned(), plan);
    }
    routes
}

/// The campaign's rows as they would be if the node's settings were the campaign's own.
fn as_routed(source: &Source, flow: &FlowSource, settings: &RouteSettings) -> Source {
    let mut routed = without_flow(source, settings.campaign_buyers);
    let campaign = &mut routed.campaign.value;
    campaign.strategy = settings.strategy;
    campaign.required_skills.clone_from(&settings.required_skills);
    campaign.routing_type = if settings.auction { RoutingType::Rtb } else { RoutingType::Direct };
    if let Some(ring_timeout_secs) = settings.ring_timeout_secs {
        campaign.dial_timeout_secs = ring_timeout_secs;
    }
    if let Some(max_attempts) = settings.max_attempts {
        campaign.max_attempts = max_attempts;
    }
    if !settings.campaign_buyers {
        let assigned = |chosen| assigned(source, flow, chosen);
        routed.buyers = settings.buyers.iter().filter_map(assigned).collect();
    }
    if let Some(id) = settings.router {
        routed.router = flow.routers.iter().find(|router| router.id == id.uuid()).cloned();
        routed.router_targets.clone_from(&flow.router_targets);
        // The node asks its own router and nobody else.
        routed.targets.clear();
    }
    routed
}

/// The campaign's rows, each as it is: without its flow, and its buyers only where they are wanted.
fn without_flow(source: &Source, with_buyers: bool) -> Source {
    Source {
        tenant: source.tenant,
        revision: source.revision,
        campaign: source.campaign.clone(),
        number: source.number.clone(),
        number_also_used_by: Vec::new(),
        buyers: if with_buyers { source.buyers.clone() } else { Vec::new() },
        targets: source.targets.clone(),
        router: source.router.clone(),
        router_targets: source.router_targets.clone(),
        flow: None,
    }
}

/// A buyer that a node names, with its assignment to the campaign where it has one.
fn assigned(source: &Source, flow: &FlowSource, chosen: &ChosenBuyer) -> Option<AssignedBuyer> {
    let buyer = flow.buyers.iter().find(|row| row.id == chosen.buyer.uuid())?;
    let known = source.buyers.iter().find(|row| row.buyer.id == buyer.id);
    let known: Assignment = known.map(|row| row.assignment.value).unwrap_or_default();
    let own = known.caps.unwrap_or_default();
    let concurrent = match (own.concurrent, chosen.max_concurrent) {
        (Some(own), Some(here)) => Some(own.min(here)),
        (own, here) => own.or(here),
    };
    let assignment = Assignment {
        priority: chosen.priority.or(known.priority),
        weight: chosen.weight.or(known.weight),
        caps: Some(Caps { concurrent, ..own }),
    };
    let assignment = Stored {
        id: buyer.id,
        version: 1,
        created_at: buyer.created_at,
        updated_at: buyer.updated_at,
        value: assignment,
    };
    Some(AssignedBuyer { assignment, buyer: buyer.clone() })
}
