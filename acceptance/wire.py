"""One HTTP request and its answer, kept whole so that a failure can show both."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

TIMEOUT_SECONDS = 15.0
SHOWN_BYTES = 1500

Headers = list[tuple[str, str]]


class Failed(Exception):
    """An expectation that does not hold, with the request and the answer it is about."""

    def __init__(self, expectation: str, exchange: Exchange | None = None) -> None:
        super().__init__(expectation)
        self.expectation = expectation
        self.exchange = exchange
        self.last = latest()

    def __str__(self) -> str:
        return f"{shown(self.exchange, self.last)}expected: {self.expectation}"


_latest: list[Exchange] = []


def latest() -> Exchange | None:
    """The last exchange of all: what a failure shows when it is about nothing more specific."""
    return _latest[0] if _latest else None


def shown(exchange: Exchange | None, last: Exchange | None) -> str:
    if exchange is not None:
        return f"{exchange.describe()}\n"
    return f"(the last request before the failure)\n{last.describe()}\n" if last is not None else ""


def shorten(data: bytes) -> str:
    text = data[:SHOWN_BYTES].decode("utf-8", "replace")
    return text if len(data) <= SHOWN_BYTES else f"{text}… ({len(data)} bytes)"


@dataclass(frozen=True)
class Exchange:
    """What was sent and what came back."""

    method: str
    url: str
    sent_headers: Headers
    sent: bytes
    status: int
    headers: Headers
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str:
        return ", ".join(self.all(name))

    @property
    def media_type(self) -> str:
        return self.header("content-type").split(";")[0].strip().lower()

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Failed(f"a JSON body ({error})", self) from error

    def describe(self) -> str:
        lines = [f"request:  {self.method} {self.url}"]
        lines += [f"          {key}: {value}" for key, value in self.sent_headers]
        if self.sent:
            lines.append(f"          {shorten(self.sent)}")
        lines.append(f"response: {self.status}")
        lines += [f"          {key}: {value}" for key, value in self.headers]
        lines.append(f"          {shorten(self.body)}")
        return "\n".join(lines)


def send(
    address: tuple[str, int], method: str, path: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b""
) -> Exchange:
    """Sends one request over its own connection. A server that answers before it has read the whole body is heard."""
    connection = http.client.HTTPConnection(*address, timeout=TIMEOUT_SECONDS)
    sent_headers = list(headers)
    url = f"http://{address[0]}:{address[1]}{path}"
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for key, value in sent_headers:
            connection.putheader(key, value)
        if body or method in ("POST", "PUT"):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        try:
            if body:
                connection.send(body)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = connection.getresponse()
        exchange = Exchange(method, url, sent_headers, body, answer.status, answer.getheaders(), answer.read())
        _latest[:] = [exchange]
        return exchange
    except (OSError, http.client.HTTPException) as error:
        problem = f"an answer within {TIMEOUT_SECONDS:.0f} s, but there was {type(error).__name__}: {error}"
        raise Failed(problem, Exchange(method, url, sent_headers, body, 0, [], b"")) from error
    finally:
        connection.close()
