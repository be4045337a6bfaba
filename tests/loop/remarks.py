"""What `vtrace loop` remarks on its own work."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_MISSED = re.compile(r"\d+ firings? missed: the probe fired while its own program was running on that CPU")


def remarks(loop: Mapping[str, Any]) -> list[str]:
    """Those of a loop but for what interrupts lost, whose probes may meet their own programs whatever it does."""
    return [line for line in loop["remarks"] if not _MISSED.fullmatch(line)]
