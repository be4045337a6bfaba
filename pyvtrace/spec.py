"""A compiled D program as plain data: maps, BPF code, attach points and what its records mean.

Nothing here is live: a `ProgramSpec` can be printed, compared, cached and loaded by another process. Whatever depends
on the running kernel happens when `runtime.Session` makes the live objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyvtrace.source import Source, Span
from pyvtrace.value import Value


class MapSpec(Value):
    """One BPF map. `type` is a BPF_MAP_TYPE_* number; `contents` initialises element 0 of an array map."""

    name: str
    type: int
    key_size: int
    value_size: int
    max_entries: int
    flags: int = 0
    contents: bytes | None = None
    frozen: bool = False


# ------------------------------------------------------------------------------------------------------- attach points


class AttachSpec(Value):
    """Base of the ways a BPF program gets to run."""


class OnDemand(AttachSpec):
    """Run by the session itself through BPF_PROG_TEST_RUN: BEGIN and END."""


class RawTracepoint(AttachSpec):
    """BPF_RAW_TRACEPOINT_OPEN of a tracepoint's name; the context is its arguments as u64 words."""

    name: str


class TypedTracepoint(AttachSpec):
    """The same for a program that was loaded for this tracepoint: the verifier knows what its arguments point to."""

    name: str


class TaskIterator(AttachSpec):
    """Run for one thread, or for all, whenever somebody asks for it; what it writes is the answer."""


class PerfTracepoint(AttachSpec):
    """A perf event on `events/<group>/<name>`; the context is the tracepoint's record."""

    group: str
    name: str


class Timer(AttachSpec):
    """A perf event on the CPU clock every `period_ns`, on every CPU or (tick) on one."""

    period_ns: int
    every_cpu: bool


class Counter(AttachSpec):
    """Perf events of a `kind` and number (`type` and `config` of struct perf_event_attr) on every CPU, once in `period`
    of what is counted. What happens in the kernel or in programs may be left out."""

    name: str
    kind: int
    number: int
    period: int
    kernel: bool
    user: bool


class UserPoint(Value):
    """A place in a program's file where a probe is put: `offset` bytes in. `semaphore` is the place in the file of a
    counter to raise meanwhile, 0 for none; `cookie` is what the program is told when this place was hit."""

    file: str
    offset: int
    semaphore: int
    cookie: int


class Uprobes(AttachSpec):
    """Uprobes, or at returns uretprobes, in one process or (0) all; the context is the registers. `form` tells apart
    places whose arguments lie elsewhere: they have programs of their own."""

    pid: int
    returns: bool
    form: str = ""
    points: tuple[UserPoint, ...] = ()


class KernelPoint(Value):
    """A function of the kernel, and what the program is told when it was hit."""

    function: str
    cookie: int


class Kprobes(AttachSpec):
    """kprobes or kretprobes; the context is the registers."""

    returns: bool
    points: tuple[KernelPoint, ...] = ()


class FunctionTrace(AttachSpec):
    """fentry, or fexit of a function of the kernel itself; the context is known to the helpers only."""

    function: str
    returns: bool


# ------------------------------------------------------------------------------------------------------------ programs


class Relocation(Value):
    """The ld_imm64 at instruction `index` takes the fd of `map`."""

    index: int
    map: str


class CodeSpec(Value):
    """One BPF program: `code` is 8 bytes an instruction; `origins` and `comments` have one entry an instruction."""

    name: str
    type: int
    code: bytes
    relocations: tuple[Relocation, ...]
    attach: AttachSpec
    origins: tuple[Span, ...]
    comments: tuple[str, ...]
    probes: tuple[int, ...] = ()


# ------------------------------------------------------------------------------------------------------------- records


class FieldSpec(Value):
    """Where a value lies in a record or key: `size` bytes at `offset`.

    `kind` is "int" (signed), "uint", "pointer", "string" (NUL-terminated in `size` bytes), "bytes", or "probeprov",
    "probemod", "probefunc", "probename": a u32 probe id of which the consumer shows that part; or one of `TRACES`.
    """

    offset: int
    size: int
    kind: str


# Kinds of fields with addresses of code, which the consumer names; those of processes begin with the process's id.
# Unused words of a stack are zeros. In front of a kernel stack may be frames of tracing itself, for which it has
# TRACING_FRAMES words more than were asked for.
STACKS = frozenset(("stack", "ustack"))
OF_PROCESSES = frozenset(("ustack", "usym", "umod", "uaddr"))
TRACES = STACKS | OF_PROCESSES | {"sym", "mod"}
TRACING_FRAMES = 5
# The module of functions that a runtime has named itself (/tmp/perf-PID.map), and how a frame of one begins.
JIT = "[jit]"
JIT_FRAME = f"{JIT}`"


