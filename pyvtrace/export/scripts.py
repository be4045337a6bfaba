"""What a recording says of the script of the library that it is of, so that it is shown again as the script's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyvtrace.analysis.names import Names
from pyvtrace.analysis.script import BadHeader, Script, parse_script
from pyvtrace.export.recording import Origin
from pyvtrace.export.replay import BadRecording, Recording
from pyvtrace.spec import AggregationSpec
from pyvtrace.value import Value

KIND = "script"


class Recorded(Value):
    """A script, names of what it numbers, the globs of --comm, and how many rows are shown (None: all)."""

    script: Script
    names: Names
    commands: tuple[str, ...] = ()
    top: int | None = None


def origin(
    recorded: Recorded, program: str, aggregations: Sequence[AggregationSpec], options: Mapping[str, str]
) -> Origin:
    """What goes to the header of a recording; `program` is the text that runs."""
    script = recorded.script
    asked = {
        "script": script.text,
        "names": recorded.names,
        "commands": list(recorded.commands),
        "top": recorded.top,
    }
    return Origin(KIND, script.name.removesuffix(".d"), program, tuple(aggregations), options, asked)


def recorded_in(recording: Recording) -> Recorded:
    """What `origin` was told.

    Raises:
        BadRecording: the header does not say it.
    """
    asked = recording.origin.asked
    try:
        script = parse_script(str(asked["script"]), f"{recording.origin.name}.d")
        names = {str(kind): {int(n): str(name) for n, name in some.items()} for kind, some in _items(asked["names"])}
        commands = tuple(map(str, _list(asked["commands"])))
        top = None if asked["top"] is None else int(str(asked["top"]))
        known = {spec.name: spec for spec in recording.origin.aggregations}
        if not (script.columns or script.values):
            raise ValueError("neither columns nor values")
        if any(len(known[field.name].keys) != len(script.keys) for field in script.values):
            raise ValueError("the keys are others")
    except (KeyError, TypeError, ValueError, AttributeError, BadHeader) as odd:
        raise BadRecording(f"its header does not say how to show it ({odd})") from None
    return Recorded(script, names, commands, top)


def _items(thing: object) -> list[tuple[str, Mapping[str, object]]]:
    if not isinstance(thing, Mapping):
        raise TypeError(f"{thing!r} is no object")
    return list(thing.items())


def _list(thing: object) -> Sequence[object]:
    if not isinstance(thing, list):
        raise TypeError(f"{thing!r} is no list")
    return thing
