"""The program whose threads hold each other up, for tests of `vtrace bubbles`.

It is in C: waits of an interpreter's own would be among what is measured.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

from tests.machine import Stolen
from tests.truth.live import ROOT

SOURCE = os.path.join(ROOT, "tests/workloads/bubbles.c")
FLAGS = ("-O1", "-g", "-fno-omit-frame-pointer", "-pthread")
Object = dict[str, Any]


def built(directory: Path) -> str:
    """The program's path."""
    path = directory / "bubbles"
    subprocess.run(["gcc", *FLAGS, "-o", path, SOURCE], check=True)
    return str(path)


class Killed(Exception):
    """The kernel has killed the workload, for want of memory."""


class Work:
    """The workload, at its gate. `stolen_ns` is known with the result: `Stolen.most_ns` of the time in between.

    Raises, when it is released:
        Killed: it has been.
    """

    def __init__(self, *command: object) -> None:
        self._process = subprocess.Popen([*map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.facts = self._line()
        self.pid: int = self.facts["pid"]
        self._stolen = Stolen()
        self.stolen_ns = 0

    def open(self) -> None:
        """Opens the gate."""
        self._stolen = Stolen()
        assert self._process.stdin
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()

    def result(self) -> Object:
        """What it came to, when it is over."""
        truth = self._line()
        self.stolen_ns = self._stolen.most_ns()
        return truth

    def release(self) -> Object:
        """Opens the gate; what it came to."""
        self.open()
        return self.result()

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _line(self) -> Object:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line and self._process.wait() == -signal.SIGKILL:
            raise Killed
        said: Object = json.loads(line)
        return said