class ActionSpec(Value):
    """Base of what the consumer does with a record, in order."""


class DefaultAction(ActionSpec):
    """No data: the header line alone."""


class TraceAction(ActionSpec):
    """trace(): the value, in DTrace's column for its size."""

    field: FieldSpec


class ShapeSpec(Value):
    """The type of a value as print() shows it: `kind` is "int", "uint", "pointer", "string", "struct" or "array"; the
    one part of an array is its element. `constants` are names and values of an enum's."""

    kind: str
    name: str
    size: int
    parts: tuple[PartSpec, ...] = ()
    constants: tuple[tuple[str, int], ...] = ()


class PartSpec(Value):
    """A member: its place in bits, and its width where it is a bit-field (else 0)."""

    name: str
    bit_offset: int
    bits: int
    shape: ShapeSpec


class PrintAction(ActionSpec):
    """print(): the value under its type's name; `shape` is that of a struct, a union, an array or an enum. Where
    it is what a pointer points to, `pointer` is that one."""

    field: FieldSpec
    type: str
    shape: ShapeSpec | None = None
    pointer: FieldSpec | None = None


class PrintfAction(ActionSpec):
    """printf(): `fields` in the order of the format's conversions (`*` widths included)."""

    format: str
    fields: tuple[FieldSpec, ...]


class PrintaAction(ActionSpec):
    """printa(): `format` is None for the default layout; aggregations by id."""

    format: str | None
    aggregations: tuple[int, ...]


class ClearAction(ActionSpec):
    aggregation: int


class TruncAction(ActionSpec):
    """trunc(@a) removes all keys; trunc(@a, n) keeps the n largest, or the -n smallest."""

    aggregation: int
    count: FieldSpec | None


class NormalizeAction(ActionSpec):
    aggregation: int
    factor: FieldSpec


class DenormalizeAction(ActionSpec):
    aggregation: int


class ExitAction(ActionSpec):
    status: FieldSpec


class TracememAction(ActionSpec):
    """tracemem(): a dump of the first `count` bytes of the field, of all where there is none."""

    field: FieldSpec
    count: FieldSpec | None


class RaiseAction(ActionSpec):
    """raise(): done where it happened; `result` is what came of it."""

    result: FieldSpec


class SystemAction(ActionSpec):
    """system(): a command for the shell."""

    format: str
    fields: tuple[FieldSpec, ...]


class FreopenAction(ActionSpec):
    """freopen(): the file that the output goes to from here on; the first one again where the name is empty."""

    format: str
    fields: tuple[FieldSpec, ...]


class FtruncateAction(ActionSpec):
    """ftruncate(): the output, if it is a file, begins anew."""


class SetoptAction(ActionSpec):
    """setopt(): an option that can change while a program runs."""

    name: FieldSpec
    value: FieldSpec | None


class SpeculateAction(ActionSpec):
    """The record belongs to a speculation: `tag` is its number, and above 32 bits its generation."""

    tag: FieldSpec


class CommitAction(ActionSpec):
    """Print what belongs to a speculation; a tag of 0 is none."""

    tag: FieldSpec


class DiscardAction(ActionSpec):
    """Forget what belongs to a speculation."""

    tag: FieldSpec


# A record: u32 record id, u32 probe id, u32 CPU; of a clause with an `if` a mask of the actions that ran, of one u32 or
# more; then the fields' data.
RECORD_HEADER_SIZE = 16


def mark_words(actions: int) -> int:
    """How many u32 the mask of so many actions has."""
    return (actions + 31) // 32


def mark_offset(word: int) -> int:
    """Where in a record a u32 of the mask is."""
    return RECORD_HEADER_SIZE - 4 + 4 * word


# An error record has record id ERROR_RECORD, the header, then u32 clause (counted from 1), u32 action, u32 fault,
# u32 unused, u64 value.
ERROR_RECORD = 0xFFFFFFFF
ERROR_RECORD_SIZE = RECORD_HEADER_SIZE + 24

# Fault numbers of the ERROR probe's arg4 (DTRACEFLT_*, Dynamic Tracing Guide, "ERROR").
FAULTS: Mapping[int, str] = {
    1: "invalid address",
    2: "invalid alignment",
    3: "illegal operation",
    4: "divide-by-zero",
    5: "out of scratch space",
    6: "invalid kernel access",
    7: "invalid user access",
    8: "tuple stack overflow",
    9: "bad stack",
    10: "index out of bounds",
    11: "invalid size",
}


