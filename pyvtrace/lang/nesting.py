"""How deep a program may be nested, and the room that Python's stack needs for it.

The passes recurse as deep as the tree. Python's limit counts calls, some fifteen for a level, and would end a program
that is only long; so the depth has a limit of its own, which the parser checks and can say.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

DEEPEST = 400
_CALLS_A_LEVEL = 20


@contextmanager
def room() -> Iterator[None]:
    """Room for all passes over a tree of that depth, on top of the calls that lead here."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _depth() + DEEPEST * _CALLS_A_LEVEL))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _depth() -> int:
    frame, depth = sys._getframe(), 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    return depth
