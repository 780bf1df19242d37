"""What a test starts from: a server with an owner, fresh numbers, and lines that calls can arrive on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from api import Client, Json
from bidders import PATIENCE_MS, Bidders
from carrier import Call, Carrier
from server import Server
from wire import Failed

SORRY = "Sorry, all lines are busy & <nobody> is free."
counter = itertools.count(1)


def fresh_number(area_code: str = "212") -> str:
    """A number that no other test uses."""
    return f"+1{area_code}555{next(counter):04d}"


def fresh_caller() -> str:
    return fresh_number("646")


@dataclass
class Site:
    """One running server with its owner signed in."""

    server: Server
    api: Client
    carrier: Carrier

    @classmethod
    def on(cls, server: Server) -> Site:
        api = Client(server.address)
        exchange = api.set_up()
        if exchange.status != 201:
            raise Failed("the first set-up to answer 201", exchange)
        api.log_in()
        return cls(server, api, Carrier(server.address, server.public_url))

    def number(self, **fields: Any) -> Json:
        return dict(self.api.post("/api/numbers", {"number": fresh_number()} | fields))

    def buyer(self, **fields: Any) -> Json:
        return dict(self.api.post("/api/buyers", {"name": "A buyer", "destination": fresh_number("917")} | fields))

    def campaign(self, **fields: Any) -> Json:
        made = {"name": "A campaign", "routingType": "direct"} | fields
        if made["routingType"] == "rtb":
            # A bidder that is meant to be in time must be so on a busy machine as well.
            made["auction"] = {"timeoutMs": PATIENCE_MS} | (made.get("auction") or {})
        return dict(self.api.post("/api/campaigns", made))

    def assign(self, campaign: Json, buyer: Json, **overrides: Any) -> Json:
        return dict(self.api.put(f"/api/campaigns/{campaign['id']}/buyers/{buyer['id']}", overrides))

    def line(
        self, *buyers: Json, campaign: Json | None = None, assignments: Sequence[Json] = (), active: bool = True
    ) -> Line:
        """A number whose calls go to `buyers` (named A, B, C; priority 1, 2, 3 unless told otherwise)."""
        number = self.number()
        made = []
        for place, fields in enumerate(buyers):
            made.append(self.buyer(**({"name": "ABCDEFGH"[place], "priority": place + 1} | fields)))
        fields = {"phoneNumberId": number["id"], "noRoute": {"message": SORRY}} | (campaign or {})
        given = {name: value for name, value in fields.items() if value is not None}
        line = Line(self, number["number"], self.campaign(**given), made)
        for place, buyer in enumerate(made):
            overrides = assignments[place] if place < len(assignments) else {}
            self.assign(line.campaign, buyer, **overrides)
        if active:
            self.api.action(f"/api/campaigns/{line.campaign['id']}/activate")
        return line

    def record(self, call: Call) -> Json:
        """What the API says of this call; it must be there exactly once."""
        found = self.records(call)
        if len(found) != 1:
            raise Failed(f"exactly one call {call.sid} in /api/calls, not {len(found)}")
        return found[0]

    def records(self, call: Call) -> list[Json]:
        items = self.api.items("/api/calls", caller=call.caller)
        return [item for item in items if item["carrierCallId"] == call.sid]

    def details(self, call: Call) -> Json:
        return dict(self.api.get(f"/api/calls/{self.record(call)['id']}"))


@dataclass
class Line:
    """A number, its campaign and its buyers."""

    site: Site
    number: str
    campaign: Json
    buyers: list[Json]

    def call(self, caller: str | None = None, **fields: str | None) -> Call:
        return self.site.carrier.call(self.number, caller or fresh_caller(), **fields)

    def ring(self, caller: str | None = None, **fields: str | None) -> Call:
        """A call that has been answered with TwiML."""
        call = self.call(caller, **fields)
        call.ring()
        return call

    def expect_dials(self, call: Call, place: int) -> Call:
        """The last answer dials the buyer at `place` (0 is A)."""
        wanted = self.buyers[place]["destination"]
        dialled = call.dial.target
        if dialled != wanted:
            raise Failed(f"a dial to {'ABCDEFGH'[place]} at {wanted}, not {dialled}", last_exchange(call))
        return call

    def expect_no_route(self, call: Call) -> Call:
        """The last answer speaks the no-route message and hangs up."""
        expect_spoken_end(call, SORRY)
        return call

    def do(self, action: str) -> Any:
        return self.site.api.action(f"/api/campaigns/{self.campaign['id']}/{action}")


def last_exchange(call: Call) -> Any:
    return call.reply.exchange if call.reply else None


def expect_spoken_end(call: Call, message: str | None = None) -> None:
    """The caller hears something (this message, if given), is not dialled on, and the call ends."""
    reply = call.reply
    if reply is None:
        raise Failed("a call that has rung")
    if reply.dials:
        raise reply.fail("no <Dial>")
    if message is not None and reply.said != [message]:
        raise reply.fail(f"the message {message!r} to be said once, not {reply.said!r}")
    if not reply.said and "Play" not in reply.verbs:
        raise reply.fail("the caller to hear a message")
    if reply.verbs[-1] != "Hangup":
        raise reply.fail("a <Hangup/> at the end")


def expect_over(call: Call) -> None:
    """The last answer dials nobody and asks nothing."""
    reply = call.reply
    if reply is None or reply.dials or "Gather" in reply.verbs or "Redirect" in reply.verbs:
        raise Failed("no further dial, question or redirect", last_exchange(call))


class World:
    """The servers of one run. The shared one starts when the first test asks for it."""

    def __init__(self, binary: Path, keep: bool, postgres: str | None = None) -> None:
        self.binary = binary
        self.keep = keep
        self.postgres = postgres
        self.running: list[Server] = []
        self.refusal: Failed | None = None

    @cached_property
    def site(self) -> Site:
        if self.refusal is not None:
            raise self.refusal
        try:
            return Site.on(self._start())
        except Failed as failure:
            self.refusal = failure
            raise

    @cached_property
    def bidding(self) -> Site:
        """A server that may ask bidders on this machine."""
        return Site.on(self._start(ALLOW_PRIVATE_TARGETS="true"))

    @cached_property
    def bidders(self) -> Bidders:
        return Bidders()

    @property
    def api(self) -> Client:
        return self.site.api

    @property
    def carrier(self) -> Carrier:
        return self.site.carrier

    def _start(self, **settings: str | None) -> Server:
        server = Server(self.binary, self.keep, self.postgres, **settings)
        self.running.append(server)
        return server.start()

    @contextmanager
    def another_server(self, **settings: str | None) -> Iterator[Server]:
        """A server of its own, not started yet, for tests that need an empty one, another configuration or a crash."""
        server = Server(self.binary, self.keep, self.postgres, **settings)
        try:
            yield server
        finally:
            server.stop()

    def anonymous(self) -> Client:
        """Somebody who has not signed in."""
        return Client(self.site.server.address)

    def obituary(self) -> str:
        """What is left of a shared server that died on the way."""
        dead = [server for server in self.running if server.process is not None and server.process.poll() is not None]
        return "".join(f"\nThe server is no longer running. Its last words:\n{server.tail()}" for server in dead)

    def close(self) -> None:
        for server in self.running:
            server.stop()
