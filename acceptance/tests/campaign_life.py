"""From draft to completed: what validation finds, what activation needs, what each state allows."""

from __future__ import annotations

from api import Json
from checks import expect, expect_equal, expect_problem
from runner import Group
from wire import Exchange
from world import World, fresh_number

group = Group("campaign life")


def problems_of(exchange: Exchange) -> list[Json]:
    """The problems of a validate or activate answer, each with its documented parts."""
    problems = exchange.json().get("problems")
    expect(isinstance(problems, list), "a list of problems", exchange)
    for problem in problems:
        whole = all(isinstance(problem.get(name), str) for name in ("severity", "code", "path", "message"))
        expect(whole, "each problem to have severity, code, path and message", exchange)
        expect(problem["severity"] in ("error", "warning"), "the severity error or warning", exchange)
    return list(problems)


def with_severity(problems: list[Json], severity: str) -> list[Json]:
    return [problem for problem in problems if problem["severity"] == severity]


def act(world: World, campaign: Json, action: str) -> Exchange:
    return world.api.request("POST", f"/api/campaigns/{campaign['id']}/{action}")


@group.test("a campaign without number and buyer: validate lists both, activate answers 422 with both")
def nothing_there(world: World) -> None:
    campaign = world.site.campaign()
    validated = act(world, campaign, "validate")
    expect_equal(validated.status, 200, "the status", validated)
    errors = with_severity(problems_of(validated), "error")
    expect(len(errors) >= 2, "an error about the number and one about the buyers, at once", validated)
    refused = act(world, campaign, "activate")
    expect_problem(refused, 422)
    codes = {error["code"] for error in refused.json()["errors"]}
    expect({error["code"] for error in errors} <= codes, f"the errors that validate lists: {errors}", refused)
    expect_equal(world.api.get(f"/api/campaigns/{campaign['id']}")["status"], "draft", "the status afterwards")


@group.test("a campaign whose only buyer is paused cannot be activated")
def only_paused(world: World) -> None:
    line = world.site.line({"status": "paused"}, active=False)
    expect_problem(act(world, line.campaign, "activate"), 422)


@group.test("a complete campaign: validate finds no error, activate answers the campaign and its problems")
def complete_one(world: World) -> None:
    line = world.site.line({}, active=False)
    validated = act(world, line.campaign, "validate")
    expect_equal(with_severity(problems_of(validated), "error"), [], "the errors", validated)
    activated = act(world, line.campaign, "activate")
    expect_equal(activated.status, 200, "the status", activated)
    expect_equal(activated.json()["campaign"]["status"], "active", "the campaign's status", activated)
    expect_equal(activated.json()["campaign"]["id"], line.campaign["id"], "the campaign's id", activated)
    expect_equal(with_severity(problems_of(activated), "error"), [], "the errors", activated)


def warned(world: World, caps: Json) -> None:
    line = world.site.line({"caps": caps}, active=False)
    activated = act(world, line.campaign, "activate")
    expect_equal(activated.status, 200, "the status", activated)
    expect(bool(with_severity(problems_of(activated), "warning")), "a warning", activated)


group.each("a cap of 0 is a warning, not an error", warned, {"daily": 0})
group.each("a daily cap below the concurrent one is a warning, not an error", warned, {"concurrent": 5, "daily": 2})


@group.test("one number cannot serve two active campaigns")
def number_in_use(world: World) -> None:
    line = world.site.line({})
    other = world.site.campaign(phoneNumberId=line.campaign["phoneNumberId"])
    world.site.assign(other, line.buyers[0])
    expect_problem(act(world, other, "activate"), 422)
    line.expect_dials(line.ring(), 0)


def accepts_bodies(world: World, raw: bytes | None, status: int) -> None:
    line = world.site.line({}, active=False)
    path = f"/api/campaigns/{line.campaign['id']}/activate"
    exchange = world.api.request("POST", path, raw=raw)
    if status == 200:
        expect_equal(exchange.status, 200, "the status", exchange)
    else:
        expect_problem(exchange, status)


group.each("an action takes no body", accepts_bodies, None, 200)
group.each("an action takes an empty object", accepts_bodies, b"{}", 200)
group.each("an action refuses a field", accepts_bodies, b'{"force": true}', 422)
group.each("an action refuses broken JSON", accepts_bodies, b'{"force"', 400)


@group.test("active, paused, active, completed: each action answers 200 and the list agrees")
def states(world: World) -> None:
    line = world.site.line({})
    for action, status in (("pause", "paused"), ("activate", "active"), ("complete", "completed")):
        line.do(action)
        found = world.api.get(f"/api/campaigns/{line.campaign['id']}")
        expect_equal(found["status"], status, f"the status after {action}")


@group.test("a completed campaign is read-only: no change, no assignment, no way back")
def completed(world: World) -> None:
    line = world.site.line({}, {})
    line.do("complete")
    before = world.api.get(f"/api/campaigns/{line.campaign['id']}")
    path = f"/api/campaigns/{line.campaign['id']}"
    spare = world.site.buyer()
    for method, where, body in (
        ("PUT", path, before | {"name": "Changed"}),
        ("PUT", f"{path}/buyers/{spare['id']}", {}),
        ("DELETE", f"{path}/buyers/{line.buyers[0]['id']}", None),
        ("POST", f"{path}/activate", None),
        ("POST", f"{path}/pause", None),
    ):
        expect_problem(world.api.request(method, where, body), 409)
    expect_equal(world.api.get(path), before, "the campaign")


@group.test("PUT cannot change the status")
def status_is_read_only(world: World) -> None:
    line = world.site.line({})
    active = world.api.get(f"/api/campaigns/{line.campaign['id']}")
    put = world.api.put(f"/api/campaigns/{line.campaign['id']}", active | {"status": "completed", "name": "Renamed"})
    expect_equal((put["status"], put["name"]), ("active", "Renamed"), "status and name")
    line.expect_dials(line.ring(), 0)


def refused_reference(world: World, field: str, value: str) -> None:
    exchange = world.api.request("POST", "/api/campaigns", {"name": "C", "routingType": "direct", field: value})
    expect_problem(exchange, 422, [f"/{field}"])


group.each("a campaign cannot name a number that does not exist", refused_reference, "phoneNumberId",
           "7b1f6c1e-5a53-4c51-9a0c-0d6f3a3f9d11")


@group.test("a line that moves to another number is reached there, and no longer on the old one")
def moved(world: World) -> None:
    line = world.site.line({})
    line.expect_dials(line.ring(), 0)
    old, new = line.number, world.api.post("/api/numbers", {"number": fresh_number()})
    campaign = world.api.get(f"/api/campaigns/{line.campaign['id']}")
    world.api.put(f"/api/campaigns/{campaign['id']}", campaign | {"phoneNumberId": new["id"]})
    line.number = new["number"]
    line.expect_dials(line.ring(), 0)
    line.number = old
    reply = line.call().ring()
    expect(not reply.dials, "no dial on the old number", reply.exchange)
