"""Whole calls: who is dialled, who is next, and what the caller hears."""

from __future__ import annotations

from carrier import FALLBACK
from checks import expect, expect_equal, instant
from runner import Group
from twiml import Reply
from wire import Failed
from world import World, expect_over, expect_spoken_end, fresh_number, last_exchange

group = Group("whole calls")


@group.test("the first buyer answers, and the call is recorded as completed")
def answered(world: World) -> None:
    line = world.site.line({}, {})
    call = line.expect_dials(line.ring(), 0)
    expect_equal(call.dial.kind, "Number", "the noun", last_exchange(call))
    call.result("completed", 62)
    expect_over(call)
    call.status("completed", 65)
    record = world.site.record(call)
    wanted = {
        "status": "completed", "campaignId": line.campaign["id"], "buyerId": line.buyers[0]["id"], "targetId": None,
        "caller": call.caller, "called": line.number, "carrierCallId": call.sid,
    }
    expect_equal({name: record[name] for name in wanted}, wanted, "the call's record")
    expect(record["durationSeconds"] in (62, 65), f"durationSeconds of the talk or the call, not {record}")
    times = [instant(record[name]) for name in ("startedAt", "answeredAt", "endedAt")]
    expect(times == sorted(times), "start, answer and end in this order")


def next_one(world: World, outcome: str) -> None:
    line = world.site.line({}, {})
    call = line.expect_dials(line.ring(), 0)
    call.result(outcome)
    line.expect_dials(call, 1)
    call.talk()
    expect_equal(world.site.record(call)["buyerId"], line.buyers[1]["id"], "the buyer who took the call")


for outcome in ("busy", "no-answer", "failed"):
    group.each(f"the first buyer is {outcome}, the next one is dialled", next_one, outcome)


@group.test("each dial has its own result address")
def own_address(world: World) -> None:
    line = world.site.line({}, {})
    call = line.ring()
    first = call.dial.action
    call.result("busy")
    expect(call.dial.action != first, "a different action for the second dial", last_exchange(call))


@group.test("everybody was tried: no-route message and hang-up, and the record is closed")
def all_tried(world: World) -> None:
    line = world.site.line({}, {})
    call = line.ring()
    call.result("busy")
    call.result("no-answer")
    line.expect_no_route(call)
    call.status("completed", 40)
    record = world.site.record(call)
    expect(record["endedAt"] is not None, "the call to have ended")
    expect(bool(record["finalReason"]), "a final reason")
    expect_equal(record["buyerId"], None, "the buyer of a call that nobody took")


@group.test("without a buyer who answers, the default message is said when the campaign has none")
def default_message(world: World) -> None:
    line = world.site.line({}, campaign={"noRoute": None})
    call = line.ring()
    call.result("failed")
    expect_spoken_end(call)


@group.test("maxAttempts 2: after two unanswered dials there is no third")
def attempt_limit(world: World) -> None:
    line = world.site.line({}, {}, {}, campaign={"maxAttempts": 2})
    call = line.expect_dials(line.ring(), 0)
    call.result("busy")
    line.expect_dials(call, 1)
    call.result("busy")
    line.expect_no_route(call)


@group.test("maxAttempts is 5 unless told otherwise")
def default_attempts(world: World) -> None:
    line = world.site.line(*[{} for _ in range(6)])
    call = line.ring()
    for place in range(5):
        line.expect_dials(call, place)
        call.result("no-answer")
    line.expect_no_route(call)


@group.test("nobody takes it: the no-route number is dialled, once")
def no_route_number(world: World) -> None:
    desk = fresh_number("917")
    line = world.site.line({}, campaign={"noRoute": {"number": desk}})
    call = line.ring()
    call.result("busy")
    expect_equal(call.dial.target, desk, "the number that is dialled", last_exchange(call))
    call.result("busy")
    expect_over(call)


@group.test("a SIP destination is dialled as <Sip>, unchanged")
def sip(world: World) -> None:
    address = "sip:agent.7@pbx.example.com:5061;transport=tls"
    line = world.site.line({"destination": address})
    expect_equal(line.buyers[0]["destination"], address, "the stored destination")
    call = line.ring()
    expect_equal((call.dial.kind, call.dial.target), ("Sip", address), "the noun", last_exchange(call))


