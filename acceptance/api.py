"""A client of the JSON API: keeps the session cookie, or uses an API key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from wire import Exchange, Failed, Headers, send

USERNAME = "owner"
PASSWORD = "correct horse battery staple 47"
COOKIE = "callcore"

Json = dict[str, Any]


class Client:
    """One browser or program. Two clients have two sessions."""

    def __init__(self, address: tuple[str, int], cookie_name: str = COOKIE) -> None:
        self.address = address
        self.cookie_name = cookie_name
        self.cookie: str | None = None
        self.api_key: str | None = None

    # Requests as they are, whatever the answer.

    def request(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None,
        media_type: str | None = "application/json", headers: Headers | None = None,
    ) -> Exchange:
        """`body` is sent as JSON; `raw` is sent as it stands; without either there is no body and no media type."""
        sent = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        all_headers: Headers = [("Accept", "application/json")]
        if (body is not None or raw is not None) and media_type is not None:
            all_headers.append(("Content-Type", media_type))
        if self.api_key is not None:
            all_headers.append(("Authorization", f"Bearer {self.api_key}"))
        if self.cookie is not None:
            all_headers.append(("Cookie", f"{self.cookie_name}={self.cookie}"))
        exchange = send(self.address, method, path, all_headers + (headers or []), sent)
        self._remember_cookie(exchange)
        return exchange

    def _remember_cookie(self, exchange: Exchange) -> None:
        for line in exchange.all("set-cookie"):
            found = re.match(rf"{re.escape(self.cookie_name)}=([^;]*)", line)
            if found:
                self.cookie = found.group(1) or None

    # Requests that must succeed.

    def expect(self, status: int, method: str, path: str, body: Any = None) -> Exchange:
        exchange = self.request(method, path, body)
        if exchange.status != status:
            raise Failed(f"status {status}", exchange)
        return exchange

    def get(self, path: str, **query: Any) -> Any:
        return self.expect(200, "GET", with_query(path, query)).json()

    def post(self, path: str, body: Any) -> Any:
        return self.expect(201, "POST", path, body).json()

    def put(self, path: str, body: Any) -> Any:
        return self.expect(200, "PUT", path, body).json()

    def action(self, path: str) -> Any:
        return self.expect(200, "POST", path).json()

    def delete(self, path: str) -> None:
        self.expect(204, "DELETE", path)

    def pages(self, path: str, **query: Any) -> Iterator[list[Json]]:
        """The list, page by page, following `nextCursor` to the end."""
        cursor: str | None = None
        for _ in range(10_000):
            page = self.get(path, **query, **({"cursor": cursor} if cursor else {}))
            yield page["items"]
            cursor = page["nextCursor"]
            if cursor is None:
                return
        raise Failed(f"{path} to come to an end")

    def items(self, path: str, **query: Any) -> list[Json]:
        return [item for page in self.pages(path, **query) for item in page]

    # The session.

    def set_up(self) -> Exchange:
        return self.request("POST", "/api/auth/setup", {"username": USERNAME, "password": PASSWORD})

    def log_in(self) -> Client:
        exchange = self.expect(200, "POST", "/api/auth/login", {"username": USERNAME, "password": PASSWORD})
        if not self.cookie:
            raise Failed(f"a Set-Cookie header with the cookie {self.cookie_name}", exchange)
        return self


def with_query(path: str, query: dict[str, Any]) -> str:
    return f"{path}?{urlencode(query, quote_via=quote)}" if query else path
