"""A Postgres database of a server's own."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

import psycopg


class Database:
    """Made at once on the cluster that `url` reaches; `drop` takes it away."""

    def __init__(self, url: str) -> None:
        self.cluster = url
        self.name = f"acceptance_{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {self.name}")

    def settings(self) -> dict[str, str | None]:
        """What a server needs on Postgres, where it makes no secret by itself."""
        return {
            "DATABASE_URL": urlsplit(self.cluster)._replace(path=f"/{self.name}").geturl(),
            "SESSION_SECRET": "acceptance-session-secret-" + "0" * 32,
            "ENCRYPTION_KEY": "acceptance-encryption-key-" + "0" * 32,
        }

    def drop(self) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.cluster, autocommit=True) as connection:
            connection.execute(statement.encode())
