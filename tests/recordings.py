"""Files that a process is recording to."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from tests.conftest import PATIENCE


def wait_for_moments(file: Path, count: int, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Returns when so many readings are in the file; does something meanwhile."""
    deadline = time.monotonic() + PATIENCE
    while not file.exists() or len(re.findall(rb'\{"(?:at|frame)":[^\n]*\n', file.read_bytes())) < count:
        meanwhile()
        assert time.monotonic() < deadline, "nothing was recorded"
        time.sleep(0.02)
