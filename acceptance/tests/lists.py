"""Lists: their shape, newest first, limit and cursor."""

from __future__ import annotations

from api import Client, Json
from checks import expect, expect_equal, expect_resource, instant
from runner import Group
from world import World, fresh_number

group = Group("lists")

MANY = 120
KINDS = ("campaigns", "buyers", "numbers")


def make(world: World, kind: str, place: int) -> str:
    body: Json = {
        "campaigns": {"name": f"C {place}", "routingType": "direct"},
        "buyers": {"name": f"B {place}", "destination": "+12125550144"},
        "numbers": {"number": fresh_number()},
    }[kind]
    return str(world.api.post(f"/api/{kind}", body)["id"])


def ids(items: list[Json]) -> list[str]:
    return [item["id"] for item in items]


def check_shape(api: Client, path: str) -> None:
    exchange = api.expect(200, "GET", path)
    page = exchange.json()
    expect_equal(set(page), {"items", "nextCursor"}, "the names of the page", exchange)
    expect(isinstance(page["items"], list), "items to be a list", exchange)
    expect(page["nextCursor"] is None or isinstance(page["nextCursor"], str), "nextCursor to be null or a text", exchange)


def paging(world: World, kind: str) -> None:
    path = f"/api/{kind}"
    made = [make(world, kind, place) for place in range(MANY)]
    newest = made[::-1]
    check_shape(world.api, path)
    first = world.api.get(path)
    expect_equal(ids(first["items"]), newest[:50], "50 items unless told otherwise, newest first")
    for item in first["items"]:
        expect_resource(item)
    for limit in (1, 7, 50, 500):
        taken: list[str] = []
        for page in world.api.pages(path, limit=limit):
            expect(len(page) <= limit, f"at most {limit} items, not {len(page)}")
            taken += ids(page)
            if len(taken) >= MANY or limit == 1 and len(taken) >= 10:
                break
        expected = newest[:10] if limit == 1 else newest
        expect_equal(taken[:len(expected)], expected, f"the items in pages of {limit}")
        expect_equal(len(set(taken)), len(taken), f"the number of different items in pages of {limit}")


def to_the_end(world: World, kind: str) -> None:
    path = f"/api/{kind}"
    make(world, kind, 0)
    pages = list(world.api.pages(path, limit=500))
    every = [item for page in pages for item in page]
    expect_equal(len(set(ids(every))), len(every), "the number of different items")
    created = [instant(item["createdAt"]) for item in every]
    expect(created == sorted(created, reverse=True), "createdAt to fall from item to item")
    expect(all(len(page) == 500 for page in pages[:-1]), "full pages before the last one")


def while_growing(world: World, kind: str) -> None:
    """A new item and a deleted one between two pages neither repeat nor hide another."""
    path = f"/api/{kind}"
    made = [make(world, kind, place) for place in range(6)][::-1]
    first = world.api.get(path, limit=3)
    make(world, kind, 6)
    world.api.delete(f"{path}/{made[2]}")
    second = world.api.get(path, limit=3, cursor=first["nextCursor"])
    expect_equal(ids(first["items"]) + ids(second["items"]), made, "the two pages")


for kind in KINDS:
    group.each(f"{kind}: {MANY} items in pages of 1, 7, 50 and 500, newest first", paging, kind)
    group.each(f"{kind}: every page to the end, nothing twice", to_the_end, kind)
    group.each(f"{kind}: an item that is added or deleted while reading harms no page", while_growing, kind)


@group.test("the other lists have the same shape")
def shapes(world: World) -> None:
    campaign = world.site.campaign()
    for path in ("/api/calls", "/api/auth/sessions", "/api/auth/api-keys", f"/api/campaigns/{campaign['id']}/buyers"):
        check_shape(world.api, path)


@group.test("calls: newest first, in pages")
def calls(world: World) -> None:
    line = world.site.line({})
    sids = []
    for _ in range(9):
        call = line.ring()
        call.talk()
        sids.append(call.sid)
    pages = list(world.api.pages("/api/calls", campaignId=line.campaign["id"], limit=4))
    expect_equal([len(page) for page in pages], [4, 4, 1], "the sizes of the pages")
    listed = [item["carrierCallId"] for page in pages for item in page]
    expect_equal(listed, sids[::-1], "the calls, newest first")


@group.test("assignments: all buyers of a campaign in pages")
def assignments(world: World) -> None:
    campaign = world.site.campaign()
    buyers = [world.site.buyer() for _ in range(7)]
    for buyer in buyers:
        world.site.assign(campaign, buyer)
    items = world.api.items(f"/api/campaigns/{campaign['id']}/buyers", limit=3)
    expect_equal(len(items), 7, "the number of assignments")
    expect(all(buyer["id"] in str(items) for buyer in buyers), "every buyer in the list")
