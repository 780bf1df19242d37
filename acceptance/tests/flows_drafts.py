"""Drafts of flows: every shape of the format is kept as it was sent, and answered with everything that is wrong."""

from __future__ import annotations

from typing import Any

from api import Json
from checks import expect, expect_equal, expect_problem, expect_resource
from runner import Group
from wire import Exchange
from world import World

group = Group("flow drafts")

FLOWS = "/api/flows"
NOBODY = "7b1f6c1e-5a53-4c51-9a0c-0d6f3a3f9d11"
READ_ONLY = ("id", "createdAt", "updatedAt", "status", "publishedVersion", "unpublishedChanges", "problems", "archivedAt")


def connection(source: str, handle: str, target: str) -> Json:
    return {"source": source, "sourceHandle": handle, "target": target}


def flow_of(node: Json, *exits: str, name: str = "A flow") -> Json:
    """A start, the node, and an end behind each of its exits."""
    nodes = [{"id": "start", "type": "start"}, node | {"id": "node"}, {"id": "bye", "type": "end", "config": {}}]
    ways = [connection("start", "next", "node"), *(connection("node", leaves, "bye") for leaves in exits)]
    return {"name": name, "nodes": nodes, "connections": ways}


def greeting(text: str = "Hello", name: str = "A flow") -> Json:
    return flow_of({"type": "play_audio", "config": {"text": text}}, "next", name=name)


MENU: Json = {
    "name": "Sales line",
    "nodes": [
        {"id": "start", "type": "start", "label": "Start", "position": {"x": 0, "y": 0}, "config": {}},
        {"id": "menu", "type": "ivr_menu", "label": "Main menu", "position": {"x": 240, "y": 0},
         "config": {"message": "Press 1 for sales, 2 for support", "timeout": 10, "maxRetries": 3,
                    "options": [{"key": "1", "label": "Sales"}, {"key": "2", "label": "Support"}]}},
        {"id": "sales", "type": "end", "config": {"endType": "message", "message": "Sales."}},
        {"id": "support", "type": "end", "config": {"endType": "hangup"}},
    ],
    "connections": [
        {"id": "c1", "source": "start", "sourceHandle": "next", "target": "menu", "label": ""},
        {"id": "c2", "source": "menu", "sourceHandle": "key:1", "target": "sales", "label": "Sales"},
        {"id": "c3", "source": "menu", "sourceHandle": "key:2", "target": "support"},
        {"id": "c4", "source": "menu", "sourceHandle": "timeout", "target": "support"},
    ],
}
HOURS: Json = {
    "timezone": "America/New_York",
    "businessHours": {"monday": {"enabled": True, "timeRanges": [{"open": "09:00", "close": "12:00"},
                                                                 {"open": "13:00", "close": "17:00"}]}},
    "holidays": [{"date": "2025-12-25", "enabled": True, "name": "Christmas"}],
}
SPLITS: Json = {
    "strategy": "weighted",
    "splits": [{"name": "Premium Route", "weight": 3, "nodeId": "premium"},
               {"name": "Standard Route", "weight": 2, "nodeId": "standard"}],
    "enableFailover": True, "enableAnalytics": True,
}
PIXEL: Json = {
    "pixelUrl": "https://analytics.example.com/track",
    "parameters": {"campaign_id": "{campaign_id}", "caller_number": "{caller_number}", "session_id": "{session_id}",
                   "flow_id": "{flow_id}", "timestamp": "{timestamp}"},
    "customPixels": [{"name": "Conversion Pixel", "url": "https://conversion.example.com/pixel",
                      "parameters": {"event": "call_start", "value": "1.00"}}],
    "events": [{"name": "qualified", "value": "12.50", "currency": "USD"}],
    "method": "GET", "timeout": 3, "retries": 2,
}
SPLIT_FLOW: Json = {
    "name": "Split",
    "nodes": [{"id": "start", "type": "start"}, {"id": "split", "type": "traffic_splitter", "config": SPLITS},
              {"id": "premium", "type": "end", "config": {}}, {"id": "standard", "type": "end", "config": {}}],
    "connections": [connection("start", "next", "split")],
}
# Documents of the format, none of which may have an error.
DOCUMENTS: dict[str, Json] = {
    "the menu of the format": MENU,
    "business hours": flow_of({"type": "business_hours", "config": HOURS}, "open", "closed"),
    "a weighted split whose branches name nodes": SPLIT_FLOW,
    "tracking pixels": flow_of({"type": "tracking_pixel", "config": PIXEL}, "next"),
    "a question": flow_of({"type": "gather_input", "config": {
        "prompt": "Your zip code, please.", "minLength": 5, "maxLength": 5, "pattern": "^[0-9]{5}$", "variable": "zip",
        "sensitive": True}}, "valid", "failed"),
    "a rule for callers": flow_of({"type": "condition", "config": {
        "conditionType": "caller_id", "rule": "starts_with", "value": "+1212"}}, "yes", "no"),
    "custom code": flow_of({"type": "condition", "config": {
        "conditionType": "custom", "code": "return call.caller === '+12125550123'"}}, "yes", "no"),
    "the campaign's own buyers": flow_of({"type": "advanced_router", "config": {
        "strategy": "priority", "campaignBuyers": True}}, "no_route"),
    "a voicemail": flow_of({"type": "action", "config": {
        "actionType": "voicemail", "message": "Please speak.", "maxLength": 60, "format": "mp3", "transcribe": True}}, "done"),
}


