"""The consumer's side of speculations: records kept until commit() or discard() is read behind them."""

from __future__ import annotations

from collections.abc import Callable

_NUMBER = (1 << 32) - 1


class Speculations:
    """Records by the tag of their speculation: its number, and above it the generation. `release` opens a number for
    its next use. `most` is how many bytes one may keep of a CPU's records."""

    def __init__(self, release: Callable[[int], None], most: int) -> None:
        self._release, self._most = release, most
        self._kept: dict[int, list[bytes]] = {}
        self._used: dict[tuple[int, int], int] = {}
        # By number: the tag that was closed last, and whether by commit().
        self._closed: dict[int, tuple[int, bool]] = {}
        self.dropped: dict[int, int] = {}

    def keep(self, tag: int, cpu: int, record: bytes) -> bool:
        """Keep a record, unless what it belongs to was discarded or is full; True if it was committed already: a CPU
        may have joined it just before."""
        closed, committed = self._closed.get(tag & _NUMBER, (-1, False))
        if tag == closed:
            return committed
        used = self._used.get((tag, cpu), 0) + len(record)
        if used > self._most:
            self.dropped[cpu] = self.dropped.get(cpu, 0) + 1
            return False
        self._used[tag, cpu] = used
        self._kept.setdefault(tag, []).append(record)
        return False

    def close(self, tag: int, *, commit: bool) -> list[bytes]:
        """The end of a speculation (0: of none); the records to print."""
        if not tag:
            return []
        kept = self._kept.pop(tag, [])
        for key in [key for key in self._used if key[0] == tag]:
            del self._used[key]
        self._closed[tag & _NUMBER] = (tag, commit)
        self._release(tag & _NUMBER)
        return kept if commit else []
