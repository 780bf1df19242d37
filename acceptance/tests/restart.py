"""A server that is killed: every call it acknowledged is still there, and so is every cap."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from carrier import Call
from checks import expect, expect_equal
from runner import Group
from wire import Failed
from world import Site, World

group = Group("restart")


@contextmanager
def own_site(world: World) -> Iterator[Site]:
    with world.another_server() as server:
        yield Site.on(server.start())


def crash(site: Site) -> None:
    site.server.kill()
    site.server.start()


@group.test("kill -9 between two webhooks: the call goes on where it was")
def mid_call(world: World) -> None:
    with own_site(world) as site:
        line = site.line({"caps": {"concurrent": 1}}, {})
        call = line.expect_dials(line.ring(), 0)
        first = call.reply
        assert first is not None
        crash(site)
        again = Call(call.carrier, call.given).ring()
        expect(again.exchange.body == first.exchange.body, "the stored answer, byte for byte", again.exchange)
        line.expect_dials(line.ring(), 1)
        call.result("busy")
        line.expect_dials(call, 1)
        line.expect_dials(line.ring(), 0)
        call.talk()
        expect_equal(site.record(call)["status"], "completed", "the status of the call")


@group.test("kill -9: campaigns, buyers, numbers, assignments, calls and the session are as before")
def everything_stays(world: World) -> None:
    with own_site(world) as site:
        line = site.line({"caps": {"daily": 9}, "timezone": "Asia/Tokyo"}, {}, assignments=[{"weight": 3}])
        for seconds in (10, 20, 30):
            line.ring().talk(seconds)
        paths = ["/api/campaigns", "/api/buyers", "/api/numbers", "/api/calls",
                 f"/api/campaigns/{line.campaign['id']}/buyers"]
        paths += [f"/api/calls/{item['id']}" for item in site.api.items("/api/calls")]
        before = {path: site.api.get(path) for path in paths}
        crash(site)
        for path in paths:
            expect_equal(site.api.get(path), before[path], path)


@group.test("kill -9 under load: no acknowledged call is lost, and the cap still holds")
def under_load(world: World) -> None:
    with own_site(world) as site:
        line = site.line({"caps": {"concurrent": 4}})
        answered: list[Call] = []
        enough = threading.Event()

        def keep_calling() -> None:
            while True:
                call = line.call()
                try:
                    call.ring()
                except Failed:
                    return
                answered.append(call)
                if len(answered) >= 40:
                    enough.set()

        callers = [threading.Thread(target=keep_calling) for _ in range(8)]
        for caller in callers:
            caller.start()
        enough.wait(60)
        site.server.kill()
        for caller in callers:
            caller.join()
        expect(len(answered) >= 40, f"at least 40 answered calls, not {len(answered)}")
        site.server.start()
        listed = [item["carrierCallId"] for item in site.api.items("/api/calls", limit=500)]
        expect_equal(len(listed), len(set(listed)), "the number of different calls in the list")
        lost = {call.sid for call in answered} - set(listed)
        expect(not lost, f"no acknowledged call to be lost, but {len(lost)} of {len(answered)} are")
        dialled = [call for call in answered if call.reply and call.reply.dials]
        expect_equal(len(dialled), 4, "the number of callers who were dialled")
        line.expect_no_route(line.ring())
        for call in dialled:
            call.talk()
            line.expect_dials(line.ring(), 0).talk()
