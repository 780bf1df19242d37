"""The figures of a flow: calls through business hours, a splitter and a menu, counted by hand and by the server."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from api import Json
from carrier import Call
from checks import expect, expect_equal, expect_problem, expect_utc
from runner import Group
from tests.flows_drafts import FLOWS, NOBODY, connection
from tests.flows_tools import line_of, press, published
from world import World

group = Group("flow statistics")

ZONE = "Australia/Adelaide"
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALWAYS = {"enabled": True, "timeRanges": [{"open": "00:00", "close": "24:00"}]}
SHOP: Json = {
    "name": "Shop",
    "nodes": [
        {"id": "start", "type": "start"},
        {"id": "hours", "type": "business_hours", "config": {"timezone": ZONE, "businessHours": {day: ALWAYS for day in WEEK}}},
        {"id": "split", "type": "traffic_splitter", "config": {"strategy": "percentage", "splits": [
            {"id": "a", "percentage": 50}, {"id": "b", "percentage": 25}, {"id": "c", "percentage": 25}]}},
        {"id": "menu", "type": "ivr_menu", "config": {"message": "Press 1 or 2", "options": [{"key": "1"}, {"key": "2"}]}},
        {"id": "pin", "type": "gather_input", "config": {
            "prompt": "Your PIN?", "minLength": 4, "maxLength": 4, "variable": "pin", "sensitive": True}},
        {"id": "bye", "type": "end", "config": {}},
    ],
    "connections": [
        connection("start", "next", "hours"), connection("hours", "open", "split"), connection("hours", "closed", "bye"),
        connection("split", "a", "menu"), connection("split", "b", "menu"), connection("split", "c", "pin"),
        connection("menu", "key:1", "bye"), connection("menu", "key:2", "bye"), connection("menu", "timeout", "bye"),
        connection("pin", "valid", "bye"), connection("pin", "failed", "bye"),
    ],
}


def node(stats: Json, identity: str) -> Json:
    found = [one for one in stats["nodes"] if one["nodeId"] == identity]
    expect_equal(len(found), 1, f"the number of entries of {identity}")
    return dict(found[0])


def played(world: World) -> tuple[Json, list[Call]]:
    """Eight calls: two to the PIN; of the six at the menu three press 1, one presses 2, one hangs up, one stays."""
    flow = published(world.site, SHOP)
    line = line_of(world.site, flow)
    calls = [line.ring() for _ in range(8)]
    asked = [call for call in calls if call.reply is not None and call.reply.said == ["Your PIN?"]]
    at_menu = [call for call in calls if call not in asked]
    expect_equal((len(asked), len(at_menu)), (2, 6), "the calls at the PIN and at the menu")
    for call in asked:
        press(call, "4711")
        call.hang_up()
    for call, key in zip(at_menu, ("1", "1", "1", "2")):
        press(call, key)
        call.hang_up()
    at_menu[4].hang_up()
    return flow, calls


@group.test("the figures of each node are those of the calls that came to it")
def figures(world: World) -> None:
    before = datetime.now(ZoneInfo(ZONE))
    flow, calls = played(world)
    after = datetime.now(ZoneInfo(ZONE))
    stats = world.api.get(f"{FLOWS}/{flow['id']}/stats")
    expect_equal((stats["calls"], stats["truncated"], stats["version"]), (8, False, None), "the calls")
    expect_equal(stats["outcomes"], {"running": 1, "completed": 6, "abandoned": 1, "failed": 0, "expired": 0}, "the outcomes")
    expect_equal(stats["versions"], [{"version": 1, "calls": 8}], "the versions")
    menu = node(stats, "menu")
    names = ("type", "executions", "calls", "completed", "droppedOff", "waiting", "failedOver", "completionRate", "dropOffRate")
    counts = tuple(menu[name] for name in names)
    expect_equal(counts, ("ivr_menu", 6, 6, 4, 1, 1, 0, 0.6667, 0.1667), "the figures of the menu")
    exits = {one["exit"]: (one["executions"], one["share"]) for one in menu["exits"]}
    expect_equal(exits, {"key:1": (3, 0.75), "key:2": (1, 0.25)}, "the exits of the menu")
    expect_equal(menu["timeMs"]["measured"], 5, "the times that were measured")
    times = [menu["timeMs"][name] for name in ("min", "median", "p95", "max")]
    expect(times == sorted(times), f"times in order, not {times}")
    branches = {one["exit"]: (one["calls"], one["share"], one["configuredShare"], one["difference"])
                for one in node(stats, "split")["branches"]}
    expect_equal(branches, {"a": (4, 0.5, 0.5, 0.0), "b": (2, 0.25, 0.25, 0.0), "c": (2, 0.25, 0.25, 0.0)}, "the branches")
    volume = node(stats, "hours")["volume"]
    expect_equal((volume["timezone"], volume["inHours"], volume["outOfHours"], volume["holiday"]), (ZONE, 8, 0, 0), "the hours")
    expect_equal((sum(volume["byHour"]), len(volume["byHour"])), (8, 24), "the calls by hour")
    expect_equal([day["weekday"] for day in volume["byWeekday"]], list(WEEK), "the weekdays")
    peaks = [(WEEK[at.weekday()], at.hour) for at in (before, after)]
    expect((volume["peak"]["weekday"], volume["peak"]["hour"]) in peaks, f"a peak at {peaks}, not {volume['peak']}")
    paths = [(path["nodeIds"], path["calls"]) for path in stats["paths"]]
    to_menu = ["start", "hours", "split", "menu"]
    expect_equal(paths[0], ([*to_menu, "bye"], 4), "the commonest path")
    expect_equal(Counter(calls for _, calls in paths), Counter([4, 2, 2]), "how often paths were taken")
    expect_equal(sum(path["share"] for path in stats["paths"]), 1.0, "the shares of the paths")
    expect_equal(len(calls), stats["calls"], "the calls")


@group.test("a period and a version narrow the figures, and a wrong question is told")
def narrowed(world: World) -> None:
    flow, _ = played(world)
    path = f"{FLOWS}/{flow['id']}/stats"
    expect_equal(world.api.get(path, version=1)["calls"], 8, "the calls of version 1")
    past: dict[str, Any] = {"from": "2020-01-01T00:00:00Z", "to": "2020-02-01T00:00:00Z"}
    empty = world.api.get(path, **past)
    expect_equal((empty["calls"], empty["nodes"], empty["paths"]), (0, [], []), "the figures of another year")
    for question, place in (("version=2", "/version"), ("version=x", "/version"), ("from=x", "/from"),
                            ("from=2020-02-01T00:00:00Z&to=2020-01-01T00:00:00Z", "/to")):
        expect_problem(world.api.request("GET", f"{path}?{question}"), 422, [place])
    for rest in ("stats", "executions"):
        expect_problem(world.api.request("GET", f"{FLOWS}/{NOBODY}/{rest}"), 404)
        expect_problem(world.anonymous().request("GET", f"{FLOWS}/{flow['id']}/{rest}"), 401)


@group.test("the log has every execution once, newest calls first, and no secret")
def log(world: World) -> None:
    flow, calls = played(world)
    path = f"{FLOWS}/{flow['id']}/executions"
    items = world.api.items(path, limit=500)
    # Start, hours and splitter of eight calls, six menus, two questions, and six ends.
    expect_equal(len(items), 3 * 8 + 6 + 2 + 6, "the executions")
    for limit in (1, 7):
        expect_equal(world.api.items(path, limit=limit), items, f"the same in pages of {limit}")
    newest = world.site.record(calls[-1])["id"]
    expect_equal(items[0]["callId"], newest, "the newest call first")
    pins = world.api.items(path, nodeId="pin")
    expect_equal([(one["inputs"], one["exit"], one["ending"]) for one in pins], [(["****"], "valid", "exit")] * 2, "the PINs")
    endings = Counter(one["ending"] for one in world.api.items(path, nodeId="menu"))
    expect_equal(endings, Counter(exit=4, dropped_off=1, waiting=1), "how the menus ended")
    for one in items:
        expect_utc(one["at"], "at")
        expect((one["durationMs"] is None) == (one["leftAt"] is None), f"a time where it was left: {one}")
    expect("4711" not in str(items), "no PIN in the log")
