"""The carrier's REST API: a small HTTP server that takes requests to ring somebody, and makes or refuses a call."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from carrier import sid
from server import ACCOUNT_SID, AUTH_TOKEN

CALLS = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json"
SIGNED_IN = "Basic " + base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()


class Rest:
    """Remembers what it was asked. While `refusal` is set, it answers that: a status and a body."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.made: list[str] = []
        self.refusal: tuple[int, Any] | None = None
        rest = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                if self.path != CALLS or self.headers.get("Authorization") != SIGNED_IN:
                    self.answer(401, {"code": 20003, "message": "Authenticate", "status": 401})
                    return
                rest.asked.append(dict(parse_qsl(body, keep_blank_values=True)))
                if rest.refusal is not None:
                    self.answer(*rest.refusal)
                    return
                rest.made.append(sid("CA"))
                self.answer(201, {"sid": rest.made[-1], "status": "queued"})

            def answer(self, status: int, content: Any) -> None:
                encoded = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(encoded)))
                self.end_headers()
                self.wfile.write(encoded)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
