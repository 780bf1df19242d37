//! Everything that is wrong with a flow: what the core finds, what the script port says of its code,
//! and which of its addresses the operator does not allow.

use std::collections::BTreeSet;

use callcore::flow::{Checked, CustomCode, FlowProblem, Surroundings, check};
use callcore::model::{Campaign, FlowDefinition, FlowReferences, Kind, Object};
use callcore::port::ScriptError;
use callcore::vocabulary::{PageRequest, Severity, TenantId, limits};
use serde_json::Value;

use super::code;
use crate::http::{Failure, Fault};
use crate::outgoing;
use crate::state::App;

/// Checks flows of one tenant.
#[derive(Debug)]
pub(super) struct Inspector<'a> {
    app: &'a App,
    tenant: TenantId,
    around: Surroundings,
    knows_tags: bool,
}

impl<'a> Inspector<'a> {
    /// Learns which of the buyers and routers exist that these flows name.
    pub(super) async fn of<'f>(
        app: &'a App,
        tenant: TenantId,
        flows: impl IntoIterator<Item = &'f FlowDefinition>,
    ) -> Result<Self, Failure> {
        let mut named = FlowReferences::default();
        for flow in flows {
            let references = flow.references();
            named.buyers.extend(references.buyers);
            named.routers.extend(references.routers);
        }
        let FlowReferences { buyers, routers } = app.stores.flows.known(tenant, named).await?;
        let around = Surroundings { buyers, routers, tags: BTreeSet::new() };
        Ok(Self { app, tenant, around, knows_tags: false })
    }

    /// All problems of a flow but those of its custom code, which takes too long to check for many:
    /// errors, then warnings.
    pub(super) async fn problems_in_short(
        &mut self,
        flow: &FlowDefinition,
    ) -> Result<Vec<FlowProblem>, Failure> {
        let Checked { mut problems, .. } = self.checked(flow).await?;
        self.check_urls(flow, &mut problems);
        problems.sort_by_key(|problem| problem.severity);
        Ok(problems)
    }

    /// All problems of a flow: errors, then warnings.
    pub(super) async fn problems(
        &mut self,
        flow: &FlowDefinition,
    ) -> Result<Vec<FlowProblem>, Failure> {
        let Checked { mut problems, code, .. } = self.checked(flow).await?;
        for code in &code {
            problems.extend(self.code_problem(code).await);
        }
        self.check_urls(flow, &mut problems);
        problems.sort_by_key(|problem| problem.severity);
        Ok(problems)
    }

    /// What the core finds. Campaigns are read only for a flow with a variable that nothing else
    /// explains: it may be one of their tags.
    async fn checked(&mut self, flow: &FlowDefinition) -> Result<Checked, Failure> {
        let checked = check(flow, Some(&self.around));
        let unknown = |problem: &FlowProblem| problem.code == "unknown_variable";
        if self.knows_tags || !checked.problems.iter().any(unknown) {
            return Ok(checked);
        }
        self.around.tags = tags(self.app, self.tenant).await?;
        self.knows_tags = true;
        Ok(check(flow, Some(&self.around)))
    }

    async fn code_problem(&self, code: &CustomCode) -> Option<FlowProblem> {
        let error = code::check(self.app, &code.code).await.err()?;
        let (severity, word, mend) = match error {
            ScriptError::Syntax(_) | ScriptError::Thrown(_) => {
                (Severity::Error, "bad_code", "correct it: it is the body of a JavaScript function")
            }
            ScriptError::Memory => {
                (Severity::Error, "bad_code", "shorten it, or nest less within each other")
            }
            // Whatever else came in between says nothing of the code.
            _ => {
                let mend = "try again later, and ask the operator if that does not help";
                (Severity::Warning, "code_not_checked", mend)
            }
        };
        Some(FlowProblem {
            severity,
            code: word.into(),
            node_id: Some(code.node_id.clone()),
            path: code.path.clone(),
            message: format!("{error}; {mend}"),
        })
    }

    fn check_urls(&self, flow: &FlowDefinition, problems: &mut Vec<FlowProblem>) {
        for (node_id, path, url) in urls(flow) {
            let known = problems.iter().any(|problem| problem.path == path && problem.blocks());
            if let (false, Err(refused)) = (known, outgoing::check(url, &self.app.config)) {
                problems.push(FlowProblem {
                    severity: Severity::Error,
                    code: "url_not_allowed".into(),
                    node_id: Some(node_id.to_owned()),
                    path,
                    message: refused.to_string(),
                });
            }
        }
    }
}

/// The problems of a flow that nothing stands in the way of: warnings.
///
/// # Errors
/// [`Failure::Invalid`] with all problems, if there is an error among them.
pub(super) fn passing(problems: Vec<FlowProblem>) -> Result<Vec<FlowProblem>, Failure> {
    if problems.iter().any(FlowProblem::blocks) {
        return Err(Failure::Invalid(problems.into_iter().map(Fault::from).collect()));
    }
    Ok(problems)
}

/// The names of the tags that the tenant's campaigns set.
async fn tags(app: &App, tenant: TenantId) -> Result<BTreeSet<String>, Failure> {
    let mut tags = BTreeSet::new();
    let mut page = PageRequest { limit: limits::PAGE_ITEMS, after: None };
    loop {
        let campaigns = app.stores.registry.list(tenant, Kind::Campaign, page).await?;
        for row in campaigns.items {
            if let Object::Campaign(campaign) = row.value {
                let Campaign { parameters, .. } = *campaign;
                tags.extend(parameters.into_iter().map(|parameter| parameter.name));
            }
        }
        let Some(next) = campaigns.next else { return Ok(tags) };
        page.after = Some(next);
    }
}

/// Every address that the server itself asks for a flow: its pixels, with their nodes and places.
fn urls(flow: &FlowDefinition) -> Vec<(&str, String, &str)> {
    let mut urls = Vec::new();
    for (index, node) in flow.nodes.iter().enumerate() {
        let Some(config) = node.config().filter(|_| node.kind == "tracking_pixel") else {
            continue;
        };
        let place = format!("/nodes/{index}/config");
        if let Some(url) = config.get("pixelUrl").and_then(Value::as_str) {
            urls.push((node.id.as_str(), format!("{place}/pixelUrl"), url));
        }
        let custom = config.get("customPixels").and_then(Value::as_array);
        for (n, pixel) in custom.into_iter().flatten().enumerate() {
            if let Some(url) = pixel.get("url").and_then(Value::as_str) {
                urls.push((node.id.as_str(), format!("{place}/customPixels/{n}/url"), url));
            }
        }
    }
    urls
}
