"""Ctrl-C, SIGTERM and SIGHUP while a trace runs: the first ends it in order, a second ends the process at once.

What its user has set to be ignored (nohup, a background job of a shell without job control) stays ignored. SIGQUIT is
left to the system: it ends the process on the spot, and the kernel takes the probes away.
"""

from __future__ import annotations

import os
import signal
import time
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Wrappers (sudo, make) pass on what the terminal has sent to us already: no hand presses twice in so short a time.
_ECHO_SECONDS = 0.2


class Interrupts:
    """Takes these signals from its making on. `asked` is true once there was one; `fd` becomes readable then."""

    def __init__(self) -> None:
        self.asked = False
        self._when = 0.0
        self.fd, self._other_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._other_end, warn_on_full_buffer=False)
        for number in _ENDING:
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._take)

    def over(self) -> None:
        """Everything is done: one that comes now must not turn a good end into a bad one."""
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN)

    def _take(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.asked and now - self._when > _ECHO_SECONDS:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        if not self.asked:
            self.asked, self._when = True, now