@group.test("a short call that the buyer ends is offered to the next one")
def reroute(world: World) -> None:
    line = world.site.line({}, {}, {}, campaign={"reroute": {"underSeconds": 10, "attempts": 1}})
    call = line.expect_dials(line.ring(), 0)
    call.result("completed", 4)
    line.expect_dials(call, 1)
    call.result("completed", 4)
    expect_over(call)


@group.test("a call of full length is not offered again")
def no_reroute(world: World) -> None:
    line = world.site.line({}, {}, campaign={"reroute": {"underSeconds": 10, "attempts": 2}})
    call = line.ring()
    call.result("completed", 10)
    expect_over(call)


@group.test("a short call that the caller ends is not offered again")
def no_reroute_for_the_gone(world: World) -> None:
    line = world.site.line({}, {}, campaign={"reroute": {"underSeconds": 10, "attempts": 2}})
    call = line.ring()
    call.result("completed", 4, CallStatus="completed")
    expect_over(call)


@group.test("without a reroute rule a short call is simply over")
def reroute_is_off(world: World) -> None:
    line = world.site.line({}, {})
    call = line.ring()
    call.result("completed", 1)
    expect_over(call)


def recording(world: World, mode: str, allowed: tuple[str, ...]) -> None:
    line = world.site.line({}, campaign={"recording": mode})
    call = line.ring()
    expect(call.dial.records in allowed, f"record to be one of {allowed}", last_exchange(call))


group.each("recording dual: both sides on their own channel", recording, "dual",
           ("record-from-answer-dual", "record-from-ringing-dual"))
group.each("recording mono: one channel", recording, "mono", ("record-from-answer", "record-from-ringing"))
group.each("recording off: nothing is recorded", recording, "off", ("do-not-record",))


@group.test("maxCallLength and dialTimeout reach the dial")
def limits(world: World) -> None:
    line = world.site.line({}, campaign={"maxCallLength": 1234, "dialTimeout": 17})
    call = line.ring()
    attributes = {name: call.dial.attributes.get(name) for name in ("timeLimit", "timeout")}
    expect_equal(attributes, {"timeLimit": "1234", "timeout": "17"}, "the limits of the dial", last_exchange(call))


@group.test("the defaults are 14400 s of talk and 30 s of ringing")
def default_limits(world: World) -> None:
    call = world.site.line({}).ring()
    attributes = call.dial.attributes
    found = (attributes.get("timeLimit", "14400"), attributes.get("timeout", "30"))
    expect_equal(found, ("14400", "30"), "timeLimit and timeout", last_exchange(call))


@group.test("caller id policy caller: the buyer sees the caller")
def caller_id_caller(world: World) -> None:
    call = world.site.line({}, campaign={"callerId": {"policy": "caller"}}).ring()
    shown = call.dial.attributes.get("callerId", call.caller)
    expect_equal(shown, call.caller, "callerId", last_exchange(call))


@group.test("caller id policy dialled: the buyer sees the number that was called")
def caller_id_dialled(world: World) -> None:
    line = world.site.line({}, campaign={"callerId": {"policy": "dialled"}})
    call = line.ring()
    expect_equal(call.dial.attributes.get("callerId"), line.number, "callerId", last_exchange(call))


@group.test("caller id policy fixed: the buyer sees the chosen number")
def caller_id_fixed(world: World) -> None:
    owned = world.site.number()["number"]
    call = world.site.line({}, campaign={"callerId": {"policy": "fixed", "number": owned}}).ring()
    expect_equal(call.dial.attributes.get("callerId"), owned, "callerId", last_exchange(call))


def odd_caller(world: World, caller: str) -> None:
    line = world.site.line({})
    call = line.call(caller, FromCity=None, FromState=None, FromZip=None, FromCountry=None)
    call.ring()
    line.expect_dials(call, 0)
    call.talk()


for shown in ("anonymous", "+266696687", "sip:alice@example.org", "client:desk", ""):
    group.each(f"a caller shown as {shown!r} is connected like any other", odd_caller, shown)


@group.test("the fallback webhook lets the caller hear something")
def fallback(world: World) -> None:
    line = world.site.line({})
    call = line.call()
    call.reply = Reply.of(world.carrier.post(FALLBACK, call.fields(ErrorCode="11200", ErrorUrl="http://x.test/voice")))
    if not call.reply.dials:
        expect_spoken_end(call)
    elif call.dial.target != line.buyers[0]["destination"]:
        raise Failed("a dial to the line's only buyer", call.reply.exchange)
