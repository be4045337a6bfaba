"""JSON Schemas of what scripts write with `--json`, made of their headers: names, meanings, units and bucket bounds.

docs/schema/scripts has those of the scripts that are shipped; `vtrace run NAME --schema` prints that of any.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from json import dumps
from typing import Any

from pyvtrace.analysis.names import NUMERIC
from pyvtrace.analysis.script import Field, Script, sentence
from pyvtrace.builtins.distributions import is_distribution
from pyvtrace.builtins.percentiles import upper_bounds
from pyvtrace.export.json_lines import QUANTILES
from pyvtrace.lang import ast
from pyvtrace.lang.lexer import Macros
from pyvtrace.lang.parser import parse
from pyvtrace.value import Value

Schema = dict[str, Any]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_UNITS = {"duration": "ns", "bytes": "bytes", "size": "bytes", "time": "ns since 1970-01-01 00:00 UTC"}
_INTEGERS = NUMERIC | {"time", "size"}
_SECONDS = "seconds since 1970-01-01 00:00 UTC"
_MACROS = ("target", "pid", "ppid", "uid", "euid", "gid", "egid")
# How many constants follow the value.
_PARAMS = {"lquantize": 3, "llquantize": 4, "exphist": 1}
# A list of integers or nulls, which takes a line of its own for each of them.
_LIST = re.compile(r"\[\s*((?:(?:-?\d+|null),\s*)*(?:-?\d+|null))\s*\]")


class NoSchema(Exception):
    """The script writes no lines of its own."""


def schema_of(script: Script) -> Schema:
    """The schema of a script's lines.

    Raises:
        NoSchema: it prints what it likes, or its lines are those of a command of ours.
    """
    if script.columns:
        what, made = "An event", _object({field.name: _value(field) for field in script.columns})
    elif script.values:
        what, made = "A row", _row(script)
    elif script.measures:
        what, made = "A row", _view(script)
    else:
        raise NoSchema("a script has a schema if its header declares columns, values or measures")
    name = script.name.removesuffix(".d")
    about = f"{sentence(script.question)} A line of `vtrace run {name} --json`: {script.output}."
    head = {"$schema": _DRAFT, "$id": identifier(name), "title": f"{what} of {name}", "description": about}
    return {**head, **made}


def identifier(name: str) -> str:
    """The $id of a script's schema."""
    return f"urn:pyvtrace:schema:scripts:{name.replace('/', ':')}"


def text_of(schema: Schema) -> str:
    """The schema as it stands in a file, lists of numbers on one line."""
    return _LIST.sub(lambda found: f"[{' '.join(found[1].split())}]", dumps(schema, indent=2)) + "\n"


def _object(properties: Mapping[str, Schema], about: str = "") -> Schema:
    made: Schema = {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": dict(properties),
    }
    return {"description": about, **made} if about else made


def _value(field: Field) -> Schema:
    """A column, a part of a key, or a figure."""
    made: Schema = {"description": sentence(field.label), "type": "integer" if field.kind in _INTEGERS else "string"}
    return {**made, "unit": _UNITS[field.kind]} if field.kind in _UNITS else made


def _row(script: Script) -> Schema:
    functions = _aggregating(script)
    values = {}
    for field in script.values:
        function, params = functions.get(field.name, ("", None))
        values[field.name] = _distribution(field, function, params) if is_distribution(function) else _value(field)
    return _object(
        {
            "time": {"description": f"When the interval ended: {_SECONDS}.", "type": "number", "unit": "s"},
            "key": _object({field.name: _value(field) for field in script.keys}, "What makes the row."),
            **values,
        }
    )


def _distribution(field: Field, function: str, params: tuple[int, ...] | None) -> Schema:
    """A histogram: `unit` is that of its values and of the bounds of its buckets, which are those of `function`."""
    unit = {"unit": _UNITS[field.kind]} if field.kind in _UNITS else {}
    above: Schema = {"type": ["integer", "null"]}
    upto: Schema = {"type": "integer"}
    if params is not None:
        bounds = sorted(set(upper_bounds(function, params)))
        above, upto = {"enum": [None, *bounds]}, {"enum": bounds}
    bucket = _object(
        {
            "above": {"description": "Exclusive lower bound; null where there is none.", **above},
            "upto": {"description": "Inclusive upper bound.", **upto},
            "count": {"description": "Number of values.", "type": "integer", "minimum": 1},
        }
    )
    figures: dict[str, Schema] = {
        "count": {"description": "Number of values.", "type": "integer", "minimum": 0},
        "max": {"description": "The largest value, or the end of its bucket.", "type": "integer", **unit},
    }
    for name, q in QUANTILES.items():
        about = f"The upper bound of the bucket in which the quantile {q:g} lies."
        figures[name] = {"description": about, "type": "integer", **unit}
    figures["buckets"] = {"description": "The buckets in use, ascending.", "type": "array", "items": bucket, **unit}
    return _object(figures, f"{sentence(field.label)} A distribution, by {function}().")


def _view(script: Script) -> Schema:
    """A row of a view, with the keys and measures of this one."""
    fields = (*script.keys, *script.extras)
    key: Schema = {
        "additionalProperties": False,
        "properties": {field.name: _value(field) for field in fields},
    }
    measures = [measure.name for measure in script.measures]
    about = "; ".join(f"{measure.name}: {measure.label}" for measure in script.measures)
    own: Schema = {"view": {"const": script.view}, "key": key, "measure": {"description": about, "enum": measures}}
    return {"$ref": "urn:pyvtrace:schema:view", "properties": own}


def _aggregating(script: Script) -> Mapping[str, tuple[str, tuple[int, ...] | None]]:
    """Of each aggregation its function, and the function's parameters; None where they are no plain numbers."""
    found: dict[str, tuple[str, tuple[int, ...] | None]] = {}
    for node in _nodes(parse(script.source, Macros((), dict.fromkeys(_MACROS, 1), True, True)).items):
        if isinstance(node, ast.Assign) and isinstance(node.target, ast.Aggregation):
            call = node.value
            if isinstance(call, ast.Call):
                found.setdefault(node.target.name, (call.name, _params(call)))
    return found


def _params(call: ast.Call) -> tuple[int, ...] | None:
    given = call.args[1 : 1 + _PARAMS.get(call.name, 0)]
    numbers = [_number(arg) for arg in given]
    if call.name == "lquantize" and len(numbers) == 2:
        numbers.append(1)
    return None if None in numbers else tuple(number for number in numbers if number is not None)


def _number(arg: ast.Expr) -> int | None:
    if isinstance(arg, ast.Unary) and arg.op == "-" and isinstance(arg.operand, ast.Number):
        return -arg.operand.value
    return arg.value if isinstance(arg, ast.Number) else None


def _nodes(thing: object) -> Iterator[Value]:
    """All parts of a tree."""
    if isinstance(thing, tuple):
        for part in thing:
            yield from _nodes(part)
    elif isinstance(thing, Value):
        yield thing
        for name in thing.__match_args__:  # type: ignore[attr-defined]
            yield from _nodes(getattr(thing, name))
