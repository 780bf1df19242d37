#!/usr/bin/env python3
"""A short walk: sets up a campaign with two buyers on a running server and calls it as the carrier would.

Every step is a curl command that is printed before it is run. Start the server first, as the README says.
"""

import argparse
import base64
import hashlib
import hmac
import json
import secrets
import shlex
import subprocess
import sys
import tempfile
import uuid
import xml.dom.minidom
from pathlib import Path
from urllib.parse import quote_plus

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--url", default="http://127.0.0.1:8080", help="where the server listens")
parser.add_argument("--account", default="AC0123456789abcdef0123456789abcdef", help="its TWILIO_ACCOUNT_SID")
parser.add_argument("--token", default="secret", help="its TWILIO_AUTH_TOKEN")
parser.add_argument("--password", help="the owner's password, if there is an owner already")
options = parser.parse_args()

cookies = Path(tempfile.mkdtemp()) / "cookies"


def say(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}")


def curl(*arguments: str) -> str:
    """Prints a curl command, runs it and answers what came back."""
    command = ["curl", "--silent", "--show-error", "--fail-with-body", *arguments]
    print("$ " + shlex.join(["curl", *arguments]))
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}{done.stderr}\nThe walk stops here. Is the server up, as the README says?")
    return done.stdout


def api(method: str, path: str, body: object = None) -> dict:
    data = ["-H", "Content-Type: application/json", "-d", json.dumps(body)] if body is not None else []
    text = curl("-X", method, "-b", str(cookies), "-c", str(cookies), *data, options.url + path)
    return json.loads(text) if text else {}


def webhook(url: str, parameters: dict[str, str]) -> str:
    """Sends a webhook with the signature that Twilio would give it."""
    signed = url + "".join(name + parameters[name] for name in sorted(parameters))
    digest = hmac.new(options.token.encode(), signed.encode(), hashlib.sha1).digest()
    form = "&".join(f"{name}={quote_plus(value)}" for name, value in parameters.items())
    return curl("-H", "X-Twilio-Signature: " + base64.b64encode(digest).decode(), "-d", form, url)


def show(twiml: str) -> xml.dom.minidom.Element:
    document = xml.dom.minidom.parseString(twiml).documentElement
    print(document.toprettyxml(indent="  ").rstrip())
    return document


def main() -> None:
    say("1. Create the owner and sign in.")
    password = options.password or secrets.token_urlsafe(12)
    owner = {"username": "owner", "password": password}
    if options.password is None:
        api("POST", "/api/auth/setup", owner)
    api("POST", "/api/auth/login", owner)
    print(f"The owner's password is {password}; pass it with --password to walk again.")

    say("2. A number, a campaign, and two buyers: East first, then Overflow.")
    called = f"+1415555{secrets.randbelow(9000) + 1000}"
    number = api("POST", "/api/numbers", {"number": called})
    campaign = api("POST", "/api/campaigns", {"name": "Sales", "routingType": "direct", "phoneNumberId": number["id"]})
    for priority, (name, rung) in enumerate([("East", "+12125550111"), ("Overflow", "+12125550122")], start=1):
        buyer = api("POST", "/api/buyers", {"name": name, "destination": rung, "priority": priority, "caps": {"concurrent": 1}})
        api("PUT", f"/api/campaigns/{campaign['id']}/buyers/{buyer['id']}", {})
    api("POST", f"/api/campaigns/{campaign['id']}/activate")

    say("3. A caller dials the number: the carrier asks, and the answer rings East.")
    call = {"CallSid": "CA" + uuid.uuid4().hex, "AccountSid": options.account, "From": "+13105550133", "To": called}
    answer = show(webhook(options.url + "/api/webhooks/voice", {**call, "CallStatus": "ringing"}))

    say("4. East is busy: the answer rings Overflow.")
    action = answer.getElementsByTagName("Dial")[0].getAttribute("action")
    answer = show(webhook(action, {**call, "CallStatus": "in-progress", "DialCallStatus": "busy"}))

    say("5. Overflow answers and talks for 42 seconds. The call is over.")
    action = answer.getElementsByTagName("Dial")[0].getAttribute("action")
    show(webhook(action, {**call, "CallStatus": "in-progress", "DialCallStatus": "completed", "DialCallDuration": "42"}))
    webhook(options.url + "/api/webhooks/status", {**call, "CallStatus": "completed", "CallDuration": "47"})

    say("6. What became of it.")
    item = api("GET", f"/api/calls?campaignId={campaign['id']}")["items"][0]
    found = api("GET", f"/api/calls/{item['id']}")
    for attempt in found["journey"]["dialAttempts"]:
        print(f"dial {attempt['attempt']}: {attempt['destination']}: {attempt['outcome']}")
    print(f"{found['status']}, {found['finalReason']}, {found['durationSeconds']} s")


if __name__ == "__main__":
    main()
