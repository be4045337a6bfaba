"""Bubbles as text and as a picture: of made-up waits, so that every word and every place is known."""

from __future__ import annotations

from xml.etree import ElementTree

from pyvtrace.analysis.bubbles import waits
from pyvtrace.analysis.bubbles.bubbles import Bubble, bubbles
from pyvtrace.analysis.bubbles.history import History
from pyvtrace.analysis.bubbles.waits import Lock, Request, Sample, Thread, Wait, Waker
from pyvtrace.render.bubbles import lines
from pyvtrace.render.timeline import LEFT, MARGIN, WIDTH, timeline

MS = 1_000_000
DISK, DEVICES = 7 << 20, {7 << 20: "loop0"}
MUTEX, OTHER = Lock("mutex", 9, 0x7F00), Lock("mutex", 9, 0x7F40)
SVG = "{http://www.w3.org/2000/svg}"


def thread(tid: int, name: str) -> Thread:
    return Thread(tid, 9, name, "db")


WRITER = thread(10, "writer")


def history(*found: Wait) -> History:
    made = History()
    for one in found:
        made.add(one)
    return made


def worker(number: int, began: int, lock: Lock = MUTEX) -> Wait:
    by = Waker(WRITER, lock.address)
    return Wait(thread(20 + number, f"worker-{number}"), waits.USER_LOCK, began * MS, 300 * MS, 300 * MS, by, lock)


def slow_disk() -> Bubble:
    """A writer who reads the disk for 300 ms with a mutex held, three who want it, and a client of the last of them."""
    reader = Wait(
        WRITER, waits.BLOCK, 0, 300 * MS, 300 * MS, request=Request(DISK, 8, 4096, "read"), call="pread64",
        user_stack=lambda: ("libc.so.6`pread64+0x1", "db`Cache::fill(int)+0x20", "db`main+0x1"),
    )  # fmt: skip
    client = Wait(
        Thread(31, 31, "web", "web"), waits.SOCKET, 100 * MS, 300 * MS, 300 * MS,
        Waker(thread(20, "worker-0")), call="recvfrom",
    )  # fmt: skip
    (bubble,) = bubbles(history(reader, worker(0, 0), worker(1, 100), worker(2, 200), client), 10 * MS)
    return bubble


def test_a_bubble_as_text() -> None:
    assert [" ".join(line.split()) for line in lines(slow_disk(), "12:00:00.000", DEVICES)] == [
        "12:00:00.000 bubble 300ms, 5 threads, 1.10s of waiting",
        "loop0 read 4K device: 100 % of the blame",
        "└─ db[9] writer in pread64 holding pthread mutex 0x7f00 (Cache::fill(int)) 300ms proven: request",
        "└─ db[9] 3 threads worker waits for pthread mutex 0x7f00 median 200ms, max 300ms proven: lock owner",
        "└─ web[31] in recvfrom 200ms inferred: woken by",
    ]


def test_who_computes_is_shown_with_its_stack() -> None:
    (bubble,) = bubbles(history(worker(0, 0)), 10 * MS)
    often = Sample(WRITER, 50 * MS, 0, user_stack=lambda: ("db`burn+0x4", "db`main+0x1"))
    seldom = Sample(WRITER, 60 * MS, 0, user_stack=lambda: ("db`rest+0x4",))
    elsewhere = [Sample(WRITER, 400 * MS, 0, user_stack=lambda: ("db`later",))] * 5
    found = [line.strip() for line in lines(bubble, "", {}, [seldom, often, often, *elsewhere])]
    assert found[1].startswith("db[9] writer on CPU")
    assert found[2:4] == ["db`burn", "db`main"]


def test_a_deadlock_is_told_once_round() -> None:
    left, right = thread(1, "left"), thread(2, "right")
    found = history(
        Wait(left, waits.USER_LOCK, 0, 50 * MS, 50 * MS, None, OTHER, owner=2, open=True),
        Wait(right, waits.USER_LOCK, 0, 50 * MS, 50 * MS, None, MUTEX, owner=1, open=True),
        Wait(thread(3, "third"), waits.USER_LOCK, 20 * MS, 50 * MS, 50 * MS, None, MUTEX, owner=1, open=True),
    )
    (bubble,) = bubbles(found, 10 * MS)
    text = [" ".join(line.split()) for line in lines(bubble, "0", {})]
    assert text[0] == "0 bubble 50.0ms, still growing, 3 threads, 130ms of waiting"
    assert text[1] == "deadlock 100 % of the blame"
    assert sorted(text[2:4]) == [
        "db[9] left waits for pthread mutex 0x7f40 held by db[9] right 50.0ms proven: lock owner",
        "db[9] right waits for pthread mutex 0x7f00 held by db[9] left 50.0ms proven: lock owner",
    ]
    assert text[4:] == ["1 more thread wait for them"]


def test_the_time_line() -> None:
    root = ElementTree.fromstring(timeline(slow_disk(), "a <title> & more", DEVICES))
    rows = [(group[0].text, group.findall(f"{SVG}rect")) for group in root.iter(f"{SVG}g")]
    names = [name for name, _ in rows]
    # The device, then who holds others up, then those who waited longest.
    assert names[:3] == ["loop0", "db[9] writer", "db[9] worker-0"]
    assert set(names[3:]) == {"db[9] worker-1", "db[9] worker-2", "web[31]"}
    room = WIDTH - LEFT - MARGIN
    bars = {name: [(float(bar.get("x", "")), float(bar.get("width", ""))) for bar in found] for name, found in rows}
    assert bars["loop0"] == bars["db[9] writer"] == [(LEFT, room)]
    ((x, width),) = bars["db[9] worker-2"]
    assert abs(x - (LEFT + room * 2 / 3)) < 0.01
    assert abs(width - room / 3) < 0.01
