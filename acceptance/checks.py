"""Expectations that many tests share. Each failure names the request, the answer and what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

from wire import Exchange, Failed

Result = TypeVar("Result")
PROBLEM = "application/problem+json"
UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
POINTER = re.compile(r"(/([^~/]|~[01])*)*")


def expect(holds: bool, expectation: str, exchange: Exchange | None = None) -> None:
    if not holds:
        raise Failed(expectation, exchange)


def expect_equal(actual: Any, wanted: Any, what: str, exchange: Exchange | None = None) -> None:
    expect(actual == wanted, f"{what} to be {wanted!r}, not {actual!r}", exchange)


def expect_problem(
    exchange: Exchange, status: int | Iterable[int], paths: Iterable[str] = (), code: str | None = None
) -> None:
    """The documented error document, naming every one of `paths`.

    A missing or unknown field may be reported at its own pointer or at its parent's, if the message names the field.
    """
    allowed = (status,) if isinstance(status, int) else tuple(status)
    expect(exchange.status in allowed, f"status {' or '.join(map(str, allowed))}", exchange)
    expect(exchange.media_type == PROBLEM, f"the media type {PROBLEM}", exchange)
    document = exchange.json()
    expect(isinstance(document, dict), "a problem document that is an object", exchange)
    for name in ("type", "title", "detail"):
        expect(isinstance(document.get(name), str), f"the problem document to have the text {name}", exchange)
    expect(document.get("status") == exchange.status, "the problem's status to be the HTTP status", exchange)
    errors = document.get("errors")
    expect(isinstance(errors, list), "the problem document to have the list errors", exchange)
    for error in errors:
        texts = isinstance(error, dict) and all(isinstance(error.get(name), str) for name in ("path", "code", "message"))
        expect(texts, "each error to have the texts path, code and message", exchange)
        expect(POINTER.fullmatch(error["path"]) is not None, "each path to be a JSON Pointer", exchange)
    for path in paths:
        expect(any(_is_about(error, path) for error in errors), f"an error about {path}", exchange)
    if code is not None:
        codes = [error["code"] for error in errors] + [document.get("code"), document["type"].rpartition("/")[2]]
        expect(code in codes, f"the code {code}", exchange)


def _is_about(error: dict[str, str], path: str) -> bool:
    parent, _, name = path.rpartition("/")
    return error["path"] == path or (error["path"] == parent and name in error["message"])


def expect_resource(resource: Any, exchange: Exchange | None = None) -> None:
    expect(isinstance(resource, dict), "the resource itself, an object", exchange)
    expect(UUID.fullmatch(str(resource.get("id"))) is not None, "a top-level id that is a UUID", exchange)
    for name in ("createdAt", "updatedAt"):
        expect_utc(resource.get(name), name, exchange)


def expect_utc(value: Any, what: str, exchange: Exchange | None = None) -> None:
    expect(UTC_TIME.fullmatch(str(value)) is not None, f"{what} to be an RFC 3339 UTC time, not {value!r}", exchange)


def instant(value: Any) -> datetime:
    """An RFC 3339 time that can be compared, whatever the number of its decimals."""
    expect_utc(value, "the time")
    return datetime.fromisoformat(str(value))


def at_once(acts: list[Callable[[], Result]]) -> list[Result]:
    """Runs all acts at the same time; the first failure is the failure of all."""
    with ThreadPoolExecutor(max_workers=len(acts)) as pool:
        return [future.result() for future in [pool.submit(act) for act in acts]]
