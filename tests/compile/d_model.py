"""What D has beyond C's expressions, as Python: strings, elements and members, faults, statements, clauses.

A model of the language only: it knows nothing of how anything is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

from pyvtrace.value import Value
from tests.builtins.test_functions import found, substr
from tests.builtins.test_strings import basename
from tests.compile import c_model as c

STRSIZE = 32
STRING = c.CType("string", STRSIZE, False)
DIVISION, BOUNDS = 4, 10


class Fault(Exception):
    """A run-time fault: its number, and what ERROR's arg5 shows of it."""

    def __init__(self, number: int, value: int) -> None:
        self.number, self.shown = number, value & (1 << 64) - 1


class Place(c.Variable):
    """`name[keys]tail[index]`: a variable, an element of an associative array, a member of either, an element of an
    array of `count`. Keys come with the types that they are kept in."""

    def __init__(
        self,
        name: str,
        type_: c.CType,
        *,
        keys: Sequence[tuple[c.Node, c.CType]] = (),
        tail: str = "",
        index: c.Node | None = None,
        count: int = 0,
        bits: int = 0,
    ) -> None:
        super().__init__(name, type_, bits)
        self._keys, self._tail, self._index, self._count = keys, tail, index, count

    def text(self) -> str:
        keys = ", ".join(node.within(1) for node, _ in self._keys)
        index = f"[{self._index.text()}]" if self._index else ""
        return self.name + (f"[{keys}]" if keys else "") + self._tail + index

    def cell(self, state: c.State) -> Hashable:
        keys = tuple(held(type_, node.value(state)) for node, type_ in self._keys)
        at = self._index.value(state) if self._index else 0
        if self._index and not 0 <= at < self._count:
            raise Fault(BOUNDS, at)
        return self.name, keys, self._tail, at


class Words(Place):
    """A place for a string of less than `size` bytes."""

    def __init__(self, name: str, *, size: int = STRSIZE, **parts: Any) -> None:
        super().__init__(name, STRING, **parts)
        self._size = size

    def hold(self, value: Any) -> Any:
        return value[: self._size - 1]

    def value(self, state: c.State) -> Any:
        return super().value(state) or ""


def held(type_: c.CType, value: Any) -> Any:
    return value[: STRSIZE - 1] if type_ is STRING else type_.wrap(value)


class Quoted(c.Node):
    type = STRING

    def __init__(self, words: str) -> None:
        self._words = words

    def text(self) -> str:
        return f'"{self._words}"'

    def value(self, state: c.State) -> str:
        return self._words


class ChoiceOfStrings(c.Choice):
    def __init__(self, test: c.Node, then: c.Node, otherwise: c.Node) -> None:
        self.test, self.then, self.otherwise, self.type = test, then, otherwise, STRING

    def value(self, state: c.State) -> Any:
        return (self.then if self.test.value(state) else self.otherwise).value(state)


class Comparison(c.Node):
    """Of two strings."""

    type = c.INT

    def __init__(self, op: str, left: c.Node, right: c.Node) -> None:
        self.op, self.left, self.right, self.power = op, left, right, c.POWERS[op]

    def text(self) -> str:
        return f"{self.left.within(self.power)} {self.op} {self.right.within(self.power + 1)}"

    def value(self, state: c.State) -> int:
        left, right = self.left.value(state), self.right.value(state)
        return int(COMPARED[self.op](left, right))


COMPARED: Mapping[str, Callable[[str, str], bool]] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
}  # fmt: skip


class Division(c.Infix):
    """`left / right` and `left % right`, by what may be zero."""

    def value(self, state: c.State) -> Any:
        left, right = self.left.value(state), self.right.value(state)
        if not self.type.wrap(right):
            raise Fault(DIVISION, 0)
        return c.operate(self.op, left, right, self.type, self.right.type)


FUNCTIONS: Mapping[str, tuple[str, c.CType, Callable[..., Any]]] = {
    # Parameters: s a string, n a number of which C's int has the value, l any number.
    "strlen": ("s", c.ULONG, len),
    "strjoin": ("ss", STRING, lambda a, b: (a + b)[: STRSIZE - 1]),
    "substr": ("snn", STRING, substr),
    "index": ("ss", c.INT, lambda a, b: found(a, b, None, backwards=False)),
    "rindex": ("ss", c.INT, lambda a, b: found(a, b, None, backwards=True)),
    "strstr": ("ss", STRING, lambda a, b: a[a.find(b) :] if b in a else ""),
    "basename": ("s", STRING, basename),
    "lltostr": ("l", STRING, lambda n: str(c.LONG.wrap(n))),
}


class Call(c.Node):
    def __init__(self, name: str, arguments: Sequence[c.Node]) -> None:
        self.name, self.arguments = name, arguments
        _, self.type, self._model = FUNCTIONS[name]

    def text(self) -> str:
        return f"{self.name}({', '.join(one.within(1) for one in self.arguments)})"

    def value(self, state: c.State) -> Any:
        return self._model(*[one.value(state) for one in self.arguments])


# ----------------------------------------------------------------------------------------------------------- statements


class Evaluate(Value):
    """`trace(node);` if it is `traced`, else `node;`."""

    node: c.Node
    traced: bool = False


class If(Value):
    test: c.Node
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...]


Statement = Evaluate | If


def written(body: Sequence[Statement]) -> str:
    lines = []
    for one in body:
        match one:
            case If(test, then, otherwise):
                lines.append(f"if ({test.text()}) {{ {written(then)} }} else {{ {written(otherwise)} }}")
            case Evaluate(node, traced):
                lines.append(f"trace({node.within(1)});" if traced else f"{node.text()};")
    return " ".join(lines)


def traces(body: Sequence[Statement], state: c.State) -> Iterator[tuple[Any, c.CType]]:
    """Value and type of everything that is traced."""
    for one in body:
        match one:
            case If(test, then, otherwise):
                yield from traces(then if test.value(state) else otherwise, state)
            case Evaluate(node, traced):
                value = node.value(state)
                if traced:
                    yield value, node.type


class Clause(Value):
    """A clause of BEGIN."""

    predicate: c.Node | None
    body: tuple[Statement, ...]

    def text(self) -> str:
        predicate = f" / {self.predicate.text()} /" if self.predicate else ""
        return f"BEGIN{predicate} {{ {written(self.body)} }}"

    def run(self, state: c.State) -> list[tuple[Any, c.CType]] | Fault:
        """What it traces; a fault takes that back, and leaves what was assigned before."""
        try:
            if self.predicate and not self.predicate.value(state):
                return []
            return list(traces(self.body, state))
        except Fault as fault:
            return fault


def smaller(body: Sequence[Statement]) -> Iterator[tuple[Statement, ...]]:
    """The same without one of its statements."""
    for at, one in enumerate(body):
        before, after = tuple(body[:at]), tuple(body[at + 1 :])
        if len(body) > 1:
            yield before + after
        if isinstance(one, If):
            yield from (before + part + after for part in (one.then, one.otherwise) if before or part or after)
