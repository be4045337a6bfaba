"""What is done again and again while a trace runs, without taking much of a processor from whoever is watched."""

from __future__ import annotations

import time
from collections.abc import Callable


class Chore:
    """Do `work` every `least` s; where it takes long, so much later that it is one part in `share` of our time, but
    every `most` s. `due` is when it is to be done next, by time.monotonic()."""

    def __init__(self, work: Callable[[], None], least: float, most: float, share: int) -> None:
        self._work, self._least, self._most, self._share = work, least, most, share
        self.due = time.monotonic() + least

    def do(self) -> None:
        """Do it now."""
        begins = time.thread_time()
        self._work()
        took = time.thread_time() - begins
        self.due = time.monotonic() + min(self._most, max(self._least, self._share * took))
