"""All tests, in the order in which they run."""

from __future__ import annotations

from tests import (
    auction,
    auction_secrets,
    auction_setup,
    auction_terms,
    bad_input,
    bad_requests,
    call_history,
    calls_answered,
    calls_capacity,
    calls_gone,
    calls_rules,
    campaign_life,
    flows_drafts,
    flows_published,
    flows_statistics,
    flows_test_calls,
    flows_tools,
    idempotency,
    lists,
    measured,
    resources,
    restart,
    service,
    sessions,
    signatures,
)

GROUPS = [
    module.group
    for module in (
        service, sessions, calls_answered, calls_rules, calls_capacity, calls_gone, idempotency, signatures, call_history,
        campaign_life, auction_setup, auction_secrets, auction, auction_terms, flows_drafts, flows_published,
        flows_tools, flows_statistics, flows_test_calls, resources, lists, measured, bad_input, bad_requests, restart,
    )
]
