"""The same webhook twice, at once, late or in the wrong order: one call, one reservation, the same answer."""

from __future__ import annotations

from carrier import Call
from checks import at_once, expect, expect_equal
from runner import Group
from twiml import Reply
from world import World, expect_over, fresh_caller, fresh_number

group = Group("repeated webhooks")


def expect_same(first: Reply, again: Reply) -> None:
    same = first.exchange.body == again.exchange.body
    expect(same, f"byte for byte the first answer: {first.exchange.body!r}", again.exchange)


def expect_one_slot_taken(world: World, copies: int) -> None:
    """`copies` deliveries of one call against a cap of 2 leave room for exactly one more caller."""
    line = world.site.line({"caps": {"concurrent": 2}})
    call = line.call()
    replies = at_once([call.ring] * copies) if copies > 2 else [call.ring() for _ in range(copies)]
    for reply in replies:
        expect_same(replies[0], reply)
    line.expect_dials(call, 0)
    expect_equal(len(world.site.records(call)), 1, "the number of records of the call")
    line.expect_dials(line.ring(), 0)
    line.expect_no_route(line.ring())
    call.result("completed", 20)
    line.expect_dials(line.ring(), 0)
    line.expect_no_route(line.ring())


group.each("the voice webhook comes twice", expect_one_slot_taken, 2)
group.each("the voice webhook comes 8 times at once", expect_one_slot_taken, 8)


@group.test("8 deliveries of 8 calls each, all at once: 8 calls and 8 reservations")
def many_at_once(world: World) -> None:
    line = world.site.line({"caps": {"concurrent": 8}})
    calls = [line.call() for _ in range(8)]
    copies = [Call(call.carrier, call.given) for call in calls for _ in range(8)]
    at_once([copy.ring for copy in copies])
    for place, call in enumerate(calls):
        mine = copies[place * 8:place * 8 + 8]
        for copy in mine:
            line.expect_dials(copy, 0)
            expect_equal(copy.dial.action, mine[0].dial.action, "the action of every delivery of one call")
        expect_equal(len(world.site.records(call)), 1, "the number of records of the call")
    line.expect_no_route(line.ring())


@group.test("a repeated voice webhook with other parameters gets the stored answer")
def conflicting_voice(world: World) -> None:
    line = world.site.line({})
    other = world.site.line({})
    call = line.ring()
    first = call.reply
    assert first is not None
    expect_same(first, call.ring(From=fresh_caller(), FromState="TX"))
    expect_same(first, call.ring(To=other.number, Called=other.number))
    expect_same(first, call.ring(CallStatus="in-progress"))
    expect_equal(world.site.record(call)["called"], line.number, "the number of the first delivery")


@group.test("a repeated voice webhook to a number without a campaign is answered the same")
def repeated_unknown(world: World) -> None:
    call = world.carrier.call(fresh_number(), fresh_caller())
    expect_same(call.ring(), call.ring())


@group.test("a dial result comes twice: the next buyer is dialled once")
def result_twice(world: World) -> None:
    line = world.site.line({}, {"caps": {"concurrent": 2}}, {})
    call = line.ring()
    first = call.result("busy")
    expect_same(first, call.repeat_result())
    line.expect_dials(call, 1)
    other = line.ring()
    other.result("busy")
    line.expect_dials(other, 1)
    call.result("busy")
    line.expect_dials(call, 2)


@group.test("a dial result comes 8 times at once: one answer, one reservation")
def result_at_once(world: World) -> None:
    line = world.site.line({}, {"caps": {"concurrent": 1}}, {})
    call = line.ring()
    pairs = call.result_fields("no-answer")
    action = call.dial.action
    replies = at_once([lambda: Reply.of(world.carrier.post(action, pairs))] * 8)
    for reply in replies:
        expect_same(replies[0], reply)
    call.reply = replies[0]
    line.expect_dials(call, 1)
    call.result("busy")
    line.expect_dials(call, 2)


