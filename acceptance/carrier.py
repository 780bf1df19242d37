"""The carrier's side: signs and posts webhooks as Twilio does, and follows a call through our TwiML."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from server import ACCOUNT_SID, AUTH_TOKEN
from twiml import Dial, Reply
from wire import Exchange, Failed, send

VOICE = "/api/webhooks/voice"
STATUS = "/api/webhooks/status"
FALLBACK = "/api/webhooks/fallback"
FORM = "application/x-www-form-urlencoded; charset=utf-8"

Pairs = list[tuple[str, str]]


class Form:
    """Form fields in which a name may stand more than once, in the shape RequestValidator reads."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs = list(pairs)

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, _ in self.pairs])

    def __len__(self) -> int:
        return len(self.pairs)

    def getlist(self, name: str) -> list[str]:
        return [value for key, value in self.pairs if key == name]


def sign(url: str, pairs: Iterable[tuple[str, str]], token: str = AUTH_TOKEN) -> str:
    return str(RequestValidator(token).compute_signature(url, Form(pairs)))


def sid(prefix: str) -> str:
    return prefix + secrets.token_hex(16)


@dataclass(frozen=True)
class Carrier:
    """Speaks for one account. Addresses are public URLs; the connection goes to where the server listens."""

    address: tuple[str, int]
    public_url: str
    account_sid: str = ACCOUNT_SID
    token: str = AUTH_TOKEN

    def post(self, url: str, fields: Mapping[str, str] | Pairs) -> Exchange:
        """Posts to a public URL (or to a path under it) with a correct signature."""
        url = self.absolute(url)
        pairs = list(fields.items()) if isinstance(fields, Mapping) else fields
        return self.post_as(url, pairs, sign(url, pairs, self.token))

    def post_as(self, url: str, pairs: Pairs, signature: str | None, media_type: str = FORM) -> Exchange:
        """Posts with this signature header, or without one."""
        url = self.absolute(url)
        headers = [("User-Agent", "TwilioProxy/1.1"), ("Accept", "*/*"), ("Content-Type", media_type)]
        if signature is not None:
            headers.append(("X-Twilio-Signature", signature))
        body = urlencode(pairs).encode()
        return send(self.address, "POST", url.removeprefix(self.public_url), headers, body)

    def absolute(self, url: str) -> str:
        if url.startswith("/"):
            return self.public_url + url
        if not url.startswith(f"{self.public_url}/"):
            raise Failed(f"a URL that starts with {self.public_url}/, not {url}")
        return url

    def call(self, to: str, caller: str, **fields: str | None) -> Call:
        """A call that has not rung yet. `fields` change what the carrier says of it; None leaves a field out."""
        return Call(self, standard_fields(self.account_sid, to, caller) | fields)


def standard_fields(account_sid: str, to: str, caller: str) -> dict[str, str | None]:
    """Everything the carrier says of a call from New York to Chicago."""
    place = {"City": "NEW YORK", "State": "NY", "Zip": "10001", "Country": "US"}
    called_place = {"City": "CHICAGO", "State": "IL", "Zip": "60601", "Country": "US"}
    fields: dict[str, str | None] = {
        "CallSid": sid("CA"), "AccountSid": account_sid, "ApiVersion": "2010-04-01", "Direction": "inbound",
        "CallStatus": "ringing", "From": caller, "To": to, "Caller": caller, "Called": to,
        "StirVerstat": "TN-Validation-Passed-A", "CallToken": secrets.token_urlsafe(24),
    }
    for part, value in place.items():
        fields |= {f"From{part}": value, f"Caller{part}": value}
    for part, value in called_place.items():
        fields |= {f"To{part}": value, f"Called{part}": value}
    return fields


@dataclass
class Call:
    """One phone call. Every act posts the webhook the carrier would post, and reads the answer."""

    carrier: Carrier
    given: dict[str, str | None]
    reply: Reply | None = None
    child_sid: str = ""
    last_result: Pairs = field(default_factory=list)
    last_action: str = ""
    sequence: int = 0

    @property
    def sid(self) -> str:
        return self.given["CallSid"] or ""

    @property
    def caller(self) -> str:
        return self.given["From"] or ""

    def fields(self, **changed: str | None) -> Pairs:
        return [(name, value) for name, value in (self.given | changed).items() if value is not None]

    # The call arrives.

    def ring(self, **changed: str | None) -> Reply:
        self.reply = Reply.of(self.carrier.post(VOICE, self.fields(**changed)))
        return self.reply

    @property
    def dial(self) -> Dial:
        """The dial that the last answer asks for."""
        if self.reply is None:
            raise Failed("a call that has rung")
        return self.reply.dial(self.carrier.public_url)

    # The dial comes to an end.

    def result(self, outcome: str, seconds: int | None = None, **changed: str | None) -> Reply:
        """The leg ended as `outcome`: completed, busy, no-answer, failed or canceled."""
        self.last_action = self.dial.action
        self.last_result = self.result_fields(outcome, seconds, **changed)
        return self.repeat_result()

    def repeat_result(self) -> Reply:
        """The last dial result once more, to the same address."""
        self.reply = Reply.of(self.carrier.post(self.last_action, self.last_result))
        return self.reply

    def result_fields(self, outcome: str, seconds: int | None = None, **changed: str | None) -> Pairs:
        bridged = outcome == "completed"
        dialled: dict[str, str | None] = {
            "CallStatus": "in-progress",
            "DialCallStatus": outcome,
            "DialCallSid": sid("CA"),
            "DialCallDuration": str(seconds if seconds is not None else 60) if bridged else None,
            "DialBridged": "true" if bridged else "false",
        }
        return self.fields(**(dialled | changed))

    # The call itself ends, or moves on.

    def status(self, status: str, seconds: int | None = None, sequence: int | None = None) -> Exchange:
        """A status callback; it must be taken with 200 or 204."""
        self.sequence = self.sequence + 1 if sequence is None else sequence
        changed: dict[str, str | None] = {
            "CallStatus": status,
            "CallDuration": None if seconds is None else str(seconds),
            "Duration": None if seconds is None else str(-(-seconds // 60)),
            "Timestamp": formatdate(usegmt=True).replace("GMT", "+0000"),
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(self.sequence),
        }
        exchange = self.carrier.post(STATUS, self.fields(**changed))
        if exchange.status not in (200, 204):
            raise Failed("a status callback to be taken with 200 or 204", exchange)
        return exchange

    def talk(self, seconds: int = 60) -> Reply:
        """The dialled party answers, both talk, both hang up."""
        reply = self.result("completed", seconds)
        self.status("completed", seconds)
        return reply

    def hang_up(self, seconds: int = 5) -> None:
        """The caller is gone; only the status callback says so."""
        self.status("completed", seconds)
