"""Starts the server under test on a free port with an empty data directory, and stops it."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from database import Database
from wire import Failed, send

START_SECONDS = 30.0
STOP_SECONDS = 15.0
ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "acceptance-auth-token-5f1d"
PUBLIC_URL = "http://calls.acceptance.test"
# What must not leak in from the shell of whoever runs the suite.
OWN_SETTINGS = (
    "DATABASE_URL", "DATA_DIR", "PUBLIC_URL", "LISTEN", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_URL",
    "SESSION_SECRET", "ENCRYPTION_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_API_URL", "OTEL_EXPORTER_OTLP_ENDPOINT",
    "ALLOW_PRIVATE_TARGETS", "RUST_LOG",
)


def free_port() -> int:
    """A port below those that the system gives to outgoing connections, which could take it while a server restarts."""
    for port in random.sample(range(20_000, 32_000), 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Failed("a free port among 200 that were tried")


class Server:
    """One process of the server. `settings` are environment variables; None takes a variable away."""

    def __init__(
        self, binary: Path, keep: bool = False, postgres: str | None = None, **settings: str | None
    ) -> None:
        self.binary = binary
        self.keep = keep
        self.settings = settings
        self.database = Database(postgres) if postgres and "DATABASE_URL" not in settings else None
        self.directory = Path(tempfile.mkdtemp(prefix="callcore-acceptance-"))
        self.log = self.directory / "server.log"
        self.address = ("127.0.0.1", free_port())
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def public_url(self) -> str:
        return self.settings.get("PUBLIC_URL") or PUBLIC_URL

    def environment(self) -> dict[str, str]:
        mine: dict[str, str | None] = {
            "DATA_DIR": str(self.directory / "data"),
            "PUBLIC_URL": PUBLIC_URL,
            "LISTEN": f"{self.address[0]}:{self.address[1]}",
            "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "RUST_LOG": "info",
            **(self.database.settings() if self.database else {}),
            **self.settings,
        }
        outside = {key: value for key, value in os.environ.items() if key not in OWN_SETTINGS}
        given = {key: value for key, value in mine.items() if value is not None}
        return {**outside, **given}

    def launch(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.binary)], cwd=self.directory, env=self.environment(), stdout=log, stderr=log
            )

    def start(self) -> Server:
        self.launch()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process is not None and self.process.poll() is not None:
                raise Failed(f"a running server, but it ended with code {self.process.returncode}:\n{self.tail()}")
            try:
                if send(self.address, "GET", "/readyz").status == 200:
                    return self
            except Failed:
                pass
            time.sleep(0.02)
        raise Failed(f"/readyz to answer 200 within {START_SECONDS:.0f} s:\n{self.tail()}")

    def ends_by_itself(self, seconds: float = 30.0) -> int | None:
        """The exit code of a server that refuses to start, or None if it is still running after `seconds`."""
        assert self.process is not None
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """As `kill -9`: no chance to say goodbye."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        if self.database is not None and not self.keep:
            self.database.drop()
        if self.keep:
            print(f"kept: {self.directory}", flush=True)
        else:
            shutil.rmtree(self.directory, ignore_errors=True)

    def output(self) -> str:
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def tail(self, lines: int = 20) -> str:
        return "\n".join(self.output().splitlines()[-lines:])
