"""Recordings of `vtrace loop`: its records and counts, and what only the machine that was traced could say: names of
devices, which threads were gone, what was lost."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pyvtrace.analysis.loop.groups import Groups, Reading, reading_of
from pyvtrace.analysis.loop.turns import LongTurn, Turns
from pyvtrace.export.recording import Origin, Recorded, Recorder
from pyvtrace.export.replay import BadRecording, Recording
from pyvtrace.runtime.snapshot import Snapshot
from pyvtrace.runtime.traces import frames_of
from pyvtrace.spec import ProgramSpec

KIND = "loop"
Threads = Collection[tuple[int, int]]  # (pid, tid)


class LoopTape:
    """Writes one: `begin` before the first probe is in place, `start` when all are, `event` for each record, `take` for
    each reading.

    Raises, whenever it writes:
        RecordingFailed: the file cannot be written.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._noted: dict[str, object] = {}

    def begin(self, spec: ProgramSpec, minimum: int, first: Snapshot) -> None:
        asked = {"minimum": minimum}
        self._recorder.begin(Origin(KIND, KIND, spec.source.text, spec.aggregations, spec.options, asked), first)

    def start(self, time_ns: int) -> None:
        """From when on everything is seen."""
        self._note({"started_ns": time_ns}, time_ns)

    def event(self, record: Recorded) -> None:
        """A record of the program's."""
        self._recorder.event(record)

    def take(self, now: Snapshot, remarks: Sequence[str], gone: Threads, devices: Mapping[int, str]) -> None:
        """A reading, what is said of it, and which of its threads have ended by its time."""
        what: dict[str, object] = {
            "remarks": list(remarks),
            "gone": sorted(map(list, gone)),
            "devices": {str(number): name for number, name in devices.items()},
        }
        self._note({name: value for name, value in what.items() if self._noted.get(name) != value}, now.time_ns)
        self._recorder.take(now)

    def _note(self, what: Mapping[str, object], time_ns: int) -> None:
        if what:
            self._noted |= what
            self._recorder.note(what, time_ns)


class LoopRecording:
    """Reads one. Moments may be asked for in any order; going back begins anew.

    Raises:
        BadRecording: it does not say what reports are made of.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._records = list(recording.events())
        self._notes = list(recording.notes())
        try:
            self._minimum = int(str(recording.origin.asked["minimum"]))
            self._devices = {
                int(number): str(name) for note in self._notes for number, name in note.what.get("devices", {}).items()
            }
        except (KeyError, TypeError, ValueError, AttributeError) as odd:
            raise BadRecording(f"its header does not say how to show it ({odd})") from None
        self._rewind()

    def _rewind(self) -> None:
        self._turns, self._groups = Turns(frames_of), Groups(self.name_device)
        self._read = 0
        self._at = -1

    def name_device(self, device: int) -> str:
        """A block device by the kernel's dev_t; "" for none."""
        return self._devices.get(device, "")

    def ended(self, number: int) -> Iterator[LongTurn]:
        """The long turns that ended since the moment that was asked for before, up to this one; all of them if this one
        is the earlier."""
        recording, last = self._recording, number == len(self._recording) - 1
        if number < self._at or (self._at == len(recording) - 1 and not last):
            self._rewind()
        self._at = number
        try:
            while self._read < len(self._records) and (
                last or self._records[self._read].since_ns <= recording.times[number]
            ):
                record = self._records[self._read]
                self._read += 1
                self._turns.take(record.text[:1], record.values)
                yield from self._taken()
        except (TypeError, ValueError) as odd:
            raise BadRecording(f"a record in it is none of {KIND} ({odd})") from None
        if last:
            self._turns.flush()
            yield from self._taken()

    def _taken(self) -> Iterator[LongTurn]:
        turns = self._turns.all_ended()
        self._groups.add(turns)
        yield from turns

    def reading(self, number: int) -> Reading:
        """Everything up to a moment."""
        for _ in self.ended(number):
            pass
        known: dict[str, Any] = {"started_ns": self._recording.start_ns, "remarks": [], "gone": []}
        for note in self._notes:
            if note.since_ns > self._recording.times[number]:
                break
            known |= note.what
        try:
            gone = {(int(pid), int(tid)) for pid, tid in known["gone"]}
            return reading_of(
                self._recording.snapshot(number), int(known["started_ns"]), self._minimum, self._groups, gone,
                [str(remark) for remark in known["remarks"]],
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as odd:
            raise BadRecording(f"its aggregations are not those of {KIND} ({odd})") from None
