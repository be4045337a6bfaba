"""One wait of one thread: from the moment it left its processor until it had one again. Times are ns of
CLOCK_MONOTONIC."""

from __future__ import annotations

from collections.abc import Callable

from pyvtrace.analysis.deps.endpoints import Endpoint
from pyvtrace.value import Value, replace

# Names cost more than the wait is worth, unless it is shown.
Stack = Callable[[], tuple[str, ...]]


class Kind(Value):
    """What a wait is for. A `hard` wait is trouble by itself; others are so only for what they lead to, since a server
    without requests waits, too. There is one of each, so that what is asked of every wait is asked quickly."""

    name: str
    hard: bool = False

    __eq__ = object.__eq__
    __hash__ = object.__hash__


BLOCK = Kind("block I/O", True)
FAULT = Kind("page fault", True)
KERNEL_LOCK = Kind("kernel lock", True)
USER_LOCK = Kind("user lock", True)
RUN_QUEUE = Kind("run queue", True)
THROTTLED = Kind("CPU limit", True)
RECLAIM = Kind("memory reclaim", True)
FUTEX = Kind("futex")
PIPE = Kind("pipe")
SOCKET = Kind("socket")
POLL = Kind("poll")
TIMER = Kind("timer")
CHILD = Kind("child")
FUSE = Kind("file server")
STOPPED = Kind("stopped")
OTHER = Kind("other")

LOCKS = (KERNEL_LOCK, USER_LOCK)


class Thread(Value):
    """A thread as it was called, and its process. `of_kernel` if it is the kernel's own."""

    tid: int
    pid: int
    comm: str
    process: str = ""
    of_kernel: bool = False


class Lock(Value):
    """A lock: `space` is the process that its address is of, 0 for the kernel's."""

    kind: str
    space: int
    address: int


class Request(Value):
    """What a block device was asked: `device` by the kernel's dev_t, `operation` as "read" or "write"."""

    device: int
    sector: int
    size: int
    operation: str


class Waker(Value):
    """Who ended a wait. `word` is the futex that its own system call was about, 0 if it was about none; `role` is what
    its stack proves it to be: "peer" of a pipe or socket, or ""."""

    thread: Thread
    word: int = 0
    role: str = ""


class Wait(Value):
    """`woken` is when somebody ended it: what follows until `ended` is the run queue. `waker` is None where that was an
    interrupt, or nobody knows. `owner` is the thread that held `lock` when the wait began, 0 where unknown; `brief` is
    what the thread had waited in short waits since its last long one. A wait that goes on is `open`: it has lasted
    until `ended` so far. `turn` is true of one that was put aside while it could have gone on: it waits for its next
    turn; `limited` of one that was woken, and could not go on for the limit of its control group. `far` is the far end
    of the connection that it waits for; `disk`, by the kernel's dev_t, the device of the file that it waits for by
    somebody else's request. Stacks have their innermost frame first."""

    thread: Thread
    kind: Kind
    began: int
    woken: int
    ended: int
    waker: Waker | None = None
    lock: Lock | None = None
    owner: int = 0
    request: Request | None = None
    call: str = ""
    file: str = ""
    cpu: int = 0
    brief: int = 0
    open: bool = False
    kernel_stack: Stack = tuple
    user_stack: Stack = tuple
    turn: bool = False
    limited: bool = False
    far: Endpoint | None = None
    disk: int = 0

    @property
    def kernel(self) -> tuple[str, ...]:
        return self.kernel_stack()

    @property
    def user(self) -> tuple[str, ...]:
        return self.user_stack()

    @property
    def identity(self) -> tuple[int, int]:
        """What no other wait has, and an open one still has when it is over."""
        return self.thread.tid, self.began

    @property
    def spent(self) -> int:
        return self.ended - self.began


def parts(wait: Wait, longest: int) -> tuple[Wait, ...]:
    """A wait as it is, or as two, if who was woken stood in the run queue for `longest` ns or more: that is trouble of
    another kind, and may be one where the wait is none."""
    if wait.open or wait.kind in (RUN_QUEUE, THROTTLED) or wait.ended - wait.woken < longest:
        return (wait,)
    kind = THROTTLED if wait.limited else RUN_QUEUE
    queue = replace(
        wait, kind=kind, began=wait.woken, woken=wait.ended, waker=None, lock=None, owner=0, request=None, brief=0
    )
    return (replace(wait, ended=wait.woken), queue) if wait.woken > wait.began else (queue,)


class Sample(Value):
    """A thread that was found on a processor, and had others behind it, or had run for long: then there are stacks."""

    thread: Thread
    at: int
    cpu: int
    kernel_stack: Stack = tuple
    user_stack: Stack = tuple

    @property
    def frames(self) -> tuple[str, ...]:
        return self.kernel_stack() + self.user_stack()