def problems_of(exchange: Exchange) -> list[Json]:
    """The problems of an answer, each with its documented parts; errors before warnings."""
    problems = exchange.json().get("problems")
    expect(isinstance(problems, list), "a list of problems", exchange)
    for problem in problems:
        expect_equal(set(problem), {"severity", "code", "nodeId", "path", "message"}, "the names of a problem", exchange)
        expect(problem["severity"] in ("error", "warning"), "the severity error or warning", exchange)
        expect(problem["nodeId"] is None or isinstance(problem["nodeId"], str), "nodeId to be null or a text", exchange)
    severities = [problem["severity"] for problem in problems]
    expect_equal(severities, sorted(severities), "the severities in their order", exchange)
    return list(problems)


def errors_of(exchange: Exchange) -> list[Json]:
    return [problem for problem in problems_of(exchange) if problem["severity"] == "error"]


def document_of(resource: Json) -> Json:
    return {name: value for name, value in resource.items() if name not in READ_ONLY}


def kept(world: World, document: Json) -> None:
    made = world.api.expect(201, "POST", FLOWS, document)
    expect_resource(made.json(), made)
    expect_equal(document_of(made.json()), document, "the document", made)
    expect_equal(errors_of(made), [], "the errors", made)
    state = {name: made.json()[name] for name in ("status", "publishedVersion")}
    expect_equal(state, {"status": "draft", "publishedVersion": None}, "the state", made)
    expect(isinstance(made.json()["unpublishedChanges"], bool), "unpublishedChanges to be true or false", made)
    path = f"{FLOWS}/{made.json()['id']}"
    expect_equal(world.api.get(path), made.json(), "the flow that is read")
    again = world.api.expect(200, "PUT", path, made.json())
    expect_equal(document_of(again.json()), document, "the document after it was put back", again)
    expect_equal(problems_of(again), problems_of(made), "the problems after it was put back", again)
    validated = world.api.expect(200, "POST", f"{path}/validate")
    expect_equal(set(validated.json()), {"problems"}, "the names of the answer", validated)
    expect_equal(problems_of(validated), problems_of(made), "the problems that validation finds", validated)
    published = world.api.expect(200, "POST", f"{path}/publish")
    expect_equal(set(published.json()), {"version", "problems"}, "the names of the answer", published)
    expect_equal(published.json()["version"], 1, "the version", published)
    expect_equal(problems_of(published), problems_of(made), "the warnings", published)


for title, document in DOCUMENTS.items():
    group.each(f"kept as it was sent, without an error, and published: {title}", kept, document)

