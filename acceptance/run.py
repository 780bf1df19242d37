#!/usr/bin/env python3
"""Black-box acceptance suite: starts the given server, calls it and checks what it answers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from runner import Test, run
from tests import GROUPS
from world import World


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", type=Path, help="the callcore-server binary")
    parser.add_argument("--postgres", metavar="URL", help="work on Postgres: each server gets a database of its own there")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only tests whose name contains NAME")
    parser.add_argument("--keep", action="store_true", help="keep the data directories and logs")
    parser.add_argument("--list", action="store_true", help="print the names of the tests and end")
    return parser.parse_args()


def chosen(names: list[str]) -> list[Test]:
    every = [test for group in GROUPS for test in group.tests]
    return [test for test in every if not names or any(name.lower() in test.name.lower() for name in names)]


def main() -> int:
    options = arguments()
    tests = chosen(options.only)
    if options.list:
        print("\n".join(test.name for test in tests))
        return 0
    if options.server is None or not options.server.is_file():
        print("--server must name the callcore-server binary", file=sys.stderr)
        return 2
    return 0 if run(tests, World(options.server.resolve(), options.keep, options.postgres)) else 1


if __name__ == "__main__":
    sys.exit(main())
