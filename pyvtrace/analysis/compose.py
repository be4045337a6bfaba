"""The D program of one run of a view: its script, with the user's conditions, keys and limits put in.

The script stays a D program that runs by itself; what is put in goes to places that its header names, so everything is
filtered in the kernel, where an event that nobody asked for costs least.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pyvtrace.analysis.script import Script

_DESCRIPTION = r"[\w$:*?\[\]-]+:[\w*?-]+"
_CLAUSE = re.compile(rf"^({_DESCRIPTION}(?:,\s+{_DESCRIPTION})*)\n(?:/(.*)/\n)?\{{", re.MULTILINE)
_UPDATE = re.compile(r"^([ \t]*)(@\w+)\[(.*)\] = (exphist\((.*), (\d+)\));", re.MULTILINE)

# The processes of a command: $target, those that one of them cloned, and those whose parent is one of them, for a child
# may run before the call that made it returns. A child of such a child is found by its entry to clone.
FAMILY = "(pid == $target || vtrace_family[pid] || vtrace_family[ppid] || ppid == $target)"
FAMILY_DECLARATION = "uint64_t vtrace_family[uint64_t];\n"
FAMILY_CLAUSES = """\
syscall::clone*:entry, syscall::*fork:entry
/vtrace_family[ppid] || ppid == $target/
{
	vtrace_family[pid] = 1;
}

syscall::clone*:return, syscall::*fork:return
/(int64_t)arg1 > 0 && (pid == $target || vtrace_family[pid])/
{
	vtrace_family[(uint64_t)arg1] = 1;
}

syscall::exit_group:entry
/vtrace_family[pid]/
{
	vtrace_family[pid] = 0;
}

"""


def family(conditions: Sequence[str]) -> str:
    """The clauses that know the processes of a command, if one of the conditions asks for them."""
    return FAMILY_DECLARATION + FAMILY_CLAUSES if any(FAMILY in condition for condition in conditions) else ""


def quoted(text: str) -> str:
    """A D string constant."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def any_of(variable: str, values: Sequence[object]) -> str:
    """A D condition: the variable is one of the values."""
    return "(" + " || ".join(f"{variable} == {value}" for value in values) + ")"


def compose(
    script: Script,
    conditions: Sequence[str] = (),
    *,
    minimum: int = 0,
    options: Mapping[str, str] | None = None,
) -> str:
    """The D program: every condition joins the predicates of the clauses named by `filter`, the tuples get the extras
    among the script's keys, values below `minimum` are not counted, and `options` are set by pragmas. Keys may be taken
    out of the aggregations: a program that removes some has what that needs.

    Raises:
        BadHeader: a clause or an update is not where the header says.
    """
    text = _updated(script, filtered(script, conditions), minimum)
    pragmas = "".join(f"#pragma D option {name}={value}\n" for name, value in (options or {}).items())
    removable = "".join(f"\ndtrace:::END\n{{\n\ttrunc(@{measure.name});\n}}\n" for measure in script.measures)
    return pragmas + family(conditions) + text + removable


def filtered(script: Script, conditions: Sequence[str]) -> str:
    """A script's text whose clauses for the descriptions of its `filter` have the conditions in their predicates, too.

    Raises:
        BadHeader: there is no clause for one of them.
    """
    found: set[str] = set()
    filters = set(script.filters)

    def clause(match: re.Match[str]) -> str:
        descriptions, predicate = match.groups()
        named = set(re.split(r",\s*", descriptions)) & filters
        found.update(named)
        if not named or not conditions:
            return match.group()
        parts = [*conditions, *([f"({predicate})"] if predicate else [])]
        return f"{descriptions}\n/{' && '.join(parts)}/\n{{"

    text = _CLAUSE.sub(clause, script.text)
    if found != filters:
        raise script.bad(f"no clause is for {', '.join(sorted(filters - found))}", "filter")
    return text


def _updated(script: Script, text: str, minimum: int) -> str:
    declared = ", ".join(key.expression for key in script.keys if key not in script.extras)
    wanted = ", ".join(key.expression for key in script.keys)
    updated: set[str] = set()

    def update(match: re.Match[str]) -> str:
        indent, name, keys, function, value, _ = match.groups()
        if keys != declared:
            raise script.bad(f"{name} has the keys {keys}, the header declares {declared}", "key")
        updated.add(name[1:])
        statement = f"{name}[{wanted}] = {function};"
        return f"{indent}if ({value} >= {minimum}) {{ {statement} }}" if minimum else indent + statement

    text = _UPDATE.sub(update, text)
    if updated != {measure.name for measure in script.measures}:
        raise script.bad(f"the script updates {', '.join(sorted(updated))}, the header declares others", "measure")
    return text
