"""Recordings of `vtrace deps`: beside what its probes see, what /proc said at the beginning and of who sleeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyvtrace.analysis.deps.endpoints import Endpoint
from pyvtrace.analysis.deps.program import Waits
from pyvtrace.analysis.deps.report import Beginning, Report, report
from pyvtrace.analysis.deps.sockets import Asleep, Sockets
from pyvtrace.export.recording import Origin, Recorder
from pyvtrace.export.replay import BadRecording, Recording
from pyvtrace.runtime.snapshot import Snapshot
from pyvtrace.spec import ProgramSpec
from pyvtrace.value import Value

KIND = "deps"
Sleepers = Mapping[int, Asleep]


class About(Value):
    """What a report is of, in words, and what is said above it."""

    name: str
    warning: str


class DepsTape:
    """Writes one: `begin` before the first probe is in place, `take` for each reading.

    Raises, whenever it writes:
        RecordingFailed: the file cannot be written.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._asleep: Sleepers = {}

    def begin(self, spec: ProgramSpec, about: About, beginning: Beginning, waits: Waits, first: Snapshot) -> None:
        sockets = beginning.sockets
        self._asleep = beginning.asleep
        asked = {
            "about": about.name,
            "warning": about.warning,
            "began_ns": beginning.time_ns,
            "pid": beginning.pid,
            "peers": [[inode, *_endpoint(endpoint)] for inode, endpoint in sockets.peers.items()],
            "held": [[count, *_endpoint(endpoint)] for endpoint, count in sockets.held.items()],
            "asleep": _sleepers(beginning.asleep),
            "calls": {str(number): name for number, name in beginning.names.items()},
            "kinds": {str(number): kind for number, kind in waits.kinds.items()},
            "waits": [list(pair) for pair in waits.calls],
        }
        self._recorder.begin(Origin(KIND, KIND, spec.source.text, spec.aggregations, spec.options, asked), first)

    def take(self, now: Snapshot, asleep: Sleepers) -> None:
        """A reading, and what threads sleep in at its time: noted is what differs from the reading before."""
        new = {tid: one for tid, one in asleep.items() if self._asleep.get(tid) != one}
        awake = sorted(self._asleep.keys() - asleep.keys())
        if new or awake:
            self._recorder.note({"asleep": _sleepers(new), "awake": awake}, now.time_ns)
        self._asleep = asleep
        self._recorder.take(now)


def _endpoint(endpoint: Endpoint) -> Sequence[object]:
    return endpoint.protocol, endpoint.address, endpoint.port, endpoint.inwards


def _sleepers(asleep: Sleepers) -> Mapping[str, Sequence[object]]:
    return {str(tid): [one.number, one.file] for tid, one in asleep.items()}


class DepsRecording:
    """Reads one.

    Raises:
        BadRecording: it does not say what reports are made of.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        asked: Mapping[str, Any] = recording.origin.asked
        try:
            self.about = About(str(asked["about"]), str(asked["warning"]))
            peers = {int(inode): _endpoint_of(parts) for inode, *parts in asked["peers"]}
            held = {_endpoint_of(parts): int(count) for count, *parts in asked["held"]}
            self._first = _sleepers_of(asked["asleep"])
            names = {int(number): str(name) for number, name in asked["calls"].items()}
            self._beginning = Beginning(
                int(asked["began_ns"]), int(asked["pid"]), Sockets(peers, held, frozenset(), False), self._first, names
            )
            kinds = {int(number): str(kind) for number, kind in asked["kinds"].items()}
            self._waits = Waits(kinds, [(str(pattern), str(kind)) for pattern, kind in asked["waits"]])
            self._notes = [
                (note.since_ns, _sleepers_of(note.what["asleep"]), [int(tid) for tid in note.what["awake"]])
                for note in recording.notes()
            ]
        except (KeyError, TypeError, ValueError, AttributeError) as odd:
            raise BadRecording(f"its header does not say how to show it ({odd})") from None
        self._asleep = dict(self._first)
        self._read = 0

    def report(self, number: int) -> Report:
        """The report as of a moment."""
        recording = self._recording
        try:
            asleep = self._sleepers_at(recording.times[number])
            return report(recording.snapshot(number), self._beginning, self._waits, asleep)
        except (KeyError, TypeError, ValueError, IndexError) as odd:
            raise BadRecording(f"its aggregations are not those of {KIND} ({odd})") from None

    def _sleepers_at(self, since_ns: int) -> Sleepers:
        """Who sleeps in what; going back begins anew."""
        if self._read and self._notes[self._read - 1][0] > since_ns:
            self._asleep, self._read = dict(self._first), 0
        while self._read < len(self._notes) and self._notes[self._read][0] <= since_ns:
            _, asleep, awake = self._notes[self._read]
            self._read += 1
            self._asleep |= asleep
            for tid in awake:
                del self._asleep[tid]
        return self._asleep


def _endpoint_of(parts: Sequence[Any]) -> Endpoint:
    protocol, address, port, inwards = parts
    return Endpoint(str(protocol), str(address), int(port), bool(inwards))


def _sleepers_of(found: Mapping[str, Sequence[Any]]) -> Sleepers:
    return {int(tid): Asleep(int(number), str(file)) for tid, (number, file) in found.items()}