@group.test("a repeated dial result with another outcome gets the stored answer")
def conflicting_result(world: World) -> None:
    line = world.site.line({"caps": {"concurrent": 1}}, {})
    call = line.ring()
    action = call.dial.action
    first = call.result("busy")
    for outcome in ("completed", "failed", "canceled"):
        expect_same(first, Reply.of(world.carrier.post(action, call.result_fields(outcome, 30))))
    line.expect_dials(call, 1)
    line.expect_dials(line.ring(), 0)


@group.test("the first dial's result comes again after the second dial's: nothing moves")
def old_result(world: World) -> None:
    line = world.site.line({}, {}, {})
    call = line.ring()
    first = call.result("busy")
    action, pairs = call.last_action, call.last_result
    call.result("busy")
    expect_same(first, Reply.of(world.carrier.post(action, pairs)))
    line.expect_dials(call, 2)
    call.talk()
    expect_equal(world.site.record(call)["buyerId"], line.buyers[2]["id"], "the buyer who took the call")


@group.test("the voice webhook comes again after the dial result: the first answer, nothing moves")
def old_voice(world: World) -> None:
    line = world.site.line({}, {})
    call = line.ring()
    first = call.reply
    assert first is not None
    call.result("busy")
    copy = Call(call.carrier, call.given)
    expect_same(first, copy.ring())
    line.expect_dials(call, 1)
    call.talk()
    expect_equal(world.site.record(call)["buyerId"], line.buyers[1]["id"], "the buyer who took the call")


@group.test("a dial result after the end of the call dials nobody and takes no slot")
def late_result(world: World) -> None:
    line = world.site.line({}, {"caps": {"concurrent": 1}})
    call = line.ring()
    call.status("completed", 30)
    ended = world.site.record(call)
    call.result("busy")
    expect_over(call)
    expect_equal(world.site.record(call)["status"], ended["status"], "the status of the call")
    other = line.ring()
    other.result("busy")
    line.expect_dials(other, 1)


def disorder(world: World, order: list[tuple[str, int]]) -> None:
    line = world.site.line({"caps": {"concurrent": 1}})
    call = line.ring()
    call.result("completed", 45)
    for status, sequence in order:
        call.status(status, 45 if status == "completed" else None, sequence)
    expect_equal(world.site.record(call)["status"], "completed", "the status of the call")
    line.expect_dials(line.ring(), 0)


for title, order in (
    ("in order", [("ringing", 1), ("in-progress", 2), ("completed", 3)]),
    ("the end first", [("completed", 3), ("in-progress", 2), ("ringing", 1)]),
    ("mixed up and doubled", [("in-progress", 2), ("completed", 3), ("completed", 3), ("initiated", 0), ("ringing", 1)]),
):
    group.each(f"status callbacks {title}: the call is completed", disorder, order)


@group.test("a status that comes before the voice webhook does no harm")
def status_first(world: World) -> None:
    line = world.site.line({})
    call = line.call()
    call.status("ringing", sequence=0)
    call.ring()
    line.expect_dials(call, 0)
    call.talk()
    expect_equal(world.site.record(call)["status"], "completed", "the status of the call")


@group.test("a status for a call that nobody knows is taken without a trace")
def unknown_status(world: World) -> None:
    call = world.carrier.call(fresh_number(), fresh_caller())
    call.status("completed", 10)
    expect_equal(world.site.records(call), [], "the records of the call")


@group.test("a result that says completed, then the status, then both again: one finished call")
def everything_twice(world: World) -> None:
    line = world.site.line({"caps": {"concurrent": 1, "total": 2}})
    call = line.ring()
    call.talk(33)
    before = world.site.record(call)
    call.repeat_result()
    call.status("completed", 33, sequence=1)
    expect_equal(world.site.record(call), before, "the record")
    line.expect_dials(line.ring(), 0).talk()
    line.expect_no_route(line.ring())
