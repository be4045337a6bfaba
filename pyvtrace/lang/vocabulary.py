"""The shapes of what a D program can name: variables, functions, actions, aggregating functions, probes.

The language layer defines the shapes and checks programs against them; `builtins` and `providers` fill them. An entry
owns all its faces: how it checks, what it compiles to, how values merge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.types import Struct, Type
from pyvtrace.source import Source
from pyvtrace.spec import ProbeName
from pyvtrace.value import Value

# Builtins' code faces are generators of BPF items; their first argument is the compiler's machine. The language layer
# carries them and never calls them.
Emit = Callable[..., Any]


# A function without a name that a program could write: a string where a pointer to its characters is wanted.
ADDRESS_OF_STRING = "char *"


class Variable(Value):
    """A built-in variable. `indexed` is true for `args` and `uregs`, which are written with an index.

    `array` names argN families: Variable("arg0", ...) has `index` 0. `clock` is true for what comes from the clock,
    which is read once a firing. `extension` marks what DTrace does not have.
    """

    name: str
    type: Type
    code: Emit
    doc: str = ""
    index: int = 0
    clock: bool = False
    extension: bool = False


class Parameter(Value):
    """What an argument may be: `accepts` is "integer", "string", "string or null", "pointer", "pointer or integer",
    "scalar", "any", "constant" (an integer constant) or "aggregation". `shown` is the prototype text DTrace prints in a
    mismatch."""

    accepts: str
    optional: bool = False
    shown: str = ""


class Function(Value):
    """A subroutine: usable in any expression. `result` is the type of its value, from the arguments' types (a string's
    has its capacity) and strsize. `keeps` names what it goes on with: of the machine's
    `states`, which last for a firing ("memory": for a clause). One that is for a single function has the function's
    name, and is a word with room for two values of its type behind it. `refuses` gives (tag, message) for arguments of
    which is known that they will not do; it is told scratchsize, in bytes."""

    name: str
    parameters: tuple[Parameter, ...]
    result: Callable[[Sequence[Type], int], Type]
    code: Emit
    doc: str = ""
    keeps: str = ""
    destructive: bool = False
    refuses: Callable[[Sequence[Any], int], tuple[str, str] | None] = lambda args, scratchsize: None


def _no_code(*args: Any) -> Any:
    raise AssertionError("what it stands for has code")


class Written(Function):
    """A function that stands for an expression of D. `forms` has the types that its one argument may have, as D writes
    them, and for each the expression over the argument, which is called `it`."""

    result: Callable[[Sequence[Type], int], Type] = _no_code
    code: Emit = _no_code
    forms: tuple[tuple[str, str], ...] = ()


class Naming(Function):
    """A function whose value is a `types.Trace` of that `kind`: usable as a statement, as a key of an aggregation,
    as an argument of printf() and as what a variable is assigned. Its code writes the value to a place.
    `frames` names the option that has the number of frames where no argument does; "" for the name of one address."""

    kind: str = ""
    frames: str = ""


class Action(Value):
    """An action: usable as a statement only, type void.

    `shape` tells the checker which special rule applies: "values" (parameters as given), "printf", "printa",
    "tracemem", "freopen", "aggregation" (first argument an aggregation, then `parameters`); "pcap" and "refused" end in
    a refusal. `removes` is true for one that takes keys away.
    """

    name: str
    parameters: tuple[Parameter, ...]
    code: Emit
    shape: str = "values"
    destructive: bool = False
    removes: bool = False
    doc: str = ""


class Aggregating(Value):
    """An aggregating function. `constants` is how many arguments after the first are compile-time constants that define
    the buckets (lquantize, llquantize, exphist); `check` returns (tag, message) pairs for bad ones, and `parts` has for
    each the tag and the name of one that differs from another use of the aggregation.
    `marked` is true where the first word tells which clearing of the aggregation the others belong to."""

    name: str
    parameters: tuple[Parameter, ...]
    words: Callable[[tuple[int, ...]], int]
    code: Emit
    check: Callable[[Sequence[int | None]], Sequence[tuple[str, str]]]
    defaults: Callable[[tuple[int, ...]], tuple[int, ...]]
    constants: int = 0
    parts: Sequence[tuple[str, str]] = ()
    weighted: bool = False
    marked: bool = False
    doc: str = ""


class Argument(Value):
    """A probe's argument: `name` for `args->name` and `vtrace -lv`. Where `written` is not empty, it is the type as D
    writes it, and only D libraries know what it stands for."""

    name: str
    type: Type
    written: str = ""


class Probe(Value):
    """One probe of this kernel. `id` is stable for a boot and the same in `-l` and in records. A probe that is made of
    another one has an `origin`."""

    id: int
    name: ProbeName
    key: Any = None
    origin: Origin | None = None


class Origin(Value):
    """What a probe is made of: it fires when `probe` does and the D condition `when` holds ("": always).

    `arguments` has (type, expression) of each args[n], both as D writes them: an expression over the arguments of
    `probe`, and what it is converted or translated to. `steps` are what has to be done, enabled or not, for the sake of
    expressions here. `thread` is the index of the argument of `probe` that is the thread it fires for, -1 for the
    current one; with `own_stack` stack() is that thread's, who has to be off its CPU, and not the current one's.
    """

    probe: Probe
    arguments: tuple[tuple[str, str], ...]
    when: str = ""
    steps: tuple[Step, ...] = ()
    thread: int = -1
    own_stack: bool = False


class Step(Value):
    """A D statement at a probe: before everything that a program does there, or (`last`) after it. Its variables are
    called `__` and the provider's name; `self->` ones are those of `thread`, see `Origin`."""

    probe: Probe
    does: str
    when: str = ""
    last: bool = False
    thread: int = -1