class RecordSpec(Value):
    """What one execution of a clause writes: `size` bytes including the header.

    `actions[i]` ran if bit i of the mask is set, which has `marks` u32; all of them ran if there is none.
    """

    id: int
    clause: int
    size: int
    actions: tuple[ActionSpec, ...]
    marks: int = 0

    def ran(self, data: memoryview | bytes) -> int:
        """The mask of the actions that ran, of one record."""
        if not self.marks:
            return (1 << len(self.actions)) - 1
        return int.from_bytes(data[mark_offset(0) : mark_offset(self.marks)], "little")


# -------------------------------------------------------------------------------------------------------- aggregations


class StorageSpec(Value):
    """Where the words of aggregations lie: `index` maps key bytes to a u32 slot, `values` holds the slots.

    `values` is an array of `cpus * capacity` elements of `words` u64; CPU c's copy of a slot is element `c * capacity +
    slot`, so CPUs never share a cache line. `allocated` is the offset in the state map of the u64 that counts slots
    given out, ascending from 0. With `index` "" there are no keys and slot 0 is used.

    Where a program removes keys, `free` is the queue of slots that were given back ("" elsewhere), and `generation` the
    offset in the state map of the u64 that has to change before one is: threads remember slots.
    """

    index: str
    values: str
    key_size: int
    words: int
    capacity: int
    cpus: int
    allocated: int
    free: str = ""
    generation: int = -1


UNSTORED = StorageSpec("", "", 0, 0, 0, 0, -1)


class AggregationSpec(Value):
    """An aggregation: what its keys and words mean, and where they are.

    `function` names the entry of `builtins.aggregations` that knows what the `words` mean, given `params`: () for
    count, sum, min, max, avg, stddev and quantize; (base, limit, step) for lquantize; (factor, low, high, steps) for
    llquantize; (scale,) for exphist. They begin at word `first` of the slot. Where aggregations share their storage,
    keys begin with the u64 `tag` (-1 where they do not). `mark` is the offset in the state map of the u64 that counts
    clearings, for functions that go by it, else -1.
    """

    id: int
    name: str
    function: str
    params: tuple[int, ...]
    keys: tuple[FieldSpec, ...]
    words: int
    storage: StorageSpec = UNSTORED
    first: int = 0
    tag: int = -1
    mark: int = -1


class ProbeName(Value):
    """The four names of a probe."""

    provider: str
    module: str
    function: str
    name: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.module}:{self.function}:{self.name}"


class ProbeNames(dict[int, ProbeName]):
    """Names by id. One that the program did not name (a call that no table knows) is asked of `other`, once."""

    def __init__(self, names: Mapping[int, ProbeName], other: Callable[[int], ProbeName]) -> None:
        super().__init__(names)
        self._other = other

    def __missing__(self, id_: int) -> ProbeName:
        name = self[id_] = self._other(id_)
        return name


class ProgramSpec(Value):
    """A whole compiled D program.

    `probes` has the names of every probe id that records, keys or errors may carry. `matched` counts the probes enabled
    (a probe enabled by two clauses counts twice, as DTrace counts them). `options` are the options in force, by name.
    `state` names the single-element array map whose first u64 is the activity (0 running, 1 exiting), the second
    the exit status; `counters` names the per-CPU array map with one u64 per `COUNTERS` entry. `lines` has the line of
    the program's text by (clause, action), both counted as error records count them; action 0 is the predicate. At
    `speculations` of the state map (-1: none) are SPECULATION_SIZE bytes for each: the u64s `taken`, `closed` and
    `generation`, see `builtins.speculations`.
    """

    source: Source
    maps: tuple[MapSpec, ...]
    programs: tuple[CodeSpec, ...]
    records: tuple[RecordSpec, ...]
    aggregations: tuple[AggregationSpec, ...]
    probes: Mapping[int, ProbeName]
    matched: int
    options: Mapping[str, str]
    ring: str
    state: str
    counters: str
    destructive: bool = False
    lines: Mapping[tuple[int, int], int] = {}
    speculations: int = -1


# Per-CPU counters of everything that was lost or shortened, in the order of the words of the `counters` map.
COUNTERS: tuple[str, ...] = (
    "principal",
    "aggregation",
    "dynamic",
    "truncated",
    "double-error",
    "speculation-busy",
    "speculation-unavailable",
    "stack",
)
SPECULATION_SIZE = 24
