"""External bidders: a small HTTP server that answers bid requests as each test tells it to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from api import Json

TARGETS, ROUTERS = "/api/rtb/targets", "/api/rtb/routers"
# How long a bidder has that is meant to be in time, in milliseconds: the most there is, for a machine that is busy.
PATIENCE_MS = 8_000
# An id that nobody has.
NOBODY = "7b1f6c1e-5a53-4c51-9a0c-0d6f3a3f9d11"


@dataclass(frozen=True)
class Asked:
    """One request that a bidder got."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """What a bidder answers: an object as JSON, text as it stands. `delay` is in seconds."""

    body: Any = ""
    status: int = 200
    delay: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


class Bidder:
    """One bidder with an address of its own. It remembers what it was asked, by the last word of the path."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: dict[str, Answer | Callable[[Asked], Answer]] = {}
        self.asked: list[Asked] = []

    def answer(self, body: Any = "", **more: Any) -> Bidder:
        """From now on this is the answer to bid requests."""
        self.answers["bid"] = Answer(body, **more)
        return self

    def count(self, word: str = "bid") -> int:
        return len([asked for asked in self.asked if asked.path.endswith(f"/{word}")])

    def last(self, word: str = "bid") -> Asked:
        return [asked for asked in self.asked if asked.path.endswith(f"/{word}")][-1]


class Bidders:
    """The server behind all bidders of a run; it ends with the process."""

    def __init__(self) -> None:
        self.known: dict[str, Bidder] = {}
        known = self.known

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_POST(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
                _, name, word = parts.path.split("/")[:3]
                bidder = known[name]
                bidder.asked.append(asked)
                script = bidder.answers.get(word, Answer(status=404))
                answer = script(asked) if callable(script) else script
                time.sleep(answer.delay)
                content = answer.encoded()
                try:
                    self.send_response(answer.status)
                    for header, value in answer.headers.items():
                        self.send_header(header, value)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except OSError:
                    self.close_connection = True

            do_GET = do_POST

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def new(self) -> Bidder:
        name = f"b{len(self.known)}"
        self.known[name] = Bidder(f"http://127.0.0.1:{self.server.server_port}/{name}")
        return self.known[name]


def money(amount: str, currency: str = "USD") -> Json:
    return {"amount": amount, "currency": currency}


# How each platform is asked and answers: the target that asks it, and its answer for an amount and a number.


def ringba(bidder: Bidder, amount: float, number: str) -> Json:
    bidder.answer({"bidId": "RTB1", "bidAmount": amount, "expireInSeconds": 39, "phoneNumber": number,
                   "bidTerms": [{"callMinDuration": 90}], "warnings": []})
    return {
        "name": "Ringba-like", "timeoutMs": PATIENCE_MS, "endpointUrl": f"{bidder.url}/bid",
        "requestBody": '{"CID":"{callerIdDigits}","zipcode":"{callerZip}","Zipcode":"{callerZip}","age":"{tag.age}"}',
        "response": {"bidAmountPath": "bidAmount", "destinationNumberPath": "phoneNumber | sipAddress", "bidIdPath": "bidId",
                     "durationPath": "bidTerms[0].callMinDuration", "expiresPath": "expireInSeconds",
                     "reasonPath": "rejectReason"},
    }


def retreaver(bidder: Bidder, amount: float, number: str) -> Json:
    bidder.answer({"uuid": "c6e4ce37", "status": "reserved", "retreaver_payout": amount, "retreaver_seconds": 10,
                   "inbound_number": number, "expires_at": "2099-10-28T12:08:49.880Z"})
    return {
        "name": "Retreaver-like", "contentType": "form",
        "timeoutMs": PATIENCE_MS, "endpointUrl": f"{bidder.url}/bid?key=K&caller_number={{callerId}}",
        "requestBody": "caller_zip={callerZip}",
        "response": {"acceptancePath": "status", "bidAmountPath": "retreaver_payout",
                     "destinationNumberPath": "inbound_number", "expiresPath": "expires_at"},
    }


def trackdrive(bidder: Bidder, amount: float, number: str) -> Json:
    bidder.answer({"success": True, "status": "accepted", "try_all_buyers_ping_id": "xyz789",
                   "buyers": [{"ping_id": "abc123", "id": 1, "name": "Buyer A", "bid_price": amount}]})
    bidder.answers["post"] = Answer({"success": True, "status": "accepted", "forwarding_number": number})
    accepted = "success == true && status == accepted"
    return {
        "name": "TrackDrive-like", "timeoutMs": PATIENCE_MS, "endpointUrl": f"{bidder.url}/bid",
        "requestBody": '{"caller_id":"{callerIdDigits}"}',
        "response": {"acceptancePath": accepted, "bidAmountPath": "buyers[0].bid_price", "bidIdPath": "buyers[0].ping_id",
                     "reasonPath": "errors[0] | status"},
        "confirm": {
            "timeoutMs": 4_000, "endpointUrl": f"{bidder.url}/post",
            "requestBody": '{"ping_id":"{bidId}","caller_id":"{callerIdDigits}"}',
            "response": {"acceptancePath": accepted, "destinationNumberPath": "forwarding_number",
                         "reasonPath": "errors[0] | status"},
        },
    }


def callgrid(bidder: Bidder, amount: float, number: str) -> Json:
    bidder.answer({"code": 1000, "message": "Accepted", "bid": str(amount), "phoneNumber": number})
    return {
        "name": "CallGrid-like", "timeoutMs": PATIENCE_MS, "endpointUrl": f"{bidder.url}/bid",
        "requestBody": '{"CallerId":"{callerIdNational}","InboundStateCode":"{callerState}","pstn":true}',
        "response": {"acceptancePath": "code", "bidAmountPath": "bidAmount | bid", "reasonPath": "message"},
    }


def plain_xml(bidder: Bidder, amount: float, number: str) -> Json:
    bidder.answer(f"<bid><accepted>true</accepted><bidAmount>{amount}</bidAmount>"
                  f"<destinationNumber>{number}</destinationNumber></bid>", headers={"Content-Type": "text/xml"})
    return {
        "name": "Plain XML", "timeoutMs": PATIENCE_MS, "endpointUrl": f"{bidder.url}/bid", "contentType": "xml",
        "response": {"acceptancePath": "bid.accepted | accepted", "bidAmountPath": "bid.bidAmount | bidAmount",
                     "destinationNumberPath": "bid.destinationNumber | destinationNumber"},
    }


def plain(bidder: Bidder, amount: float, number: str) -> Json:
    bidder.answer({"accepted": True, "bidAmount": amount, "destinationNumber": number})
    return {"name": "Plain", "timeoutMs": PATIENCE_MS, "endpointUrl": f"{bidder.url}/bid"}
