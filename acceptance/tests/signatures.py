"""Only our carrier, for our account, is heard; everybody else gets 403 and leaves no trace."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlencode

from carrier import FALLBACK, FORM, STATUS, VOICE, Call, Carrier, Pairs, sid, sign
from checks import expect, expect_equal
from runner import Group
from server import PUBLIC_URL
from twiml import Reply
from wire import Exchange, send
from world import Line, World, fresh_caller

group = Group("signatures")


def replaced(pairs: Pairs, name: str, value: str) -> Pairs:
    return [(key, value if key == name else old) for key, old in pairs]


Forgery = Callable[[Call, str, Pairs], Exchange]


def forged(signature: Callable[[str, Pairs], str | None]) -> Forgery:
    return lambda call, url, pairs: call.carrier.post_as(url, pairs, signature(url, pairs))


def changed(change: Callable[[Pairs], Pairs]) -> Forgery:
    """Signed as it was, then changed on the way."""
    return lambda call, url, pairs: call.carrier.post_as(url, change(pairs), sign(url, pairs))


def another_account(call: Call, url: str, pairs: Pairs) -> Exchange:
    theirs = replaced(pairs, "AccountSid", sid("AC"))
    return call.carrier.post_as(url, theirs, sign(url, theirs))


def with_query(signed: str, sent: str) -> Forgery:
    return lambda call, url, pairs: call.carrier.post_as(url + sent, pairs, sign(url + signed, pairs))


FORGERIES: dict[str, Forgery] = {
    "a wrong signature": forged(lambda _url, _pairs: "MDEyMzQ1Njc4OWFiY2RlZmdoaWo="),
    "no signature": forged(lambda _url, _pairs: None),
    "an empty signature": forged(lambda _url, _pairs: ""),
    "a signature that is not base64": forged(lambda _url, _pairs: "%%% no signature %%%"),
    "another account's token": forged(lambda url, pairs: sign(url, pairs, "another-accounts-token")),
    "the empty token": forged(lambda url, pairs: sign(url, pairs, "")),
    "another AccountSid with our token": another_account,
    "a changed parameter": changed(lambda pairs: replaced(pairs, "From", fresh_caller())),
    "an added parameter": changed(lambda pairs: [*pairs, ("Digits", "1")]),
    "a parameter added a second time": changed(lambda pairs: [*pairs, ("From", "+16465550000")]),
    "a parameter left out": changed(lambda pairs: [pair for pair in pairs if pair[0] != "StirVerstat"]),
    "a changed query": with_query("?line=1", "?line=2"),
    "an added query": with_query("", "?line=1"),
    "a query left out": with_query("?line=1", ""),
    "a signature for another path": forged(lambda url, pairs: sign(url + "/", pairs)),
    "a signature for another host": forged(
        lambda url, pairs: sign(url.replace(PUBLIC_URL, "http://127.0.0.1"), pairs)),
    "a signature for https": forged(lambda url, pairs: sign(url.replace("http://", "https://"), pairs)),
}


def expect_refused(exchange: Exchange) -> None:
    expect(exchange.status == 403, "status 403", exchange)
    expect(b"<Response" not in exchange.body, "no TwiML", exchange)


def voice(world: World, line: Line, forgery: Forgery) -> None:
    before = world.api.items("/api/calls", campaignId=line.campaign["id"])
    call = line.call()
    expect_refused(forgery(call, world.carrier.absolute(VOICE), call.fields()))
    after = world.api.items("/api/calls", campaignId=line.campaign["id"])
    expect_equal(after, before, "the calls of the campaign")
    expect_equal(world.site.records(call), [], "the records of the call")
    line.expect_dials(line.ring(), 0).talk()


def dial_result(world: World, line: Line, forgery: Forgery) -> None:
    call = line.ring()
    before = world.site.record(call)
    expect_refused(forgery(call, call.dial.action, call.result_fields("completed", 99)))
    expect_equal(world.site.record(call), before, "the record")
    line.expect_no_route(line.ring())
    call.talk()


def status(world: World, line: Line, forgery: Forgery) -> None:
    call = line.ring()
    before = world.site.record(call)
    pairs = call.fields(CallStatus="completed", CallDuration="5", SequenceNumber="1")
    expect_refused(forgery(call, world.carrier.absolute(STATUS), pairs))
    expect_equal(world.site.record(call), before, "the record")
    line.expect_no_route(line.ring())
    call.talk()


def fallback(world: World, line: Line, forgery: Forgery) -> None:
    call = line.call()
    pairs = call.fields(ErrorCode="11200")
    expect_refused(forgery(call, world.carrier.absolute(FALLBACK), pairs))
    expect_equal(world.site.records(call), [], "the records of the call")


def every_forgery(world: World, hook: Callable[[World, Line, Forgery], None], name: str) -> None:
    hook(world, world.site.line({"caps": {"concurrent": 1}}), FORGERIES[name])


for name in FORGERIES:
    group.each(f"voice webhook with {name}: 403, no call, no slot taken", every_forgery, voice, name)
for name in FORGERIES:
    group.each(f"dial result with {name}: 403, the call stays as it was", every_forgery, dial_result, name)
for name in ("a wrong signature", "no signature", "another AccountSid with our token", "a changed parameter"):
    group.each(f"status callback with {name}: 403, the call stays as it was", every_forgery, status, name)
    group.each(f"fallback webhook with {name}: 403, no call", every_forgery, fallback, name)


def accepted(world: World, extra: Pairs, query: str) -> None:
    line = world.site.line({})
    call = line.call()
    call.reply = Reply.of(world.carrier.post(VOICE + query, [*call.fields(), *extra]))
    line.expect_dials(call, 0)
    expect_equal(world.site.record(call)["caller"], call.caller, "the caller")


for title, extra, query in (
    ("unknown parameters", [("StirPassportToken", "eyJ0.e30.x"), ("SomethingNew", "1")], ""),
    ("a parameter twice with two values", [("SipHeader_X-Tag", "b"), ("SipHeader_X-Tag", "a")], ""),
    ("a parameter twice with the same value", [("SipHeader_X-Tag", "a"), ("SipHeader_X-Tag", "a")], ""),
    ("empty values", [("ForwardedFrom", ""), ("CallerName", "")], ""),
    ("letters of all kinds, spaces, plus and percent", [("CallerName", "Zoë + Søn & 100 % 日本 \U0001f4de \n x")], ""),
    ("names that sort by case", [("zeta", "1"), ("Zeta", "2"), ("ALPHA", "3"), ("alpha", "4")], ""),
    ("a query in the URL", [], f"?line=1&name={quote('a b+c')}&x=%2F%2f&empty=&flag"),
):
    group.each(f"a correct signature over {title} is accepted", accepted, extra, query)


@group.test("spaces sent as %20 instead of + carry the same signature")
def percent_spaces(world: World) -> None:
    line = world.site.line({})
    call = line.call()
    pairs = call.fields(CallerName="A b + c")
    body = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs).encode()
    signature = sign(world.carrier.absolute(VOICE), pairs)
    call.reply = Reply.of(send(world.carrier.address, "POST", VOICE,
                               [("Content-Type", FORM), ("X-Twilio-Signature", signature)], body))
    line.expect_dials(call, 0)


@group.test("a JSON body with a signature over the URL alone is refused")
def json_body(world: World) -> None:
    signature = sign(world.carrier.absolute(VOICE), [])
    exchange = world.carrier.post_as(VOICE, [("CallSid", sid("CA"))], signature, "application/json")
    expect(400 <= exchange.status < 500 and b"<Response" not in exchange.body, "a refusal, no TwiML", exchange)


@group.test("two signature headers, one of them right, are refused")
def two_headers(world: World) -> None:
    pairs = world.site.line({}).call().fields()
    right = sign(world.carrier.absolute(VOICE), pairs)
    for both in ((right, "d3Jvbmc="), ("d3Jvbmc=", right)):
        headers = [("Content-Type", FORM)] + [("X-Twilio-Signature", one) for one in both]
        expect_refused(send(world.carrier.address, "POST", VOICE, headers, urlencode(pairs).encode()))


@group.test("a webhook body of 100 KiB is too large, even signed")
def huge_form(world: World) -> None:
    call = world.site.line({}).call()
    exchange = world.carrier.post(VOICE, [*call.fields(), ("Padding", "x" * 100 * 1024)])
    expect(exchange.status == 413, "status 413", exchange)
    expect_equal(world.site.records(call), [], "the records of the call")


@group.test("without TWILIO_AUTH_TOKEN every webhook answers 403, and the start says so")
def no_token(world: World) -> None:
    with world.another_server(TWILIO_AUTH_TOKEN=None) as server:
        server.start()
        for token in ("", "anything"):
            carrier = Carrier(server.address, server.public_url, token=token)
            call = carrier.call("+12125559999", fresh_caller())
            for hook in (VOICE, STATUS, FALLBACK):
                expect_refused(carrier.post(hook, call.fields()))
        expect("TWILIO_AUTH_TOKEN" in server.output(), f"the log to name TWILIO_AUTH_TOKEN:\n{server.tail()}")
