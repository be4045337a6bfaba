"""Random integer expressions, as D text through the whole compiler and the kernel, against C's rules in Python."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime.program import compile_text
from pyvtrace.runtime.session import Session
from pyvtrace.source import Source
from pyvtrace.spec import FieldSpec, TraceAction
from pyvtrace.value import Value
from tests.compile import c_model as c
from tests.fuzz import thorough

TARGET = LiveTarget()
EXPRESSIONS, DEPTH = 30, 4
EDGES = [0, 1, 2, 7, 8, 31, 63, 127, 128, 255, 256, 32767, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63,
         2**64 - 1]  # fmt: skip
# What a variable is written as decides where it lives: the data map, the thread's storage, the stack, a hash.
PLACES = {"": "x{}", "self": "self->x{}", "this": "this->x{}", "array": 'a{}["key", 7]', "own": "self->a{}[3]"}


@st.composite
def variables(draw: st.DrawFn) -> list[tuple[str, c.Variable, int]]:
    """(declaration, variable, first value) of each."""
    made = []
    for number in range(6):
        place = draw(st.sampled_from(sorted(PLACES)))
        type_ = draw(st.sampled_from(c.TYPES))
        name = PLACES[place].format(number)
        declared = {"array": "a{}[string, int]", "own": "a{}[int]"}.get(place, "x{}").format(number)
        scope = {"array": "", "own": "self "}.get(place, f"{place} " if place else "")
        first = type_.wrap(draw(st.sampled_from(EDGES)) * draw(st.sampled_from((1, -1))))
        made.append((f"{scope}{type_.name} {declared};", c.Variable(name, type_), first))
    return made


class Behind(Value):
    """Where else something may lie: how it is declared and written, and what comes first, which takes the memory that a
    pointer leads to. `{0}` is a number, `{1}` a type, `{2}` the width of a bit-field."""

    declared: str
    taken: str
    written: str
    is_bits: bool = False


BEHIND = (
    Behind("this {1} *p{0};", "this->p{0} = ({1} *)alloca(24);", "this->p{0}[2]"),
    Behind("struct s{0} {{ char a; {1} m; char z; }};", "this->s{0} = (struct s{0} *)alloca(24);", "this->s{0}->m"),
    Behind("struct b{0} {{ {1} a : 1, m : {2}; char z; }}; struct b{0} b{0};", "b{0}.a = 1;", "b{0}.m", True),
    Behind("struct c{0} {{ {1} a : 1, m : {2}; }};", "this->c{0} = (struct c{0} *)alloca(16);", "this->c{0}->m", True),
)


@st.composite
def behind(draw: st.DrawFn) -> list[tuple[str, str, c.Variable, int]]:
    """(declaration, statement that comes first, variable, first value) of each."""
    made = []
    for number in range(draw(st.integers(0, 3))):
        how, type_ = draw(st.sampled_from(BEHIND)), draw(st.sampled_from(c.TYPES))
        bits = draw(st.integers(1, 8 * type_.size)) if how.is_bits else 0
        texts = (how.declared, how.taken, how.written)
        declared, taken, written = (text.format(number, type_.name, bits) for text in texts)
        variable = c.Variable(written, type_, bits)
        made.append((declared, taken, variable, variable.hold(draw(st.sampled_from(EDGES)))))
    return made


@st.composite
def literals(draw: st.DrawFn) -> c.Node:
    number = draw(st.one_of(st.sampled_from(EDGES), st.integers(0, 2**64 - 1)))
    suffix = draw(st.sampled_from(["", "", "u", "l", "ul", "ll", "ULL"]))
    base = draw(st.sampled_from(["{}", "{:#x}", "0{:o}"]))
    lower = suffix.lower()
    if base == "{}" and "u" not in lower and number >= 2**63:
        # Decimal constants without u are signed.
        base = "{:#x}"
    # ISO C 6.4.4.1: the first type of the list in which the constant fits.
    if "u" in lower:
        candidates = [c.UINT, c.ULONG]
    else:
        candidates = [c.INT, c.LONG] if base == "{}" else [c.INT, c.UINT, c.LONG, c.ULONG]
    if "l" in lower:
        candidates = [t for t in candidates if t.size == 8]
    type_ = next(t for t in candidates if t.wrap(number) == number)
    return c.Literal(base.format(number) + suffix, type_, number)


@st.composite
def nodes(draw: st.DrawFn, known: list[c.Variable], depth: int) -> c.Node:
    kinds = ["literal", "variable", "variable", "step"]
    if depth:
        kinds += ["infix"] * 6 + ["prefix", "cast", "choice", "assign", "sequence"]
    kind = draw(st.sampled_from(kinds))
    inner = nodes(known, depth - 1)
    match kind:
        case "literal":
            return draw(literals())
        case "variable":
            return draw(st.sampled_from(known))
        case "step":
            return c.Step(draw(st.sampled_from(["++", "--"])), draw(st.sampled_from(known)), prefix=draw(st.booleans()))
        case "prefix":
            return c.Prefix(draw(st.sampled_from("-+~!")), draw(inner))
        case "cast":
            return c.Cast(draw(st.sampled_from(c.TYPES)), draw(inner))
        case "choice":
            return c.Choice(draw(inner), draw(inner), draw(inner))
        case "sequence":
            return c.Sequence(draw(inner), draw(inner))
        case "assign":
            op = draw(st.sampled_from(["=", "=", *(op + "=" for op in c.ARITHMETIC)]))
            return c.Assignment(op, draw(st.sampled_from(known)), _nonzero(op[0], draw(inner)))
    op = draw(st.sampled_from(sorted(c.POWERS)))
    left = draw(inner)
    return c.Infix(op, left, _nonzero(op, draw(inner)))


def _nonzero(op: str, divisor: c.Node) -> c.Node:
    """What may be divided by; a division by zero is a fault, and ends the clause."""
    return c.Infix("|", divisor, c.Literal("1", c.INT, 1)) if op in "/%" else divisor


@st.composite
def programs(draw: st.DrawFn) -> tuple[str, list[c.Node], c.State]:
    others = draw(behind())
    made = draw(variables()) + [(declaration, variable, first) for declaration, _, variable, first in others]
    known = [variable for _, variable, _ in made]
    expressions = draw(st.lists(nodes(known, DEPTH), min_size=1, max_size=EXPRESSIONS))
    lines = [declaration for declaration, _, _ in made]
    lines.append("BEGIN\n{")
    lines += [taken for _, taken, _, _ in others]
    lines += [f"{variable.text()} = {c.spelled(first)};" for _, variable, first in made]
    lines += [f"trace({expression.within(1)});" for expression in expressions]
    lines.append("}")
    return "\n".join(lines), expressions, {variable.name: first for _, variable, first in made}


def seen(text: str) -> list[tuple[int, FieldSpec]]:
    """What each trace() of BEGIN recorded, and how."""
    spec = compile_text(Source("random.d", text), TARGET, {})
    with Session(spec, TARGET) as session:
        session.fire("BEGIN")
        (record,) = [bytes(record) for record in session.records()]
    fields = [action.field for action in spec.records[0].actions if isinstance(action, TraceAction)]
    codes = {1: "b", 2: "h", 4: "i", 8: "q"}
    return [
        (
            struct.unpack_from("<" + (codes[f.size] if f.kind == "int" else codes[f.size].upper()), record, f.offset)[
                0
            ],
            f,
        )
        for f in fields
    ]


@thorough(programs=100)
@given(programs())
def test_every_expression_has_the_value_and_the_type_that_c_gives_it(
    program: tuple[str, list[c.Node], c.State],
) -> None:
    text, expressions, state = program
    for expression, (value, field) in zip(expressions, seen(text), strict=True):
        assert (value, field.size, field.kind) == (
            expression.value(state),
            expression.type.size,
            "int" if expression.type.signed else "uint",
        ), expression.text()
