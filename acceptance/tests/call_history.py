"""What the API tells of calls afterwards: fields, filters, and why each call went where it went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import journeys
from api import Json
from carrier import Call
from checks import expect, expect_equal, expect_utc, instant
from runner import Group
from world import Line, World, fresh_caller, fresh_number

group = Group("call history")

FIELDS = {
    "id", "carrierCallId", "campaignId", "buyerId", "targetId", "caller", "called", "status", "finalReason",
    "startedAt", "answeredAt", "endedAt", "durationSeconds", "revenue", "recordingId", "tags",
}


@group.test("every documented field is there, at any stage of the call")
def fields(world: World) -> None:
    line = world.site.line({})
    call = line.ring()
    stages = [world.site.record(call)]
    expect_equal(stages[0]["endedAt"], None, "endedAt while it rings")
    expect_equal(stages[0]["answeredAt"], None, "answeredAt while it rings")
    call.talk()
    stages.append(world.site.record(call))
    for record in stages:
        expect(set(record) >= FIELDS, f"the fields {sorted(FIELDS - set(record))} in {record}")
        expect_utc(record["startedAt"], "startedAt")
    expect(stages[0]["status"] != stages[1]["status"], "the status to move on")
    expect_equal(stages[0]["id"], stages[1]["id"], "the id")


@group.test("the single call has the fields of the list, and its journey")
def single(world: World) -> None:
    call = world.site.line({}).ring()
    call.talk()
    record, details = world.site.record(call), world.site.details(call)
    expect_equal({name: details.get(name) for name in FIELDS}, {name: record[name] for name in FIELDS}, "the fields")
    for part in ("steps", "decisions", "dialAttempts"):
        expect(isinstance(journeys.journey(details).get(part), list), f"the journey to have the list {part}")


@group.test("a converted call earns the campaign's revenue")
def revenue(world: World) -> None:
    money = {"amount": "8.75", "currency": "USD"}
    line = world.site.line({}, campaign={"revenue": money, "conversion": {"afterSeconds": 30}})
    short, long = line.ring(), line.ring()
    short.talk(10)
    long.talk(45)
    expect_equal(world.site.record(long)["revenue"], money, "the revenue of the long call")
    expect(world.site.record(short)["revenue"] != money, "no revenue for the short call")


def two_lines(world: World) -> tuple[Line, Line, list[Call]]:
    first, second = world.site.line({}, {}), world.site.line({})
    caller = fresh_caller()
    calls = [first.ring(caller), first.ring(), second.ring(caller), second.ring()]
    calls[0].talk()
    calls[1].result("busy")
    calls[1].talk()
    return first, second, calls


def sids(world: World, **query: str) -> set[str]:
    return {item["carrierCallId"] for item in world.api.items("/api/calls", **query)}


@group.test("filters by campaign, buyer, caller and status, alone and together")
def filters(world: World) -> None:
    first, second, calls = two_lines(world)
    caller, one = calls[0].caller, first.campaign["id"]
    every = [call.sid for call in calls]
    expect_equal(sids(world, campaignId=one), set(every[:2]), "the calls of the campaign")
    expect_equal(sids(world, campaignId=second.campaign["id"]), set(every[2:]), "the calls of the other campaign")
    expect_equal(sids(world, buyerId=first.buyers[1]["id"]), {every[1]}, "the calls of the second buyer")
    expect_equal(sids(world, caller=caller), {every[0], every[2]}, "the calls of the caller")
    expect_equal(sids(world, caller=caller, campaignId=one), {every[0]}, "the calls of the caller in the campaign")
    expect_equal(sids(world, status="completed", campaignId=one), set(every[:2]), "the completed calls")
    expect_equal(sids(world, status="completed", campaignId=second.campaign["id"]), set(), "the completed calls elsewhere")
    expect_equal(sids(world, caller=fresh_number()), set(), "the calls of a caller who never called")


@group.test("filters by time: from is in, what lies outside is out")
def by_time(world: World) -> None:
    line = world.site.line({})
    call = line.ring()
    started = instant(world.site.record(call)["startedAt"])
    minute = timedelta(minutes=1)

    def at(when: datetime) -> str:
        return when.astimezone(UTC).isoformat().replace("+00:00", "Z")

    one = line.campaign["id"]
    expect_equal(sids(world, campaignId=one, **{"from": at(started - minute), "to": at(started + minute)}), {call.sid},
                 "the calls around the start")
    expect_equal(sids(world, campaignId=one, **{"from": at(started + minute)}), set(), "the calls from later on")
    expect_equal(sids(world, campaignId=one, to=at(started - minute)), set(), "the calls until earlier")


def check_complete(decision: Json, candidates: set[str]) -> None:
    """Everyone is chosen, ranked or refused; nobody is both taken and refused."""
    expect_equal(journeys.everyone(decision), candidates, f"chosen, ranked and refused together in {decision}")
    taken = {journeys.chosen(decision), *journeys.ranked(decision)} - {None}
    expect(not taken & set(journeys.refused(decision)), f"nobody to be both taken and refused in {decision}")
    for identity, refusal in journeys.refused(decision).items():
        expect(bool(journeys.reason_code(refusal)), f"a reason code for {identity} in {refusal}")
        expect(bool(journeys.counterfactual(refusal)), f"a counterfactual for {identity} in {refusal}")


@group.test("the first decision: who was chosen, who was ranked behind, who was refused and why")
def decision(world: World) -> None:
    line = world.site.line(
        {"caps": {"concurrent": 1}}, {"status": "paused"}, {"availability": "offline"}, {"schedule": {"businessHours": {}}},
        {"geo": {"allow": [{"kind": "state", "value": "TX"}]}}, {}, {},
    )
    identities = [buyer["id"] for buyer in line.buyers]
    line.expect_dials(line.ring(), 0)
    call = line.expect_dials(line.ring(), 5)
    decisions = journeys.journey(world.site.details(call))["decisions"]
    expect_equal(len(decisions), 1, "the number of decisions")
    check_complete(decisions[0], set(identities))
    expect_equal(journeys.chosen(decisions[0]), identities[5], "the chosen buyer")
    expect(identities[6] in journeys.ranked(decisions[0]), "the last buyer to be ranked")
    refused = journeys.refused(decisions[0])
    expect_equal(set(refused), set(identities[:5]), "the refused buyers")
    codes = [journeys.reason_code(refused[identity]) for identity in identities[:5]]
    expect_equal(len(set(codes)), 5, f"the number of different reasons in {codes}")


@group.test("a call that nobody may take: all are refused, nobody is chosen")
def nobody(world: World) -> None:
    line = world.site.line({"schedule": {"businessHours": {}}}, {"caps": {"concurrent": 0}})
    call = line.expect_no_route(line.ring())
    decisions = journeys.journey(world.site.details(call))["decisions"]
    expect(bool(decisions), "a decision")
    check_complete(decisions[0], {buyer["id"] for buyer in line.buyers})
    expect_equal(journeys.chosen(decisions[0]), None, "the chosen buyer")
    expect_equal(len(journeys.refused(decisions[0])), 2, "the number of refused buyers")


@group.test("each dial is an attempt in the journey, in order, with its outcome")
def attempts(world: World) -> None:
    line = world.site.line({}, {}, {})
    call = line.ring()
    call.result("busy")
    call.result("no-answer")
    call.talk()
    journey = journeys.journey(world.site.details(call))
    dialled = [journeys.candidate_id(attempt) for attempt in journey["dialAttempts"]]
    destinations = [buyer["destination"] for buyer in line.buyers]
    by_id = dialled == [buyer["id"] for buyer in line.buyers]
    by_destination = [attempt.get("destination") for attempt in journey["dialAttempts"]] == destinations
    expect(by_id or by_destination, f"the three buyers in order, not {journey['dialAttempts']}")
    for outcome, attempt in zip(("busy", "no-answer", "completed"), journey["dialAttempts"], strict=True):
        spelt = {outcome, outcome.replace("-", "_"), "answered" if outcome == "completed" else outcome, "noAnswer"}
        expect(any(value in spelt for value in attempt.values()), f"the outcome {outcome} in {attempt}")
    expect(bool(journey["steps"]), "steps")


@group.test("a decision, once made, reads the same for ever")
def stable(world: World) -> None:
    line = world.site.line({"caps": {"concurrent": 1}}, {})
    line.ring()
    call = line.ring()
    call.talk()
    before = journeys.journey(world.site.details(call))["decisions"]
    buyer = line.buyers[0]
    world.api.put(f"/api/buyers/{buyer['id']}", buyer | {"name": "Renamed", "status": "paused"})
    expect_equal(journeys.journey(world.site.details(call))["decisions"], before, "the decisions")
