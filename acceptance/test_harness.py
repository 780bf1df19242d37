"""Checks of the suite's own tools, without the server under test: `python -m unittest test_harness`."""

from __future__ import annotations

import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

import checks
import journeys
from api import Client
from carrier import Call, Carrier, Form, sign, standard_fields
from server import ACCOUNT_SID, AUTH_TOKEN, PUBLIC_URL
from twiml import Reply
from wire import Exchange, Failed

DIAL = (
    '<?xml version="1.0"?><Response><Dial action="{url}/api/webhooks/dial/1" timeLimit="60">'
    "<Number> +12125550100 </Number></Dial></Response>"
)


def answer(body: str | bytes, status: int = 200, media_type: str = "text/xml") -> Exchange:
    raw = body.encode() if isinstance(body, str) else body
    return Exchange("POST", "http://x.test/", [], b"", status, [("Content-Type", media_type)], raw)


class TinyCarrierTarget(BaseHTTPRequestHandler):
    """Takes any webhook whose signature the carrier's own library accepts, and dials."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        pairs = parse_qsl(body.decode(), keep_blank_values=True)
        given = self.headers.get("X-Twilio-Signature", "")
        genuine = RequestValidator(AUTH_TOKEN).validate(PUBLIC_URL + self.path, Form(pairs), given)
        text = DIAL.format(url=PUBLIC_URL).encode() if genuine else b""
        self.send_response(200 if genuine else 403)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Set-Cookie", "callcore=abc; HttpOnly")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class CarrierTest(unittest.TestCase):
    def setUp(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), TinyCarrierTarget)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = ("127.0.0.1", self.server.server_port)
        self.carrier = Carrier(self.address, PUBLIC_URL)

    def tearDown(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def call(self) -> Call:
        return self.carrier.call("+12125550100", "+16465550100")

    def test_a_call_is_signed_and_followed(self) -> None:
        call = self.call()
        call.ring()
        self.assertEqual((call.dial.kind, call.dial.target), ("Number", "+12125550100"))
        call.result("busy")
        self.assertEqual(call.status("completed", 61).status, 200)
        names = dict(call.result_fields("completed", 7))
        self.assertEqual((names["DialCallDuration"], names["DialBridged"]), ("7", "true"))
        self.assertNotIn("DialCallDuration", dict(call.result_fields("busy")))

    def test_a_query_and_odd_values_are_signed(self) -> None:
        pairs = [("a", "1"), ("a", "1"), ("a", "0"), ("B", "Zoë + & % 日本"), ("empty", "")]
        self.assertEqual(self.carrier.post("/api/webhooks/voice?x=%2F&y=a+b", pairs).status, 200)

    def test_a_wrong_signature_is_refused(self) -> None:
        for signature in (None, "", "wrong", sign(f"{PUBLIC_URL}/v", [], "other")):
            self.assertEqual(self.carrier.post_as("/v", [("a", "1")], signature).status, 403)

    def test_a_foreign_address_is_a_failure(self) -> None:
        with self.assertRaises(Failed):
            self.carrier.post("http://elsewhere.test/x", {})

    def test_the_client_keeps_its_cookie(self) -> None:
        client = Client(self.address)
        client.request("POST", "/api/auth/login", {"a": 1})
        self.assertEqual(client.cookie, "abc")

    def test_an_absent_server_is_a_failure_with_the_request(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        with self.assertRaises(Failed) as caught:
            self.call().ring()
        self.assertIn("/api/webhooks/voice", str(caught.exception))

    def test_standard_fields_are_complete(self) -> None:
        wanted = {"CallSid", "AccountSid", "From", "To", "CallStatus", "ApiVersion", "Direction", "FromState", "ToZip"}
        self.assertLessEqual(wanted, set(standard_fields(ACCOUNT_SID, "+1", "+2")))


class TwimlTest(unittest.TestCase):
    def test_dial_forms(self) -> None:
        plain = Reply.of(answer(f'<Response><Dial action="{PUBLIC_URL}/a">+1212</Dial></Response>'))
        self.assertEqual(plain.dial(PUBLIC_URL).target, "+1212")
        sip = Reply.of(answer(f'<Response><Dial action="{PUBLIC_URL}/a"><Sip>sip:a@b;x=1</Sip></Dial></Response>'))
        self.assertEqual((sip.dial(PUBLIC_URL).kind, sip.dial(PUBLIC_URL).target), ("Sip", "sip:a@b;x=1"))

    def test_bad_dials_fail(self) -> None:
        for body in (
            "<Response/>", '<Response><Dial action="/a">+1</Dial></Response>', "<Response><Dial>+1</Dial></Response>",
            f'<Response><Dial action="{PUBLIC_URL}.evil/a">+1</Dial></Response>',
            f'<Response><Dial action="{PUBLIC_URL}/a"><Number>1</Number><Number>2</Number></Dial></Response>',
        ):
            with self.assertRaises(Failed):
                Reply.of(answer(body)).dial(PUBLIC_URL)

    def test_what_is_no_twiml_fails(self) -> None:
        for exchange in (answer("<Response>"), answer("<html/>"), answer("<Response/>", 500),
                         answer("<Response/>", media_type="text/plain")):
            with self.assertRaises(Failed):
                Reply.of(exchange)

    def test_words_are_unescaped(self) -> None:
        reply = Reply.of(answer("<Response><Say>a &amp; &lt;b&gt;</Say><Hangup/></Response>"))
        self.assertEqual((reply.said, reply.verbs), (["a & <b>"], ["Say", "Hangup"]))


class ProblemTest(unittest.TestCase):
    BODY = (b'{"type":"about:blank","title":"t","status":422,"detail":"d","errors":['
            b'{"path":"/caps/daily","code":"c","message":"m"},{"path":"","code":"c","message":"name is missing"}]}')

    def problem(self, body: bytes = BODY, media_type: str = checks.PROBLEM) -> Exchange:
        return answer(body, 422, media_type)

    def test_paths_and_codes(self) -> None:
        checks.expect_problem(self.problem(), 422, ["/caps/daily", "/name"], code="c")
        for paths in (["/other"], ["/caps"]):
            with self.assertRaises(Failed):
                checks.expect_problem(self.problem(), 422, paths)

    def test_what_is_no_problem_document_fails(self) -> None:
        for exchange in (
            self.problem(media_type="application/json"), self.problem(self.BODY.replace(b"422", b"400")),
            self.problem(self.BODY.replace(b"/caps", b"caps")), self.problem(b"{}"), self.problem(b"no"),
        ):
            with self.assertRaises(Failed):
                checks.expect_problem(exchange, 422)


class JourneyTest(unittest.TestCase):
    def test_candidates_by_id_or_object(self) -> None:
        decision = {
            "chosen": {"buyerId": "a"}, "ranked": ["b", {"candidate": {"id": "c"}}],
            "refused": [{"buyerId": "d", "reason": {"code": "closed"}, "counterfactual": {"opensIn": 12}}],
        }
        self.assertEqual(journeys.everyone(decision), {"a", "b", "c", "d"})
        self.assertEqual(journeys.reason_code(journeys.refused(decision)["d"]), "closed")


if __name__ == "__main__":
    unittest.main()
