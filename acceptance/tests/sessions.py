"""The owner's account, sessions, API keys, and requests that other sites make a browser send."""

from __future__ import annotations

from api import COOKIE, PASSWORD, USERNAME, Client, Json
from checks import expect, expect_equal, expect_problem
from runner import Group
from server import PUBLIC_URL, Server
from wire import Exchange, Headers
from world import Site, World

group = Group("sessions")

LOGIN: Json = {"username": USERNAME, "password": PASSWORD}
PROTECTED = (
    "/api/campaigns", "/api/buyers", "/api/numbers", "/api/calls", "/api/auth/user", "/api/auth/sessions",
    "/api/auth/api-keys", "/api/calls/00000000-0000-4000-8000-000000000000",
)


@group.test("the first start: nobody can sign in, one owner is set up, a second one is refused")
def set_up(world: World) -> None:
    with world.another_server() as server:
        api = Client(server.start().address)
        expect_problem(api.request("POST", "/api/auth/login", LOGIN), 401)
        bad = api.request("POST", "/api/auth/setup", {"username": 7, "pass": "x"})
        expect_problem(bad, 422, ["/username", "/password", "/pass"])
        expect(api.set_up().status == 201, "the first set-up to answer 201", None)
        expect_problem(api.set_up(), 409)
        expect_problem(api.request("POST", "/api/auth/setup", {"username": "other", "password": PASSWORD}), 409)
        api.log_in()
        expect(USERNAME in str(api.get("/api/auth/user")), "the user's name")
        expect_problem(Client(server.address).request(
            "POST", "/api/auth/login", {"username": "other", "password": PASSWORD}), 401)
        expect(PASSWORD not in server.output(), "the password not to be in the log")


@group.test("signing in answers the user and never the password")
def log_in(world: World) -> None:
    client = world.anonymous()
    exchange = client.expect(200, "POST", "/api/auth/login", LOGIN)
    expect_equal(exchange.json()["user"]["username"], USERNAME, "the user's name", exchange)
    lowered = exchange.body.lower()
    expect(b"password" not in lowered and b"argon" not in lowered, "no password in the answer", exchange)


@group.test("with http the cookie is named callcore: HttpOnly, SameSite=Lax, not Secure")
def cookie(world: World) -> None:
    exchange = world.anonymous().expect(200, "POST", "/api/auth/login", LOGIN)
    parts = cookie_parts(exchange)
    expect(parts[0].startswith(f"{COOKIE}="), f"a cookie named {COOKIE}", exchange)
    expect({"httponly", "samesite=lax"} <= attributes(parts), "HttpOnly and SameSite=Lax", exchange)
    expect("secure" not in attributes(parts), "no Secure", exchange)


@group.test("with https the cookie is named __Host-callcore: Secure, Path=/, no Domain")
def secure_cookie(world: World) -> None:
    with world.another_server(PUBLIC_URL="https://calls.acceptance.test") as server:
        api = Client(server.start().address, "__Host-callcore")
        api.set_up()
        exchange = api.expect(200, "POST", "/api/auth/login", LOGIN)
        parts = cookie_parts(exchange)
        expect(parts[0].startswith("__Host-callcore="), "a cookie named __Host-callcore", exchange)
        wanted = {"httponly", "samesite=lax", "secure", "path=/"}
        expect(wanted <= attributes(parts), f"the attributes {sorted(wanted)}", exchange)
        expect(not any(part.startswith("domain=") for part in attributes(parts)), "no Domain", exchange)
        api.get("/api/auth/user")


def cookie_parts(exchange: Exchange) -> list[str]:
    lines = exchange.all("set-cookie")
    expect(len(lines) == 1, "exactly one Set-Cookie header", exchange)
    return [part.strip() for part in lines[0].split(";")]


def attributes(parts: list[str]) -> set[str]:
    return {part.lower() for part in parts[1:]}


@group.test("a wrong password and an unknown name are refused with the same answer")
def wrong_password(world: World) -> None:
    client = world.anonymous()
    wrong = client.request("POST", "/api/auth/login", LOGIN | {"password": "not the password"})
    unknown = client.request("POST", "/api/auth/login", {"username": "nobody", "password": "not the password"})
    for exchange in (wrong, unknown):
        expect_problem(exchange, 401)
        expect(not exchange.all("set-cookie"), "no cookie", exchange)
    expect(wrong.body == unknown.body, f"the same answer as for a wrong password: {wrong.body!r}", unknown)


def not_signed_in(world: World, path: str) -> None:
    nobody = world.anonymous()
    expect_problem(nobody.request("GET", path), 401)
    nobody.cookie = "0123456789abcdef0123456789abcdef"
    expect_problem(nobody.request("GET", path), 401)
    nobody.cookie, nobody.api_key = None, "not-a-key"
    expect_problem(nobody.request("GET", path), 401)


for path in PROTECTED:
    group.each(f"GET {path} needs a session or a key", not_signed_in, path)


@group.test("nobody can create anything without a session, whatever the body")
def no_writing(world: World) -> None:
    nobody = world.anonymous()
    for path in ("/api/campaigns", "/api/buyers", "/api/numbers", "/api/auth/api-keys"):
        expect_problem(nobody.request("POST", path, {"name": 1}), 401)
        expect_problem(nobody.request("POST", path, raw=b"{"), 401)