# What is wrong, the flow, and the code, node and place of an error that must be told.
WRONG: list[tuple[str, Json, str, str | None, str]] = [
    ("there is no start", {"name": "F", "nodes": [], "connections": []}, "no_start", None, "/nodes"),
    ("an unknown type", flow_of({"type": "teleport"}), "unknown_type", "node", "/nodes/1/type"),
    ("an unknown key", greeting() | {"colour": "red"}, "unknown_key", None, "/colour"),
    ("an unknown setting", flow_of({"type": "play_audio", "config": {"text": "T", "sound": 1}}, "next"), "unknown_key", "node",
     "/nodes/1/config/sound"),
    ("a setting out of range", flow_of({"type": "gather_input", "config": {"prompt": "P", "variable": "v", "timeout": 0}},
                                       "valid", "failed"), "out_of_range", "node", "/nodes/1/config/timeout"),
    ("a bad pattern", flow_of({"type": "gather_input", "config": {"prompt": "P", "variable": "v", "pattern": "["}},
                              "valid", "failed"), "bad_pattern", "node", "/nodes/1/config/pattern"),
    ("a connection to nowhere", flow_of({"type": "end"}) | {"connections": [connection("start", "next", "gone")]},
     "unknown_node", "start", "/connections/0/target"),
    ("an exit that leads nowhere", flow_of({"type": "play_audio", "config": {"text": "T"}}), "dead_end", "node", "/nodes/1"),
    ("an unknown exit", flow_of({"type": "play_audio", "config": {"text": "T"}}, "next", "later"), "unknown_exit", "node",
     "/connections/2/sourceHandle"),
    ("an unknown buyer", flow_of({"type": "action", "config": {"actionType": "route_to_buyer", "buyerId": NOBODY}}, "failed"),
     "unknown_buyer", "node", "/nodes/1/config/buyerId"),
    ("an unknown variable", greeting("Hello {nothing}"), "unknown_variable", "node", "/nodes/1/config/text"),
    ("a private address", flow_of({"type": "tracking_pixel", "config": {"pixelUrl": "http://127.0.0.1/p"}}, "next"),
     "url_not_allowed", "node", "/nodes/1/config/pixelUrl"),
    ("code that cannot be read", flow_of({"type": "condition", "config": {"conditionType": "custom", "code": "return ("}},
                                         "yes", "no"), "bad_code", "node", "/nodes/1/config/code"),
]


def told(world: World, document: Json, code: str, node: str | None, path: str) -> None:
    made = world.api.expect(201, "POST", FLOWS, document)
    expect_equal(document_of(made.json()), document, "the document", made)
    found = [(problem["code"], problem["nodeId"], problem["path"]) for problem in errors_of(made)]
    expect((code, node, path) in found, f"the error {(code, node, path)} among {found}", made)
    refused = world.api.request("POST", f"{FLOWS}/{made.json()['id']}/publish")
    expect_problem(refused, 422, [path])
    parts = ("severity", "code", "nodeId", "path", "message")
    listed = [{part: error.get(part) for part in parts} for error in refused.json()["errors"]]
    expect_equal(listed, problems_of(made), "the problems of publishing, warnings too", refused)
    expect_equal(world.api.get(f"{FLOWS}/{made.json()['id']}/versions")["items"], [], "the versions")


for title, document, *error in WRONG:
    group.each(f"a draft all the same, but an error with its place: {title}", told, document, *error)


@group.test("several things that are wrong are told at once")
def all_at_once(world: World) -> None:
    flow = greeting("Hello {nothing}") | {"colour": "red"}
    flow["connections"] = flow["connections"] + [connection("node", "later", "gone")]
    made = world.api.expect(201, "POST", FLOWS, flow)
    codes = {problem["code"] for problem in errors_of(made)}
    expect({"unknown_key", "unknown_variable", "unknown_node"} <= codes, f"all three, not only {codes}", made)


# What has not even the outer shape, and the places that must be told.
SHAPELESS: list[tuple[str, Any, list[str]]] = [
    ("no name", {"nodes": [], "connections": []}, ["/name"]),
    ("a blank name", {"name": "  ", "nodes": [], "connections": []}, ["/name"]),
    ("an empty name", {"name": "", "nodes": [], "connections": []}, ["/name"]),
    ("a name of 201 characters", {"name": "n" * 201, "nodes": [], "connections": []}, ["/name"]),
    ("nothing at all", {}, ["/name", "/nodes", "/connections"]),
    ("nodes that are no list", {"name": "F", "nodes": {}, "connections": 7}, ["/nodes", "/connections"]),
    ("nodes without id and type", {"name": "F", "nodes": [{}, {"id": 7, "type": "end"}], "connections": []},
     ["/nodes/0/id", "/nodes/0/type", "/nodes/1/id"]),
    ("a connection that is a text", {"name": "F", "nodes": [], "connections": ["c1"]}, ["/connections/0"]),
    ("a list", [], [""]),
]


