"""What a table of stacks means: how much of it went where, by call chain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pyvtrace.builtins.distributions import value_of
from pyvtrace.runtime.snapshot import Table
from pyvtrace.runtime.traces import frames_of
from pyvtrace.spec import JIT_FRAME
from pyvtrace.value import Value

# As flame graphs mark a frame of the kernel's.
KERNEL = "_[k]"
# The aggregation of the scripts that take samples.
TABLE = "samples"


class Sample(Value):
    """One call chain, outermost first, that begins with the command, and how much was seen of it. `waker` is what woke
    it, "" where nothing is known of that."""

    pid: int
    command: str
    waker: str
    user: tuple[str, ...]
    kernel: tuple[str, ...]
    amount: int

    @property
    def path(self) -> tuple[str, ...]:
        """The whole chain, without the offsets in functions: what a flame graph has on top of each other."""
        woken = (f"woken by {self.waker}",) if self.waker else ()
        kernel = (f"{function(frame)}{KERNEL}" for frame in self.kernel)
        return (self.command or "?", *map(function, self.user), *kernel, *woken)


def function(frame: str) -> str:
    """A frame without how far into the function it is."""
    name, plus, offset = frame.rpartition("+0x")
    return name if plus and all(digit in "0123456789abcdef" for digit in offset) else frame


def named_by_a_runtime(stack: Sequence[str]) -> tuple[str, ...]:
    """Of a stack, innermost first, the functions that a runtime has named."""
    return tuple(frame for frame in stack if frame.startswith(JIT_FRAME))


def as_written(stack: Sequence[str]) -> tuple[str, ...]:
    """A stack, innermost first, as the one who wrote the program knows it: the functions that a runtime has named, and
    what the innermost of them called. Between two of them are frames with which an interpreter calls one from the
    other; where it has named none, all frames are the program's."""
    calling = next((place for place, frame in enumerate(stack) if frame.startswith(JIT_FRAME)), len(stack))
    return (*stack[:calling], *named_by_a_runtime(stack[calling:]))


def samples(table: Table) -> list[Sample]:
    """Those of an aggregation by process, command, waker, ustack() and stack(); the largest come first."""
    spec = table.spec
    made = [
        Sample(
            int(pid), str(command), str(waker), _outermost_first(user), _outermost_first(kernel),
            value_of(spec.function, spec.params, words, 1),
        )
        for (pid, command, waker, user, kernel), words in table.rows.items()
    ]  # fmt: skip
    return sorted(made, key=lambda sample: (-sample.amount, sample.path, sample.user, sample.kernel, sample.pid))


def _outermost_first(text: int | str) -> tuple[str, ...]:
    return tuple(reversed(frames_of(str(text))))


def folded(found: Iterable[Sample]) -> Iterator[str]:
    """A line a call chain: its frames separated by `;`, then the amount. It is what tools for flame graphs read."""
    amounts: dict[tuple[str, ...], int] = {}
    for sample in found:
        amounts[sample.path] = amounts.get(sample.path, 0) + sample.amount
    for path, amount in sorted(amounts.items()):
        yield f"{';'.join(frame.replace(';', ':') for frame in path)} {amount}"