@group.test("signing out ends the session for good, and only this one")
def log_out(world: World) -> None:
    other, client = world.anonymous().log_in(), world.anonymous().log_in()
    kept = client.cookie
    exchange = client.request("POST", "/api/auth/logout")
    expect(exchange.status in (200, 204), "status 200 or 204", exchange)
    client.cookie = kept
    expect_problem(client.request("GET", "/api/auth/user"), 401)
    other.get("/api/auth/user")


def session_ids(client: Client) -> set[str]:
    return {item["id"] for item in client.items("/api/auth/sessions")}


@group.test("the sessions are listed, and one that is deleted is dead at once")
def sessions(world: World) -> None:
    mine = world.anonymous().log_in()
    before = session_ids(mine)
    other = world.anonymous().log_in()
    new = session_ids(mine) - before
    expect_equal(len(new), 1, "the number of new sessions after another sign-in")
    listed = mine.expect(200, "GET", "/api/auth/sessions")
    for client in (mine, other):
        expect(str(client.cookie).encode() not in listed.body, "no cookie in the list", listed)
    path = f"/api/auth/sessions/{new.pop()}"
    mine.delete(path)
    expect_problem(other.request("GET", "/api/auth/user"), 401)
    expect_problem(mine.request("DELETE", path), 404)
    mine.get("/api/auth/user")


@group.test("an API key is shown once, works as a Bearer token, and stops working once it is deleted")
def api_keys(world: World) -> None:
    made = world.api.expect(201, "POST", "/api/auth/api-keys", {"name": "acceptance"})
    secret, key_id = shown_key(made), made.json()["id"]
    program = world.anonymous()
    program.api_key = secret
    program.get("/api/buyers")
    program.post("/api/buyers", {"name": "made by a key", "destination": "+12125550199"})
    listed = world.api.expect(200, "GET", "/api/auth/api-keys")
    expect(secret.encode() not in listed.body, "the key not to be shown again", listed)
    expect(key_id in [item["id"] for item in listed.json()["items"]], "the key to be listed", listed)
    world.api.delete(f"/api/auth/api-keys/{key_id}")
    expect_problem(program.request("GET", "/api/buyers"), 401)
    expect_problem(world.api.request("DELETE", f"/api/auth/api-keys/{key_id}"), 404)


def shown_key(exchange: Exchange) -> str:
    body = exchange.json()
    for name in ("key", "token", "secret", "apiKey"):
        if isinstance(body.get(name), str):
            return str(body[name])
    expect(False, "the new key under key, token, secret or apiKey", exchange)
    return ""


EVIL = "https://evil.example"


def cross_site(world: World, headers: Headers, allowed: bool) -> None:
    """Every unsafe method with these headers, in a session."""
    buyer = world.site.buyer()
    body = {"name": "B", "destination": buyer["destination"]}
    path = f"/api/buyers/{buyer['id']}"
    for method, where, sent, good in (
        ("POST", "/api/buyers", body, 201), ("PUT", path, body, 200), ("DELETE", path, None, 204),
    ):
        exchange = world.api.request(method, where, sent, headers=headers)
        if allowed:
            expect_equal(exchange.status, good, "the status", exchange)
        else:
            expect_problem(exchange, 403)
    if not allowed:
        expect_problem(world.anonymous().request("POST", "/api/auth/login", LOGIN, headers=headers), 403)
    got = world.api.request("GET", "/api/buyers", headers=headers)
    expect_equal(got.status, 200, "the status of a safe method", got)


for title, headers, allowed in (
    ("Sec-Fetch-Site cross-site", [("Sec-Fetch-Site", "cross-site")], False),
    ("Sec-Fetch-Site same-site", [("Sec-Fetch-Site", "same-site")], False),
    ("Sec-Fetch-Site cross-site with our Origin", [("Sec-Fetch-Site", "cross-site"), ("Origin", PUBLIC_URL)], False),
    ("another Origin", [("Origin", EVIL)], False),
    ("the Origin null", [("Origin", "null")], False),
    ("our host with https as Origin", [("Origin", PUBLIC_URL.replace("http:", "https:"))], False),
    ("an Origin that begins like ours", [("Origin", f"{PUBLIC_URL}.evil.example")], False),
    ("Sec-Fetch-Site same-origin", [("Sec-Fetch-Site", "same-origin")], True),
    ("Sec-Fetch-Site none", [("Sec-Fetch-Site", "none")], True),
    ("Sec-Fetch-Site same-origin, whatever the Origin", [("Sec-Fetch-Site", "same-origin"), ("Origin", EVIL)], True),
    ("our Origin", [("Origin", PUBLIC_URL)], True),
    ("neither header", [], True),
):
    group.each(f"a change with {title} is {'accepted' if allowed else 'refused with 403'}", cross_site, headers, allowed)


@group.test("a request with an API key may come from anywhere")
def key_from_anywhere(world: World) -> None:
    made = world.api.expect(201, "POST", "/api/auth/api-keys", {"name": "from anywhere"})
    program = world.anonymous()
    program.api_key = shown_key(made)
    headers = [("Sec-Fetch-Site", "cross-site"), ("Origin", EVIL)]
    body = {"name": "B", "destination": "+12125550198"}
    exchange = program.request("POST", "/api/buyers", body, headers=headers)
    expect_equal(exchange.status, 201, "the status", exchange)


@group.test("the owner and the sessions survive a restart")
def survives(world: World) -> None:
    with world.another_server() as server:
        site = Site.on(server.start())
        restart(server)
        site.api.get("/api/auth/user")
        expect_problem(site.api.set_up(), 409)


def restart(server: Server) -> None:
    server.kill()
    server.start()
