"""How well calls are routed: the campaign's statistics and the server's metrics."""

from __future__ import annotations

import uuid

from checks import expect, expect_equal
from runner import Group
from world import World

group = Group("measured")


@group.test("a campaign's statistics are those of its calls")
def campaign(world: World) -> None:
    line = world.site.line(
        {"caps": {"concurrent": 4}}, {}, campaign={"conversion": {"afterSeconds": 30}, "strategy": "priority"}
    )
    path = f"/api/stats/campaign/{line.campaign['id']}"
    empty = world.site.api.get(path)
    expect_equal((empty["calls"], empty["answerRate"], empty["successRate"]), (0, None, None), "figures of no call")
    line.ring().talk(45)
    line.ring().talk(10)
    fallen_back = line.ring()
    fallen_back.result("busy")
    fallen_back.talk(60)
    ringing = line.ring()
    stats = world.site.api.get(path)
    expect_equal((stats["calls"], stats["answered"], stats["converted"]), (4, 3, 2), "the counts")
    expect_equal((stats["answerRate"], stats["successRate"], stats["fallbackRate"]), (0.75, 0.5, 0.25), "the rates")
    expect_equal(stats["talkSeconds"], 115, "the talk time")
    expect(stats["responseTimeMs"]["p95"] is not None, "a response time")
    expect(stats["timeToConnectMs"]["p50"] is not None, "a time to connect")
    used = [(buyer["name"], buyer["concurrent"], buyer["limit"], buyer["utilisation"]) for buyer in stats["utilisation"]]
    expect_equal(used, [("A", 1, 4, 0.25)], "the utilisation while one call rings")
    ringing.talk()
    expect_equal(world.site.api.get(path)["utilisation"][0]["concurrent"], 0, "the utilisation after it")


@group.test("an unknown campaign has no statistics, and nobody sees them without signing in")
def unknown(world: World) -> None:
    world.site.api.expect(404, "GET", f"/api/stats/campaign/{uuid.uuid4()}")
    world.anonymous().expect(401, "GET", f"/api/stats/campaign/{uuid.uuid4()}")


@group.test("the metrics count webhooks, calls and fallbacks, and name no caller")
def metrics(world: World) -> None:
    line = world.site.line({}, {})
    call = line.ring()
    call.result("busy")
    call.talk(60)
    text = world.anonymous().expect(200, "GET", "/metrics").body.decode()
    for part in (
        'callcore_webhooks_total{webhook="voice",outcome="answered"}',
        'callcore_webhook_seconds_bucket{webhook="dial"',
        "callcore_calls_total",
        'callcore_offers_total{fallback="true"}',
        "callcore_connect_seconds_count",
        'callcore_calls_ended_total{reason="answered"}',
    ):
        expect(part in text, f"{part} in the metrics")
    expect(call.caller not in text and line.number not in text, "no number in the metrics")
