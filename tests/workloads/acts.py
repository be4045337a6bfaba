"""Small workloads that have no gate: `vtrace run NAME -c` starts them when its probes are in place.

`python -m tests.workloads.acts_files opens DIRECTORY 5` does what the function of that name does, and prints what it
came to as one JSON line.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from tests.workloads import gate


def main(functions: Mapping[str, Any]) -> None:
    """Do what the command line says, under its name; numbers are numbers."""
    name, *arguments = sys.argv[1:]
    gate.name_thread(name)
    truth = functions[name](*(int(text) if text.isdigit() else text for text in arguments))
    os.write(1, json.dumps({"pid": os.getpid(), "comm": name[: gate.COMM_SIZE], **truth}).encode() + b"\n")
