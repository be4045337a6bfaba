"""How bubbles are printed, live and from a recording: as text, as JSON lines, and the largest as a picture."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from pyvtrace.analysis.bubbles.ledger import Account
from pyvtrace.analysis.bubbles.told import Told
from pyvtrace.render.bubbles import WIDTH, lines

_SECOND = 1_000_000_000


class Paper:
    """Where bubbles go: to standard output, and the one with most waiting to the file `svg`, if that is given."""

    def __init__(self, svg: str | None, *, json: bool) -> None:
        self._svg, self._json = svg, json
        self._largest = 0

    def waiting(self, accounts: Sequence[Account], ns: int) -> None:
        """What threads waited for, in a trace that lasted so long."""
        if self._json:
            from json import dumps

            from pyvtrace.export.bubbles import account_object

            for one in accounts:
                print(dumps(account_object(one), separators=(",", ":")))
        else:
            from pyvtrace.render.waiting import table

            print(*table(accounts, ns), sep="\n", flush=True)

    def write(self, told: Told, width: int = WIDTH) -> None:
        """One bubble; text is for lines of so many columns."""
        if self._svg is not None and told.bubble.waiting > self._largest:
            self._largest = told.bubble.waiting
            _draw(self._svg, told)
        if self._json:
            from json import dumps

            from pyvtrace.export.bubbles import bubble_object

            made = bubble_object(told.bubble, told.wall_ns, told.devices, told.samples)
            print(dumps(made, separators=(",", ":")), flush=True)
        else:
            print(*text_of(told, width), "", sep="\n", flush=True)


def text_of(told: Told, width: int) -> list[str]:
    """The lines of a bubble."""
    return list(lines(told.bubble, _clock(told), told.devices, told.samples, width))


def _draw(path: str, told: Told) -> None:
    from pyvtrace.render.timeline import timeline

    (title, *_) = lines(told.bubble, _clock(told), told.devices)
    with open(path, "w", encoding="utf-8") as file:
        file.write(timeline(told.bubble, title, told.devices))
    sys.stdout.flush()


def _clock(told: Told) -> str:
    """The time of day when it began."""
    began = told.wall_ns
    return time.strftime("%H:%M:%S", time.localtime(began // _SECOND)) + f".{began // 1_000_000 % 1000:03}"
