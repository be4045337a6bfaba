"""What is live in the kernel: descriptors that one stack owns, and probes that another takes away before them.

Nothing is pinned, so when the process goes, however it goes, the kernel takes every probe and map away.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from contextlib import ExitStack
from typing import Self


class Live(ABC):
    """A context manager: entering loads, leaving takes everything away."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._attached = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._load()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Detach everything; the maps go with it."""
        self.detach()
        self._stack.close()

    def detach(self) -> None:
        """Disable every probe; what was seen can still be read."""
        self._attached.close()

    def _own(self, fd: int) -> int:
        self._stack.callback(os.close, fd)
        return fd

    @abstractmethod
    def _load(self) -> None:
        """Make the maps and load the programs; what is opened belongs to the stack."""
