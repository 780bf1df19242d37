"""Collects the tests, runs them one after the other and says how they went."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from wire import Failed, latest, shown
from world import World

Body = Callable[[World], None]


@dataclass(frozen=True)
class Test:
    group: str
    title: str
    body: Body

    @property
    def name(self) -> str:
        return f"{self.group}: {self.title}"


class Group:
    """The tests of one file, in the order in which they stand there."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tests: list[Test] = []

    def test(self, title: str) -> Callable[[Body], Body]:
        def register(body: Body) -> Body:
            self.tests.append(Test(self.name, title, body))
            return body

        return register

    def each(self, title: str, body: Callable[..., None], *arguments: object) -> None:
        """One row of a table as a test of its own."""
        self.tests.append(Test(self.name, title, lambda world: body(world, *arguments)))


def run(tests: list[Test], world: World) -> bool:
    """Runs the tests; the last line is `N passed, N failed`."""
    failed = 0
    try:
        for test in tests:
            began = time.monotonic()
            trouble = attempt(test, world)
            took = time.monotonic() - began
            print(f"{'FAIL' if trouble else 'ok  '} {test.name} ({took:.2f} s)", flush=True)
            if trouble:
                failed += 1
                trouble += world.obituary()
                print("".join(f"     {line}\n" for line in trouble.splitlines()), flush=True)
    finally:
        world.close()
    print(f"{len(tests) - failed} passed, {failed} failed", flush=True)
    return failed == 0 and bool(tests)


def attempt(test: Test, world: World) -> str | None:
    """What went wrong, or None."""
    try:
        test.body(world)
    except Failed as failure:
        return str(failure)
    except Exception:  # a test must never take the others down with it
        return f"{shown(None, latest())}expected: no error in the test, but there was one\n{traceback.format_exc()}"
    return None
