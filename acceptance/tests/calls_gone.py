"""Callers who hang up early, lines that are not in service, numbers that nobody holds."""

from __future__ import annotations

from carrier import Call
from checks import expect, expect_equal
from runner import Group
from world import SORRY, Line, World, expect_over, expect_spoken_end, fresh_caller, fresh_number

group = Group("gone or not in service")

ONE_AT_A_TIME = {"caps": {"concurrent": 1}}


def line_with_one_slot(world: World) -> tuple[Line, Call]:
    """One buyer with one slot, which is taken by a call that is ringing."""
    line = world.site.line(ONE_AT_A_TIME)
    return line, line.expect_dials(line.ring(), 0)


def gone_by_status(world: World, status: str) -> None:
    line, call = line_with_one_slot(world)
    call.status(status, 4)
    line.expect_dials(line.ring(), 0)
    call.result("canceled", CallStatus="completed")
    expect_over(call)
    expect(world.site.record(call)["endedAt"] is not None, "the call to have ended")


for ended in ("completed", "canceled"):
    group.each(f"the caller hangs up while it rings (status {ended} comes first): the slot is free again",
               gone_by_status, ended)


def gone_by_result(world: World, outcome: str) -> None:
    line = world.site.line(ONE_AT_A_TIME, {})
    call = line.expect_dials(line.ring(), 0)
    call.result(outcome, CallStatus="completed")
    expect_over(call)
    line.expect_dials(line.ring(), 0)


for ended in ("no-answer", "canceled", "busy"):
    group.each(f"the dial ends {ended} because the caller is gone: nobody else is dialled, the slot is free again",
               gone_by_result, ended)


@group.test("the status that a gone caller ended comes after the dial result: one slot is freed, not two")
def freed_once(world: World) -> None:
    line = world.site.line({"caps": {"concurrent": 2}})
    first, _second = line.ring(), line.expect_dials(line.ring(), 0)
    first.result("canceled", CallStatus="completed")
    first.status("completed", 3)
    line.expect_dials(line.ring(), 0)
    line.expect_no_route(line.ring())


@group.test("a paused campaign: message, hang-up, and a record that says campaign_not_active")
def paused(world: World) -> None:
    line = world.site.line({})
    line.do("pause")
    call = line.ring()
    expect_spoken_end(call, SORRY)
    record = world.site.record(call)
    expect_equal(record["finalReason"], "campaign_not_active", "finalReason")
    expect_equal(record["campaignId"], line.campaign["id"], "campaignId")


@group.test("a campaign that was never activated: the same")
def draft(world: World) -> None:
    line = world.site.line({}, active=False)
    call = line.ring()
    expect_spoken_end(call, SORRY)
    expect_equal(world.site.record(call)["finalReason"], "campaign_not_active", "finalReason")


@group.test("a completed campaign: the same")
def completed(world: World) -> None:
    line = world.site.line({})
    line.do("complete")
    call = line.ring()
    expect_spoken_end(call, SORRY)
    expect_equal(world.site.record(call)["finalReason"], "campaign_not_active", "finalReason")


@group.test("a campaign that is activated again takes the next call")
def resumed(world: World) -> None:
    line = world.site.line({})
    line.do("pause")
    line.ring()
    line.do("activate")
    line.expect_dials(line.ring(), 0)


@group.test("pausing a campaign does not cut a call that is under way")
def pause_under_way(world: World) -> None:
    line = world.site.line({})
    call = line.ring()
    line.do("pause")
    call.talk()
    expect_equal(world.site.record(call)["status"], "completed", "the status of the call under way")


@group.test("a number that nobody holds gets the TwiML of an inactive campaign, and no record")
def unknown_number(world: World) -> None:
    line = world.site.line({}, campaign={"noRoute": None}, active=False)
    inactive = line.ring().reply
    call = world.carrier.call(fresh_number(), fresh_caller())
    reply = call.ring()
    expect_spoken_end(call)
    expect(inactive is not None and reply.exchange.body == inactive.exchange.body,
           f"the bytes of an inactive campaign: {inactive and inactive.exchange.body!r}", reply.exchange)
    expect_equal(world.site.records(call), [], "the records of the call")


@group.test("a number that no campaign uses: message and hang-up")
def idle_number(world: World) -> None:
    number = world.site.number()
    call = world.carrier.call(number["number"], fresh_caller())
    call.ring()
    expect_spoken_end(call)


@group.test("a change of configuration holds for the very next call")
def change_holds(world: World) -> None:
    line = world.site.line({})
    line.expect_dials(line.ring(), 0)
    moved = fresh_number("917")
    buyer = line.buyers[0]
    line.buyers[0] = world.api.put(f"/api/buyers/{buyer['id']}", buyer | {"destination": moved})
    line.expect_dials(line.ring(), 0)
    expect_equal(line.buyers[0]["destination"], moved, "the new destination")