class KernelSymbol(Value):
    """A function or variable of the kernel, see `pyvtrace.target.KernelSymbol`; `type` is None where it is unknown."""

    name: str
    module: str
    address: int
    type: Type | None
    btf: int = 0
    per_cpu: bool = False


class Refusal(Value):
    """Why a description's probes cannot be had: DTrace's tag, what is wrong, and what to do about it."""

    tag: str
    message: str
    hint: str = ""


class Environment(Protocol):
    """Everything a program is checked against."""

    @property
    def variables(self) -> Mapping[str, Variable]: ...

    @property
    def arrays(self) -> Mapping[str, Function]:
        """Arrays of D's own by their names: functions of the index."""

    @property
    def functions(self) -> Mapping[str, Function]: ...

    @property
    def actions(self) -> Mapping[str, Action]: ...

    @property
    def aggregating(self) -> Mapping[str, Aggregating]: ...

    def match(self, description: ProbeDescription) -> Sequence[Probe]:
        """Probes that a description enables, in id order; empty when none does."""

    def arguments(self, probe: Probe) -> Sequence[Argument]:
        """Typed arguments (args[0]...), read when asked for."""

    def aggregate(self, keyword: str, tag: str) -> Struct | None:
        """A struct or union of the kernel with its members, read when asked for; those that are members of it may be
        forward declarations that know their size."""

    def named_type(self, name: str) -> Type | None:
        """A typedef of the kernel, or an enum ("enum pid_type"), read when asked for."""

    def enumerator(self, name: str) -> tuple[Type, int] | None:
        """Type and value of a constant of the kernel's enums, read when asked for."""

    def symbol(self, module: str, name: str) -> KernelSymbol | None:
        """A function or variable of the kernel, read when asked for."""

    def no_types(self) -> str:
        """Why nothing is known of the kernel's types; empty where it is."""

    def library(self, name: str) -> Source | None:
        """The D library that defines a type, an inline or a constant; None if none does."""

    def hint(self, description: ProbeDescription) -> str:
        """Why a description matches nothing, or what it may have meant; empty if there is nothing to say."""

    def refusal(self, description: ProbeDescription, found: Sequence[Probe]) -> Refusal | None:
        """Why a description cannot be enabled, though `found` may fit it; None if it can, or just fits nothing."""
