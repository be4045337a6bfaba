"""A bubble that goes to a recording and comes back tells, draws and exports the same."""

from __future__ import annotations

from json import dumps, loads
from typing import Any

import pytest

from pyvtrace.analysis.bubbles import waits
from pyvtrace.analysis.bubbles.bubbles import Bubble, bubbles
from pyvtrace.analysis.bubbles.history import PEER, History
from pyvtrace.analysis.bubbles.told import Told, told
from pyvtrace.analysis.bubbles.waits import Lock, Request, Sample, Thread, Wait, Waker
from pyvtrace.export.bubble_data import data, read
from pyvtrace.export.bubbles import bubble_object
from pyvtrace.export.replay import BadRecording
from pyvtrace.render.bubbles import lines
from pyvtrace.render.timeline import timeline

MS = 1_000_000
DISK = Request(7 << 20, 8, 4096, "read")
MUTEX = Lock("mutex", 1, 0x1000)
READER, WORKER, CLIENT, BUSY = (Thread(tid, tid, f"thread-{tid}", "program") for tid in (1, 2, 3, 4))


def made_up() -> tuple[list[Bubble], list[Sample]]:
    """A reader with a mutex, who wants it, who waits for that one on a pipe; and one who runs meanwhile, and is waited
    for as well."""
    frames = ("vmlinux`folio_wait_bit+0x1", "vmlinux`filemap_read+0x2")
    history = History()
    for wait in (
        Wait(READER, waits.BLOCK, 0, 90 * MS, 95 * MS, request=DISK, call="pread64", file="/data",
             kernel_stack=lambda: frames, user_stack=lambda: ("program`fill+0x3",)),
        Wait(WORKER, waits.USER_LOCK, 5 * MS, 96 * MS, 97 * MS, Waker(READER, MUTEX.address), MUTEX, 1, call="futex"),
        Wait(CLIENT, waits.PIPE, 0, 98 * MS, 99 * MS, Waker(WORKER, 0, PEER), brief=3),
        Wait(CLIENT, waits.USER_LOCK, 100 * MS, 130 * MS, 130 * MS, Waker(BUSY), Lock("mutex", 1, 7), 4, open=True),
        Wait(READER, waits.KERNEL_LOCK, 100 * MS, 130 * MS, 130 * MS, Waker(BUSY), Lock("rwsem write", 0, 9), 4),
        Wait(BUSY, waits.RUN_QUEUE, 110 * MS, 121 * MS, 121 * MS),
    ):  # fmt: skip
        history.add(wait)
    samples = [Sample(BUSY, at * MS, 1, user_stack=lambda: ("program`burn",)) for at in (101, 105, 500)]
    return bubbles(history, 10 * MS), samples


def shown(one: Told) -> tuple[Any, ...]:
    """Everything that is made of a bubble."""
    text = list(lines(one.bubble, "12:00:00.000", one.devices, one.samples))
    return (
        text,
        bubble_object(one.bubble, one.wall_ns, one.devices, one.samples),
        timeline(one.bubble, text[0], one.devices),
    )


def test_what_comes_back_is_shown_as_before() -> None:
    found, samples = made_up()
    texts = ""
    for bubble in found:
        one = told(bubble, 1_700_000_000_000_000_000, {DISK.device: "sda", 1: "sdb"}, samples)
        again = read(loads(dumps(data(one))))
        assert shown(again) == shown(one)
        assert again.devices.keys() <= {DISK.device}
        texts += "\n".join(shown(again)[0])
    assert all(word in texts for word in ("sda read 4K", "fill", "program`burn"))


@pytest.mark.parametrize("spoilt", [{}, {"threads": [[1]]}, {"waits": [{}]}, {"members": [[99, []]]}, {"stacks": 3}])
def test_what_is_no_bubble_is_refused(spoilt: dict[str, Any]) -> None:
    (bubble, *_), samples = made_up()
    line = {**data(told(bubble, 0, {}, samples)), **spoilt} if spoilt else {}
    with pytest.raises(BadRecording, match="a bubble in it is none"):
        read(line)
