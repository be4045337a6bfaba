"""What the runner and the guest say to each other, line by line, and how the runner knows that a guest is well.

guest: booted, pong, failed TEXT, collected NUMBER, exit STATUS        us: signal NUMBER, screen ROWS COLUMNS, ping
"""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Callable, Mapping

from pyvtrace.value import Value
from pyvtrace.vm.job import FIRST_OUTPUT
from pyvtrace.vm.pumps import Interest, received
from pyvtrace.vm.refusal import Panicked, Refused

SILENCE, PATIENCE = 20.0, 90.0  # seconds without a word before a guest is asked, and before it counts as hung
TAIL, LINES = 1 << 14, 25  # of the console: bytes kept, lines shown
PANIC = "Kernel panic - not syncing: "
# Where a kernel begins to say why it panics. The registers and frames behind that are many, and tell less.
TROUBLE = re.compile("BUG: |Oops: |general protection|invalid opcode|stack segment|double fault|" + re.escape(PANIC))
NO_MEMORY = re.compile("Out of memory|deadlocked on memory")
# What would be missing the next time, too: memory, or what our init needs, which then exits with a status.
IN_VAIN = re.compile(
    f"{NO_MEMORY.pattern}|Attempted to kill init! exitcode=0x0000[0-9a-f]{{2}}00|No working init|Unable to mount root"
)


class Limits(Value):
    """Seconds: `command` for the command, without limit if it is 0; `boot` until it starts. A guest that panics before
    it starts the command is started `boots` times."""

    command: float = 0.0
    boot: float = PATIENCE
    boots: int = 5


class TimedOut(Exception):
    """The command had all the time it may have."""


class Console:
    """What the guest's kernel or the processes that make the guest say: shown only when something went wrong."""

    def __init__(self, port: socket.socket) -> None:
        self._port = port
        self._text = b""
        self._ended = False

    def interest(self) -> Interest | None:
        return None if self._ended else (self._port.fileno(), select.POLLIN)

    def act(self) -> None:
        data = received(self._port)
        self._ended = data == b""
        self._text = (self._text + (data or b""))[-TAIL:]

    def broken(self, what: str) -> Refused:
        """`what` happened to the guest: told with what the console said last, or first of a panic."""
        while not self._ended and (data := received(self._port)):
            self._text = (self._text + data)[-TAIL:]
        lines = [line for line in self._text.decode("utf-8", "replace").replace("\r", "").split("\n") if line.strip()]
        if panic := next((line for line in lines if PANIC in line), ""):
            what = f"the guest's kernel panicked: {panic.partition(PANIC)[2]}"
            if any(map(NO_MEMORY.search, lines)):
                what += " (more --memory would help)"
        kind = Panicked if panic and not any(map(IN_VAIN.search, lines)) else Refused
        begin = next((number for number, line in enumerate(lines) if panic and TROUBLE.search(line)), -LINES)
        said = "\n".join(f"    {line}" for line in lines[begin:][:LINES])
        return kind(f"{what}; last words:\n{said}" if said else f"{what}, without a word")


class Control:
    """The guest's side of the run so far: whether the command is `running`, and its `status`, once it has one. The
    time for the boot counts from `launched`, by the monotonic clock."""

    def __init__(self, port: socket.socket, console: Console, limits: Limits, launched: float) -> None:
        self.status: int | None = None
        self.collected: set[int] = set()
        self.running = False
        self._port, self._console, self._limits = port, console, limits
        self._text = b""
        self._heard = time.monotonic()
        self._asked: float | None = None
        self._deadline = launched + limits.boot

    def interest(self) -> Interest | None:
        return self._port.fileno(), select.POLLIN

    def act(self) -> None:
        data = received(self._port)
        if data == b"":
            raise self._console.broken("the guest ended")
        self._heard, self._asked = time.monotonic(), None
        *lines, self._text = (self._text + (data or b"")).split(b"\n")
        for line in lines:
            word, _, rest = line.decode("utf-8", "replace").partition(" ")
            self.WORDS[word](self, rest)

    def tell(self, *words: object) -> None:
        self._port.send(" ".join(map(str, words)).encode() + b"\n")

    def patience(self) -> float:
        """Seconds until `check` has something to say."""
        return max(0.0, min(self._moments()) - time.monotonic())

    def check(self) -> None:
        """Asks a guest that is silent; raises for one that stays so, or takes longer than it may."""
        now = time.monotonic()
        if not self.running:
            if now >= self._deadline:
                raise self._console.broken(f"the guest has not started within {self._limits.boot:g} s")
        elif self._limits.command and now >= self._deadline:
            raise TimedOut
        elif self._asked is None and now >= self._heard + SILENCE:
            self._asked = now
            self.tell("ping")
        elif self._asked is not None and now >= self._asked + PATIENCE:
            raise self._console.broken(f"the guest hangs: no answer for {PATIENCE:g} s")

    def _moments(self) -> list[float]:
        if self.status is not None:
            return [time.monotonic() + SILENCE]
        asking = self._heard + SILENCE if self._asked is None else self._asked + PATIENCE
        if not self.running:
            return [self._deadline]
        return [asking, self._deadline] if self._limits.command else [asking]

    def _booted(self, rest: str) -> None:
        self.running = True
        self._deadline = time.monotonic() + self._limits.command

    def _failed(self, rest: str) -> None:
        raise self._console.broken(rest)

    def _collected(self, rest: str) -> None:
        self.collected.add(int(rest) - FIRST_OUTPUT)

    def _exit(self, rest: str) -> None:
        self.status = int(rest)

    def _pong(self, rest: str) -> None:
        """It is alive, which any line says."""

    WORDS: Mapping[str, Callable[[Control, str], None]] = {
        "booted": _booted,
        "collected": _collected,
        "exit": _exit,
        "failed": _failed,
        "pong": _pong,
    }
