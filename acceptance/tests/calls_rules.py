"""Who may take a call: hours, holidays, duplicates, place, availability, priority and shares."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from api import Json
from checks import expect
from runner import Group
from world import World, fresh_caller

group = Group("routing rules")

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FAR_EAST, FAR_WEST = "Pacific/Kiritimati", "Pacific/Pago_Pago"


def open_between(zone: str, hours_from: float, hours_to: float) -> Json:
    """Weekly hours with one range, from and to so many hours from now on the wall clock of `zone`."""
    now = datetime.now(ZoneInfo(zone))
    opens, closes = now + timedelta(hours=hours_from), now + timedelta(hours=hours_to)
    one_range = {"open": f"{opens:%H:%M}", "close": f"{closes:%H:%M}"}
    return {"businessHours": {DAYS[opens.weekday()]: {"enabled": True, "timeRanges": [one_range]}}}


def always_open() -> Json:
    whole_day = {"enabled": True, "timeRanges": [{"open": "00:00", "close": "24:00"}]}
    return {"businessHours": {day: whole_day for day in DAYS}}


def holiday(zone: str, enabled: bool) -> Json:
    """Today and tomorrow, as the day may end between now and the call."""
    now = datetime.now(ZoneInfo(zone))
    days = [f"{now + timedelta(days=later):%Y-%m-%d}" for later in range(2)]
    return {"holidays": [{"date": day, "enabled": enabled, "name": "Founder's day"} for day in days]}


def taken(world: World, fields: Json, **call_fields: str | None) -> None:
    line = world.site.line(fields, {})
    line.expect_dials(line.ring(**call_fields), 0)


def refused(world: World, fields: Json, **call_fields: str | None) -> None:
    line = world.site.line(fields, {})
    line.expect_dials(line.ring(**call_fields), 1)


def hours(world: World, zone: str, schedule: Json, is_open: bool) -> None:
    (taken if is_open else refused)(world, {"timezone": zone, "schedule": schedule})


for zone in (FAR_EAST, FAR_WEST, "America/New_York"):
    group.each(f"a buyer in {zone} whose hours are now is dialled", hours, zone, open_between(zone, -2, 2), True)
    group.each(f"a buyer in {zone} whose hours begin later is passed over", hours, zone, open_between(zone, 2, 4), False)
    group.each(f"a buyer in {zone} whose hours are over is passed over", hours, zone, open_between(zone, -4, -2), False)
group.each("hours that run past midnight hold on the next day", hours, "UTC", open_between("UTC", -23, 0.9), True)
group.each("a day from 00:00 to 24:00 is open", hours, FAR_EAST, always_open(), True)
group.each("a schedule without any open day is closed", hours, "UTC", {"businessHours": {}}, False)
group.each("a weekday that is not enabled is closed", hours, "UTC",
           {"businessHours": {day: always_open()["businessHours"][day] | {"enabled": False} for day in DAYS}}, False)
group.each("a holiday in the buyer's zone closes an open day", hours, FAR_EAST,
           always_open() | holiday(FAR_EAST, True), False)
group.each("a holiday that is not enabled changes nothing", hours, FAR_EAST,
           always_open() | holiday(FAR_EAST, False), True)


@group.test("nobody is open: no-route message")
def nobody_open(world: World) -> None:
    line = world.site.line({"schedule": open_between("UTC", 2, 4)})
    line.expect_no_route(line.ring())


NO_PLACE = {"FromState": None, "FromZip": None, "FromCity": None, "FromCountry": None,
            "CallerState": None, "CallerZip": None, "CallerCity": None, "CallerCountry": None}


def place(world: World, allow: list[Json], deny: list[Json], call_fields: dict[str, str | None], ok: bool) -> None:
    (taken if ok else refused)(world, {"geo": {"allow": allow, "deny": deny}}, **call_fields)


def rule(kind: str, value: str) -> Json:
    return {"kind": kind, "value": value}


NEW_YORK, TEXAS, USA = rule("state", "NY"), rule("state", "TX"), rule("country", "US")
FROM_TEXAS: dict[str, str | None] = {"FromState": "TX", "CallerState": "TX", "FromZip": "75001", "CallerZip": "75001"}
for title, allow, deny, call_fields, ok in (
    ("a caller from an allowed state is connected", [NEW_YORK], [], {}, True),
    ("a caller from another state is not", [NEW_YORK], [], FROM_TEXAS, False),
    ("one of several allowed states is enough", [NEW_YORK, TEXAS], [], FROM_TEXAS, True),
    ("deny goes before allow", [USA], [TEXAS], FROM_TEXAS, False),
    ("a deny list alone lets others through", [], [TEXAS], {}, True),
    ("an unknown place fails an allow list", [NEW_YORK], [], {"caller": "+442079460123"} | NO_PLACE, False),
    ("an unknown place passes a deny list", [], [TEXAS], {"caller": "+442079460124"} | NO_PLACE, True),
    ("an allowed area code is that of the caller's number", [rule("area_code", "646")], [], {}, True),
    ("another area code is not allowed", [rule("area_code", "415")], [], {}, False),
    ("a ZIP prefix matches the beginning", [rule("zip_prefix", "100")], [], {}, True),
    ("another ZIP prefix does not", [rule("zip_prefix", "750")], [], {}, False),
):
    group.each(f"place: {title}", place, allow, deny, call_fields, ok)


def duplicate(world: World, scope: str, after: str, seconds: int, expected: int | None) -> None:
    again = {"duplicates": {"scope": scope, "after": after, "days": 7}}
    line = world.site.line(again, again)
    caller = fresh_caller()
    line.expect_dials(line.ring(caller), 0).talk(seconds)
    second = line.ring(caller)
    line.expect_no_route(second) if expected is None else line.expect_dials(second, expected)
    line.expect_dials(line.ring(), 0)


group.each("a caller who was connected goes to another buyer the next time", duplicate, "buyer", "connected", 60, 1)
group.each("a caller who was connected is refused by the whole campaign", duplicate, "campaign", "connected", 60, None)
group.each("duplicates none: the same buyer takes the caller again", duplicate, "none", "connected", 60, 0)
group.each("a caller who never converted is no duplicate of a conversion", duplicate, "buyer", "converted", 60, 0)


@group.test("a caller who was not connected is no duplicate")
def no_duplicate(world: World) -> None:
    line = world.site.line({"duplicates": {"scope": "buyer", "after": "connected", "days": 7}})
    caller = fresh_caller()
    line.ring(caller).result("busy")
    line.expect_dials(line.ring(caller), 0)


@group.test("the only buyer refuses a duplicate: no-route message")
def duplicate_alone(world: World) -> None:
    line = world.site.line({"duplicates": {"scope": "buyer", "after": "connected", "days": 7}})
    caller = fresh_caller()
    line.ring(caller).talk()
    line.expect_no_route(line.ring(caller))


group.each("a paused buyer is passed over", refused, {"status": "paused"})
for availability in ("busy", "break", "offline"):
    group.each(f"a buyer who is {availability} is passed over", refused, {"availability": availability})


@group.test("a buyer who is paused between two dials is not dialled")
def paused_between(world: World) -> None:
    line = world.site.line({}, {}, {})
    call = line.expect_dials(line.ring(), 0)
    buyer = line.buyers[1]
    world.api.put(f"/api/buyers/{buyer['id']}", buyer | {"status": "paused"})
    call.result("busy")
    line.expect_dials(call, 2)


@group.test("priority 1 is dialled before 2, and 2 before 10, whatever the order of assignment")
def priority_order(world: World) -> None:
    line = world.site.line({"priority": 10}, {"priority": 2}, {"priority": 1})
    call = line.ring()
    for wanted in (2, 1, 0):
        line.expect_dials(call, wanted)
        call.result("busy")
    line.expect_no_route(call)


@group.test("the priority of an assignment stands above the buyer's own")
def priority_override(world: World) -> None:
    line = world.site.line({"priority": 1}, {"priority": 2}, assignments=[{"priority": 9}, {}])
    line.expect_dials(line.ring(), 1)


@group.test("a removed assignment is not dialled")
def removed(world: World) -> None:
    line = world.site.line({}, {})
    world.api.delete(f"/api/campaigns/{line.campaign['id']}/buyers/{line.buyers[0]['id']}")
    line.expect_dials(line.ring(), 1)


def shares(world: World, weights: tuple[int, ...], in_assignment: bool) -> None:
    own = [{"priority": 5, "weight": 1 if in_assignment else weight} for weight in weights]
    overrides = [{"weight": weight} for weight in weights] if in_assignment else []
    line = world.site.line(*own, campaign={"strategy": "round_robin"}, assignments=overrides)
    places = {buyer["destination"]: place for place, buyer in enumerate(line.buyers)}
    counts = [0] * len(weights)
    for calls in range(1, 31):
        call = line.ring()
        counts[places[call.dial.target]] += 1
        call.result("completed", 30)
        for count, weight in zip(counts, weights, strict=True):
            exact = weight * calls / sum(weights)
            expect(abs(count - exact) < 1, f"less than a whole call off the exact share after {calls}: {counts}")


group.each("round robin 3:2:1 is never a whole call off the exact share", shares, (3, 2, 1), False)
group.each("round robin 1:1 alternates", shares, (1, 1), False)
group.each("round robin by the weights of the assignments", shares, (1, 4), True)


@group.test("capacity: the buyer with the most free share is dialled first")
def capacity(world: World) -> None:
    line = world.site.line(
        {"priority": 5, "caps": {"concurrent": 2}}, {"priority": 5, "caps": {"concurrent": 10}},
        campaign={"strategy": "capacity"},
    )
    first = line.ring()
    if first.dial.target == line.buyers[0]["destination"]:
        line.expect_dials(line.ring(), 1)
    else:
        line.expect_dials(line.ring(), 0)
