"""What tests are marked with: `python -m tests.project.marks MARK PATH...`.

Prints {argument of the mark: [ids of tests]} as JSON, of the tests that pytest collects there and would run.
"""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout

import pytest

# A test that may not run, or whose failure is none, shows nothing.
SHOWS_NOTHING = ("skip", "skipif", "xfail")


class Collected:
    """A plugin of pytest's: what it has collected."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self.found: dict[str, list[str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            if any(item.get_closest_marker(name) for name in SHOWS_NOTHING):
                continue
            for mark in item.iter_markers(self._mark):
                for argument in mark.args:
                    self.found.setdefault(argument, []).append(item.nodeid)


def main(mark: str, *paths: str) -> int:
    collected = Collected(mark)
    with redirect_stdout(sys.stderr):
        status = pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", *paths], plugins=[collected])
    print(json.dumps(collected.found))
    return int(status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
