"""What proves us to a bidder and a bidder to us: credentials that are sent and never shown, reports, other tenants."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import time
from typing import Any

from api import PASSWORD, Client, Json
from bidders import NOBODY, ROUTERS, TARGETS, Bidder, money, plain, trackdrive
from carrier import Carrier
from checks import expect, expect_equal, expect_problem
from runner import Group
from wire import Failed
from world import Site, World, fresh_number

group = Group("auction secrets")

SECRET = "CANARY-5d1c-secret"
AUTHS: dict[str, Json] = {
    "bearer": {"type": "bearer", "token": SECRET},
    "basic": {"type": "basic", "username": "user", "password": SECRET},
    "api_key": {"type": "api_key", "header": "X-My-Key", "key": SECRET},
    "hmac": {"type": "hmac", "secret": SECRET},
}


def sale(site: Site, target: Json) -> Any:
    """A line that sells to this target alone."""
    line = site.line(campaign={"routingType": "rtb"}, active=False)
    site.api.put(f"/api/campaigns/{line.campaign['id']}/targets/{target['id']}", {})
    line.do("activate")
    return line


def sends_credential(bidder: Bidder, kind: str) -> bool:
    asked = bidder.last()
    basic = "Basic " + base64.b64encode(f"user:{SECRET}".encode()).decode()
    if kind != "hmac":
        header, value = {"bearer": ("authorization", f"Bearer {SECRET}"), "basic": ("authorization", basic),
                         "api_key": ("x-my-key", SECRET)}[kind]
        return asked.headers.get(header) == value
    parts = dict(part.split("=", 1) for part in asked.headers["x-signature"].split(","))
    return parts["v1"] == signature(parts["t"], asked.body)


def signature(at: str, body: bytes) -> str:
    return hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def secret(world: World, kind: str) -> None:
    site, bidder = world.bidding, world.bidders.new()
    sent = plain(bidder, 9, fresh_number("303")) | {"auth": AUTHS[kind]}
    made = site.api.expect(201, "POST", TARGETS, sent)
    target, path = made.json(), f"{TARGETS}/{made.json()['id']}"
    line = sale(site, target)
    call = line.ring()
    expect(call.reply is not None and call.reply.dials and sends_credential(bidder, kind), f"the credential {kind}")
    put = site.api.expect(200, "PUT", path, target | {"company": "New"})
    line.ring()
    expect(sends_credential(bidder, kind), "the credential that was kept")
    shown = [made, put]
    for where in (path, TARGETS, f"/api/campaigns/{line.campaign['id']}/targets", f"/api/calls/{site.record(call)['id']}",
                  "/api/rtb/bid-responses", "/api/rtb/bid-requests"):
        shown.append(site.api.expect(200, "GET", where))
    shown.append(site.api.expect(200, "POST", f"{path}/dry-run"))
    for exchange in shown:
        expect(SECRET.encode() not in exchange.body, "no secret in an answer", exchange)
    expect("auth" not in put.json(), "no auth in what is shown", put)
    expect(SECRET not in site.server.output(), "no secret in the server's log")
    for file in (site.server.directory / "data").glob("callcore.db*"):
        expect(SECRET.encode() not in file.read_bytes(), f"no secret in {file.name}")
    site.api.put(path, target | {"auth": {"type": "none"}})
    line.ring()
    expect(not {"authorization", "x-my-key", "x-signature"} & set(bidder.last().headers), "no credential any more")


for kind in AUTHS:
    group.each(f"auth {kind}: reaches the bidder, is kept by a PUT without it, and is shown nowhere", secret, kind)


def report(site: Site, target: str, body: Any, headers: list[tuple[str, str]]) -> Any:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Client(site.server.address).request("POST", f"/api/rtb/webhook/{target}", raw=sent, headers=headers)


@group.test("a target reports a result: with its own secret only")
def reported(world: World) -> None:
    site = world.bidding
    targets = {kind: site.api.post(TARGETS, plain(world.bidders.new(), 9, fresh_number("303")) | {"auth": auth})
               for kind, auth in AUTHS.items()}
    open_target = site.api.post(TARGETS, plain(world.bidders.new(), 9, fresh_number("303")))
    basic = base64.b64encode(f"user:{SECRET}".encode()).decode()
    right = {"bearer": ("Authorization", f"Bearer {SECRET}"), "basic": ("Authorization", f"Basic {basic}"),
             "api_key": ("X-My-Key", SECRET)}
    for kind, target in targets.items():
        call = site.record(sale(site, target).ring())["id"]
        body = json.dumps({"callId": call, "status": "converted", "amount": money("9")}).encode()
        now = str(int(time.time()))
        header = right.get(kind) or ("X-Signature", f"t={now},v1={signature(now, body)}")
        taken = report(site, target["id"], body, [header])
        expect_equal(taken.status, 202, f"the status with {kind}")
        expect_equal(taken.json(), {"callId": call, "converted": True, "revenue": money("9")}, "the call as it stands")
        no = [report(site, target["id"], body, []), report(site, target["id"], body, [(header[0], header[1] + "0")]),
              report(site, NOBODY, body, [header]), report(site, open_target["id"], body, [header]),
              report(site, target["id"], {"callId": NOBODY, "status": "converted"}, []),
              report(site, target["id"], b"no JSON", [])]
        for exchange in no:
            expect_problem(exchange, 403)
            expect(exchange.body == no[0].body, "the same bytes for every refusal", exchange)
    if_known = [right["bearer"]]
    # Who proved itself is told what is wrong.
    bearer = targets["bearer"]["id"]
    expect_problem(report(site, bearer, b"no JSON", if_known), 400)
    expect_problem(report(site, bearer, {"status": "converted"}, if_known), 422, ["/callId"])
    expect_problem(report(site, bearer, {"callId": NOBODY, "status": "converted"}, if_known), 404)
    call = site.record(sale(site, targets["bearer"]).ring())["id"]
    wrong = report(site, targets["bearer"]["id"], {"callId": call, "status": "splendid", "x": 1}, if_known)
    expect_problem(wrong, 422, ["/status", "/x"])
    other = site.record(sale(site, open_target).ring())["id"]
    foreign = report(site, targets["bearer"]["id"], {"callId": other, "status": "converted"}, if_known)
    expect_problem(foreign, 404)


@group.test("a target's last report decides what a call was worth, whatever was talked")
def decided_by_report(world: World) -> None:
    site = world.bidding
    target = site.api.post(TARGETS, plain(world.bidders.new(), 9, fresh_number("303")) | {"auth": AUTHS["bearer"]})
    line = sale(site, target)
    call = line.ring()
    call.result("completed", 300)
    path, own = f"/api/calls/{site.record(call)['id']}", [("Authorization", f"Bearer {SECRET}")]

    def says(status: str, **more: Any) -> tuple[bool, Any]:
        body = {"callId": path.rsplit("/", 1)[1], "status": status} | more
        taken = report(site, target["id"], body, own)
        expect_equal(taken.status, 202, f"the status of {status}", taken)
        record = site.api.get(path)
        told, kept = ((shown["converted"], shown["revenue"]) for shown in (taken.json(), record))
        expect_equal(told, kept, "what the target is told and what is kept")
        return told

    def steps() -> list[str]:
        return [step["step"] for step in site.api.get(path)["journey"]["steps"] if step["step"].startswith("report/")]

    before = site.api.get(path)
    expect(before["converted"], "converted by the time that was talked")
    expect_equal(says("rejected", reason="a wrong number"), (False, None), "after a rejection")
    expect_equal(says("sold", amount=money("12.50")), (True, money("12.50")), "after a sale")
    expect_equal(len(steps()), 2, "the reports in the journey")
    expect_equal(says("rejected", reason="a wrong number"), (True, money("12.50")), "the same report again")
    expect_equal(len(steps()), 2, "the reports in the journey")
    expect_equal(says("rejected", reason="a wrong number", reportId="3"), (False, None), "one with an id of its own")
    attempt = site.api.get(path)["journey"]["dialAttempts"][0]
    expect_equal(attempt["reported"]["status"], "rejected", "the last report of the attempt")
    call.status("completed")
    expect_equal(says("converted"), (True, before["revenue"]), "a conversion without an amount")


@group.test("ping and post: the confirm request carries the same credential")
def confirmed_with_credential(world: World) -> None:
    site, bidder = world.bidding, world.bidders.new()
    target = site.api.post(TARGETS, trackdrive(bidder, 9, fresh_number("303")) | {"auth": AUTHS["bearer"]})
    sale(site, target).ring()
    expect_equal(bidder.last("post").headers.get("authorization"), f"Bearer {SECRET}", "the credential of the post")


def second_tenant(site: Site) -> Site:
    """Another tenant on the same server, made by the operator, with its owner signed in."""
    server = site.server
    server.kill()
    command = [str(server.binary), "tenant", "create", "--owner", "other"]
    made = subprocess.run(command, cwd=server.directory, env=server.environment(), input=f"{PASSWORD}\n".encode(),
                          capture_output=True, timeout=30, check=False)
    if made.returncode != 0:
        raise Failed(f"a second tenant, not {made.stderr!r}")
    server.start()
    api = Client(server.address)
    api.expect(200, "POST", "/api/auth/login", {"username": "other", "password": PASSWORD})
    return Site(server, api, Carrier(server.address, server.public_url))


@group.test("another tenant's targets, routers, auctions and reports are as unknown ones")
def isolation(world: World) -> None:
    with world.another_server(ALLOW_PRIVATE_TARGETS="true") as server:
        ours = Site.on(server.start())
        theirs = second_tenant(ours)
        bidder, number = world.bidders.new(), fresh_number("303")
        target = ours.api.post(TARGETS, plain(bidder, 9, number) | {"auth": AUTHS["bearer"]})
        router = ours.api.post(ROUTERS, {"name": "Ours", "assignments": [{"targetId": target["id"]}]})
        line = sale(ours, target)
        call = ours.record(line.ring())["id"]
        campaign = theirs.campaign(routingType="rtb")
        bid = {"name": "T", "endpointUrl": "https://bid.example.com/"}
        for path, body in ((f"{TARGETS}/{target['id']}", bid), (f"{ROUTERS}/{router['id']}", {"name": "R"})):
            unknown = f"{path.rpartition('/')[0]}/{NOBODY}"
            for method, sent in (("GET", None), ("PUT", body), ("DELETE", None)):
                exchange = theirs.api.request(method, path, sent)
                expect_problem(exchange, 404)
                expect(exchange.body == theirs.api.request(method, unknown, sent).body, "the bytes of an unknown id", exchange)
        asked = bidder.count()
        expect_problem(theirs.api.request("POST", f"{TARGETS}/{target['id']}/dry-run"), 404)
        expect_equal(bidder.count(), asked, "how often the bidder was asked")
        expect_problem(theirs.api.request("PUT", f"/api/campaigns/{campaign['id']}/targets/{target['id']}", {}), 404)
        for path in (f"/api/campaigns/{line.campaign['id']}/targets", f"/api/calls/{call}"):
            expect_problem(theirs.api.request("GET", path), 404)
        named = {"name": "R", "assignments": [{"targetId": target["id"]}]}
        expect_problem(theirs.api.request("POST", ROUTERS, named), 422, ["/assignments/0/targetId"])
        rtb = {"name": "C", "routingType": "rtb", "rtbRouterId": router["id"]}
        expect_problem(theirs.api.request("POST", "/api/campaigns", rtb), 422, ["/rtbRouterId"])
        for path in (TARGETS, ROUTERS, "/api/rtb/bid-responses", "/api/rtb/bid-requests"):
            expect_equal(theirs.api.items(path), [], path)
        for query in ({"callId": call}, {"targetId": target["id"]}, {"campaignId": line.campaign["id"]}):
            expect_equal(theirs.api.items("/api/rtb/bid-responses", **query), [], f"the rows with {query}")
        own = theirs.api.post(TARGETS, plain(world.bidders.new(), 9, fresh_number("303")) | {"auth": AUTHS["bearer"]})
        own_secret = [("Authorization", f"Bearer {SECRET}")]
        said = report(theirs, own["id"], {"callId": call, "status": "converted"}, own_secret)
        expect_problem(said, 404)
        unknown = report(theirs, own["id"], {"callId": NOBODY, "status": "converted"}, own_secret)
        expect(said.body == unknown.body, "the bytes of an unknown call", said)
        expect_equal(ours.api.get(f"{TARGETS}/{target['id']}"), target, "our target")
