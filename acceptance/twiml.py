"""Reads the TwiML that a webhook answers, as the carrier would."""

from __future__ import annotations

import xml.etree.ElementTree as xml
from dataclasses import dataclass

from wire import Exchange, Failed

XML_TYPES = ("text/xml", "application/xml")


@dataclass(frozen=True)
class Dial:
    """One `<Dial>` with its single noun."""

    kind: str
    target: str
    action: str
    attributes: dict[str, str]

    @property
    def records(self) -> str:
        """The recording mode in the field's long form."""
        mode = self.attributes.get("record", "do-not-record")
        return {"true": "record-from-answer", "false": "do-not-record"}.get(mode, mode)


@dataclass(frozen=True)
class Reply:
    """The document that answers one webhook."""

    exchange: Exchange
    root: xml.Element

    @classmethod
    def of(cls, exchange: Exchange) -> Reply:
        if exchange.status != 200:
            raise Failed("status 200 with TwiML", exchange)
        if exchange.media_type not in XML_TYPES:
            raise Failed(f"the media type {' or '.join(XML_TYPES)}", exchange)
        try:
            root = xml.fromstring(exchange.body)
        except xml.ParseError as error:
            raise Failed(f"well-formed XML ({error})", exchange) from error
        if root.tag != "Response":
            raise Failed("the root element <Response>", exchange)
        return cls(exchange, root)

    @property
    def verbs(self) -> list[str]:
        return [child.tag for child in self.root]

    @property
    def said(self) -> list[str]:
        return ["".join(say.itertext()).strip() for say in self.root.iter("Say")]

    @property
    def dials(self) -> bool:
        return self.root.find(".//Dial") is not None

    def fail(self, expectation: str) -> Failed:
        return Failed(expectation, self.exchange)

    def dial(self, public_url: str) -> Dial:
        """The only dial of the document: one noun, and an absolute action under `public_url`."""
        found = list(self.root.iter("Dial"))
        if len(found) != 1:
            raise self.fail(f"exactly one <Dial>, not {len(found)}")
        dial = found[0]
        action = dial.get("action", "")
        if not action.startswith(f"{public_url}/"):
            raise self.fail(f"<Dial action> to start with {public_url}/")
        if dial.get("method", "POST") != "POST":
            raise self.fail("the dial's action to be posted")
        nouns = list(dial)
        if len(nouns) > 1:
            raise self.fail("one noun in the dial, not several that ring at once")
        if nouns:
            kind, text = nouns[0].tag, "".join(nouns[0].itertext())
        else:
            kind, text = "Number", dial.text or ""
        return Dial(kind, text.strip(), action, dict(dial.attrib))
