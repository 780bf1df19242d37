"""Caps: never exceeded, never leaked, and counted where the contract says."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from carrier import Call
from checks import at_once, expect, expect_equal
from runner import Group
from world import SORRY, Line, World, expect_over

group = Group("caps")


def midday_zone() -> str:
    """A zone in which it is about noon, so that no day or month ends during a test."""
    ahead = 12 - datetime.now(UTC).hour
    return "UTC" if ahead == 0 else f"Etc/GMT{-ahead:+d}"


def calm_zone() -> str:
    """A zone in which the hour does not end during a test."""
    return "Asia/Kolkata" if datetime.now(UTC).minute >= 50 else "UTC"


@group.test("concurrent 1: a second caller is refused while the first is up, and taken once it is over")
def concurrent(world: World) -> None:
    line = world.site.line({"caps": {"concurrent": 1}})
    first = line.expect_dials(line.ring(), 0)
    line.expect_no_route(line.ring())
    first.result("completed", 20)
    line.expect_dials(line.ring(), 0)


@group.test("a capped buyer is passed over for the next one")
def passed_over(world: World) -> None:
    line = world.site.line({"caps": {"concurrent": 1}}, {})
    line.expect_dials(line.ring(), 0)
    line.expect_dials(line.ring(), 1)


def freed(world: World, outcome: str) -> None:
    line = world.site.line({"caps": {"concurrent": 1}})
    call = line.ring()
    call.result(outcome)
    line.expect_no_route(call)
    line.expect_dials(line.ring(), 0)


for ended in ("busy", "no-answer", "failed"):
    group.each(f"a dial that ends {ended} gives its slot back at once", freed, ended)


@group.test("a buyer shared by two campaigns has one cap, not two")
def shared(world: World) -> None:
    first = world.site.line({"caps": {"concurrent": 1}})
    second = world.site.line({})
    world.api.delete(f"/api/campaigns/{second.campaign['id']}/buyers/{second.buyers[0]['id']}")
    world.site.assign(second.campaign, first.buyers[0])
    first.expect_dials(first.ring(), 0)
    second.expect_no_route(second.ring())


def window(world: World, name: str, zone: str | None) -> None:
    line = world.site.line({"caps": {name: 2}} | ({"timezone": zone} if zone else {}))
    for _ in range(2):
        line.expect_dials(line.ring(), 0).talk()
    line.expect_no_route(line.ring())


group.each("hourly 2: the third call of the hour is refused", window, "hourly", calm_zone())
group.each("daily 2: the third call of the day is refused", window, "daily", midday_zone())
group.each("monthly 2: the third call of the month is refused", window, "monthly", midday_zone())
group.each("total 2: the third call ever is refused", window, "total", None)


@group.test("a call in progress counts toward the daily cap")
def in_progress_counts(world: World) -> None:
    line = world.site.line({"caps": {"daily": 1}, "timezone": midday_zone()})
    line.expect_dials(line.ring(), 0)
    line.expect_no_route(line.ring())


def unconnected(world: World, outcome: str, call_status: str) -> None:
    line = world.site.line({"caps": {"daily": 1, "total": 1}, "timezone": midday_zone()})
    line.ring().result(outcome, CallStatus=call_status)
    line.expect_dials(line.ring(), 0).talk()
    line.expect_no_route(line.ring())


for ended in ("busy", "no-answer", "failed"):
    group.each(f"a dial that ends {ended} does not use up a daily or total cap", unconnected, ended, "in-progress")
group.each("a caller who hangs up before the answer does not use up a daily or total cap", unconnected, "canceled",
           "completed")


@group.test("a cap of 0 takes no calls, a null cap all of them")
def zero_and_null(world: World) -> None:
    line = world.site.line({"caps": {"concurrent": 0}}, {"caps": {"concurrent": None, "daily": None}})
    for _ in range(3):
        line.expect_dials(line.ring(), 1)


@group.test("an assignment may tighten a buyer's cap for its campaign")
def tightened(world: World) -> None:
    line = world.site.line({"caps": {"concurrent": 5}}, assignments=[{"caps": {"concurrent": 1}}])
    line.expect_dials(line.ring(), 0)
    line.expect_no_route(line.ring())


@group.test("an assignment cannot loosen a buyer's cap")
def not_loosened(world: World) -> None:
    line = world.site.line({"caps": {"concurrent": 1}})
    path = f"/api/campaigns/{line.campaign['id']}/buyers/{line.buyers[0]['id']}"
    exchange = world.api.request("PUT", path, {"caps": {"concurrent": 5}})
    expect(exchange.status in (200, 422), "the override to be refused (422) or taken without effect (200)", exchange)
    line.expect_dials(line.ring(), 0)
    line.expect_no_route(line.ring())


@group.test("a raised cap lets the next caller in")
def raised(world: World) -> None:
    line = world.site.line({"caps": {"concurrent": 1}})
    line.expect_dials(line.ring(), 0)
    buyer = line.buyers[0]
    world.api.put(f"/api/buyers/{buyer['id']}", buyer | {"caps": {"concurrent": 2}})
    line.expect_dials(line.ring(), 0)
    line.expect_no_route(line.ring())


def rush(line: Line, callers: int) -> tuple[list[Call], list[Call]]:
    """Rings with all callers at once: those who are dialled, and those who are not."""
    calls = [line.call() for _ in range(callers)]
    at_once([call.ring for call in calls])
    for call in calls:
        # On a slow disk some hear the fallback; the carrier may repeat a webhook, so they get another go.
        if not (call.reply and (call.reply.dials or SORRY in call.reply.said)):
            call.ring()
    dialled = [call for call in calls if call.reply and call.reply.dials]
    refused = [call for call in calls if call not in dialled]
    for call in refused:
        line.expect_no_route(call)
    return dialled, refused


@group.test("64 callers at once against a cap of 5: exactly 5 are dialled")
def crowd(world: World) -> None:
    line = world.site.line({"caps": {"concurrent": 5}})
    dialled, _ = rush(line, 64)
    expect_equal(len(dialled), 5, "the number of callers dialled at once")
    at_once([partial(call.talk, 30) for call in dialled])
    dialled, _ = rush(line, 16)
    expect_equal(len(dialled), 5, "the number of callers dialled once all slots are free again")


@group.test("64 callers at once over two buyers with caps 3 and 4: exactly 7 are dialled, 3 and 4")
def crowd_of_two(world: World) -> None:
    line = world.site.line({"caps": {"concurrent": 3}}, {"caps": {"concurrent": 4}})
    dialled, _ = rush(line, 64)
    shares = [sum(call.dial.target == buyer["destination"] for call in dialled) for buyer in line.buyers]
    expect_equal(shares, [3, 4], "the dials of A and B")


@group.test("busy results of many calls at once never put more than the cap on the next buyer")
def crowd_moves_on(world: World) -> None:
    line = world.site.line({}, {"caps": {"concurrent": 2}})
    dialled, _ = rush(line, 12)
    expect_equal(len(dialled), 12, "the dials to A")
    at_once([partial(call.result, "busy") for call in dialled])
    moved = [call for call in dialled if call.reply and call.reply.dials]
    expect_equal(len(moved), 2, "the dials to B")
    for call in moved:
        line.expect_dials(call, 1)
    for call in dialled:
        if call not in moved:
            expect_over(call)
