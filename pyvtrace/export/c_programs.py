"""What a recording says of the C program that it is of, and the program's events as plain data."""

from __future__ import annotations

from collections.abc import Mapping

from pyvtrace.cprobes.outputs import Output
from pyvtrace.cprobes.session import CSession
from pyvtrace.export.recording import Origin, Recorded
from pyvtrace.export.replay import BadRecording, Recording
from pyvtrace.spec import ProbeName

KIND = "c"
# By table, the names of an event's values in their order.
Members = Mapping[str, tuple[str, ...]]


def origin(session: CSession, text: str) -> Origin:
    """What goes to the header of a recording; `text` is the program's."""
    members = {table: list(names) for table, names in session.outputs.members.items()}
    return Origin(KIND, session.program.name, text, session.aggregations, {}, {"members": members})


def members_in(recording: Recording) -> Members:
    """The members that `origin` was told.

    Raises:
        BadRecording: the header does not say them.
    """
    members = recording.origin.asked.get("members")
    if not isinstance(members, dict) or not all(isinstance(names, list) for names in members.values()):
        raise BadRecording("its header does not say how to show it (members)")
    return {str(table): tuple(map(str, names)) for table, names in members.items()}


def recorded(output: Output, program: str, since_ns: int) -> Recorded:
    """An event that was read so many ns after the start."""
    probe = ProbeName("c", program, "", output.table)
    return Recorded(since_ns, probe, output.cpu, 0, tuple(output.values.values()), f"{output}\n")


def output_object(event: Recorded, members: Members, wall_ns: int) -> Mapping[str, object]:
    """An event as one JSON object. Its processor is null where the buffer is one for all.

    Raises:
        BadRecording: it has other values than its table.
    """
    names = members.get(event.probe.name, ())
    if len(names) != len(event.values):
        raise BadRecording("an event in it has other values than its header says")
    return {
        "event": event.probe.name,
        "time": wall_ns / 1e9,
        "cpu": event.cpu if event.cpu >= 0 else None,
        "values": dict(zip(names, event.values, strict=True)),
    }