def shapeless(world: World, body: Any, paths: list[str]) -> None:
    made = world.api.post(FLOWS, greeting())
    for method, path in (("POST", FLOWS), ("PUT", f"{FLOWS}/{made['id']}"), ("POST", f"{FLOWS}/templates")):
        expect_problem(world.api.request(method, path, body), 422, [path for path in paths if path])
    expect_equal(world.api.get(f"{FLOWS}/{made['id']}"), made, "the flow afterwards")


for title, body, paths in SHAPELESS:
    group.each(f"refused with 422 and every place: {title}", shapeless, body, paths)


@group.test("a document of more than a mebibyte is refused with 413")
def too_large(world: World) -> None:
    made = world.api.post(FLOWS, greeting())
    large = greeting() | {"description": "d" * 1_048_576}
    for method, path in (("POST", FLOWS), ("PUT", f"{FLOWS}/{made['id']}"), ("POST", f"{FLOWS}/templates")):
        expect_problem(world.api.request(method, path, large), 413)
    expect_equal(world.api.get(f"{FLOWS}/{made['id']}"), made, "the flow afterwards")


@group.test("a list tells the problems of each flow, but for those of custom code")
def listed(world: World) -> None:
    code = {"type": "condition", "config": {"conditionType": "custom", "code": "return ("}}
    made = world.api.post(FLOWS, flow_of(code, "yes", "no") | {"colour": "red"})
    codes = {problem["code"] for problem in made["problems"]}
    expect({"bad_code", "unknown_key"} <= codes, f"both, not {codes}")
    item = next(item for item in world.api.get(FLOWS)["items"] if item["id"] == made["id"])
    told = {problem["code"] for problem in item["problems"]}
    expect_equal(told, codes - {"bad_code"}, "the problems in the list")


@group.test("read-only fields are accepted and ignored")
def read_only(world: World) -> None:
    forged = {"id": NOBODY, "createdAt": "2001-01-01T00:00:00Z", "updatedAt": "2001-01-01T00:00:00Z", "status": "published",
              "publishedVersion": 7, "unpublishedChanges": False, "problems": [{"code": "x"}]}
    made = world.api.expect(201, "POST", FLOWS, greeting() | forged)
    expect(made.json()["id"] != NOBODY, "an id of its own", made)
    expect_equal(problems_of(made), [], "the problems", made)
    expect_equal((made.json()["status"], made.json()["publishedVersion"]), ("draft", None), "the state", made)


@group.test("DELETE answers 204, then the id is unknown; lists show flows newest first")
def delete(world: World) -> None:
    older, newer = world.api.post(FLOWS, greeting()), world.api.post(FLOWS, greeting())
    listed = [item["id"] for item in world.api.items(FLOWS, limit=500)]
    expect(listed.index(newer["id"]) < listed.index(older["id"]), "the newer one first")
    item = next(item for item in world.api.get(FLOWS)["items"] if item["id"] == newer["id"])
    expect_equal(item, newer, "the flow in the list")
    world.api.delete(f"{FLOWS}/{older['id']}")
    expect(older["id"] not in [item["id"] for item in world.api.items(FLOWS, limit=500)], "no trace in the list")
    unknown = world.api.request("GET", f"{FLOWS}/{NOBODY}")
    for method, path, body in operations(older["id"]):
        exchange = world.api.request(method, path, body)
        expect_problem(exchange, 404)
        expect(exchange.body == unknown.body, "the same bytes for every unknown id", exchange)


def operations(identity: str) -> list[tuple[str, str, Any]]:
    """Everything that can be asked of one flow."""
    path = f"{FLOWS}/{identity}"
    return [
        ("GET", path, None), ("PUT", path, greeting()), ("DELETE", path, None), ("POST", f"{path}/validate", None),
        ("POST", f"{path}/publish", None), ("POST", f"{path}/duplicate", None), ("GET", f"{path}/versions", None),
        ("GET", f"{path}/versions/1", None), ("POST", f"{path}/preview", {"nodeId": "node"}),
        ("POST", f"{path}/simulate", {"draft": True}), ("POST", f"{path}/archive", None), ("POST", f"{path}/restore", None),
        ("POST", f"{path}/test-call", {"to": "+12125550100"}),
    ]
