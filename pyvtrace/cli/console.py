"""Our name, and how we speak on standard error."""

from __future__ import annotations

import sys

PROGRAM = "vtrace"


def hint(text: str) -> str:
    """What to do about the message it is put behind; nothing for an empty text."""
    return f"\n      hint: {text}" if text else ""


def say(text: str) -> None:
    """One message."""
    print(f"{PROGRAM}: {text}", file=sys.stderr, flush=True)
