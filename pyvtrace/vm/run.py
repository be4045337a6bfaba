"""One command in a guest: its streams, its signals, its exit status."""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import signal
import socket
import termios
import time
import tty
from collections.abc import Callable, Iterable, Iterator

from pyvtrace.value import Value
from pyvtrace.vm import job as jobs
from pyvtrace.vm.control import Console, Control, Limits, TimedOut
from pyvtrace.vm.job import Job
from pyvtrace.vm.machine import QEMU, Guest, Machine, started
from pyvtrace.vm.outputs import Outputs
from pyvtrace.vm.pumps import Actor, Escaped, Inlet, Interest, Outlet, ReaderGone
from pyvtrace.vm.refusal import Panicked

TIMED_OUT = 124  # as timeout(1) has it
CONSEQUENCE = 2.0  # seconds in which QEMU ends, if its end is why a server ends
INTERRUPTS = 3  # the guest gets all; this many in a row also end the run
Say = Callable[[str], None]


class Streams(Value):
    """The descriptors that the command's streams lead to."""

    stdin: int = 0
    stdout: int = 1
    stderr: int = 2


class Killed(Exception):
    """A signal ends the run; its number."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def run(guest: Guest, job: Job, streams: Streams, limits: Limits, say: Say, note: Say) -> int:
    """Boots, runs the job's command and returns its exit status; 124 after the time limit, and as shells have it, 128
    and its number after a signal that ended the run. `note` gets a line on how the boot went, `say` what has to be
    known. Raises `Refused` for a guest that does not start, panics or hangs."""
    outputs = Outputs(job.outputs)
    try:
        control = _to_the_end(guest, job, streams, limits, outputs, note)
    except TimedOut:
        say(f"the command was still running after {limits.command:g} s (--timeout), and was ended")
        return TIMED_OUT
    except Killed as killed:
        return 128 + killed.number
    except ReaderGone:
        return 128 + signal.SIGPIPE
    except Escaped:
        say("left with Ctrl-]; the guest was ended")
        return 128 + signal.SIGINT
    assert control.status is not None
    return outputs.deliver(control.collected, control.status, say)


def _to_the_end(guest: Guest, job: Job, streams: Streams, limits: Limits, outputs: Outputs, note: Say) -> Control:
    with contextlib.ExitStack() as stack:
        signals = stack.enter_context(_signals())
        up = _booted(stack, guest, limits, signals, streams, note)
        if "stdin" in job.terminal:
            # Not before: until there is a command, Ctrl-C is for us.
            stack.enter_context(_raw(streams.stdin))
        control, outlets = up.control, list(_outlets(up.machine, job, streams, outputs))
        # The guest says how the command ended when the host has taken all that was written, so what is still on the
        # way then is in our sockets.
        _loop(
            [*up.watched, *_inlets(up.machine, job, streams), *outlets],
            control,
            lambda: control.status is not None and all(outlet.is_dry() for outlet in outlets),
        )
        return control


class _Up(Value):
    """A guest that is ready for its job, and those who watch it."""

    machine: Machine
    control: Control
    watched: list[Actor]


def _booted(
    owner: contextlib.ExitStack, guest: Guest, limits: Limits, signals: socket.socket, streams: Streams, note: Say
) -> _Up:
    """The guest, which `owner` gets. A kernel that panics on the way is started again: emulation is not perfect, and
    some kernels stumble over it once in some thirty boots. Nothing is lost then, for no input has been read."""
    launched = time.monotonic()
    for left in itertools.count(limits.boots - 1, -1):
        try:
            up = _attempted(owner, guest, limits, launched, signals, streams)
            break
        except Panicked as panic:
            if left == 0:
                raise
            note(f"{str(panic).partition(';')[0]}; starting it again")
    how = "KVM" if guest.accelerator == "kvm" else "TCG, emulated"
    note(f"Linux {guest.kernel.release} ({how}) up after {time.monotonic() - launched:.1f} s")
    return up


def _attempted(
    owner: contextlib.ExitStack, guest: Guest, limits: Limits, launched: float, signals: socket.socket, streams: Streams
) -> _Up:
    with contextlib.ExitStack() as attempt:
        machine = attempt.enter_context(started(guest))
        console, servers = Console(machine.sockets["console"]), Console(machine.sockets["servers"])
        control = Control(machine.sockets["control"], console, limits, launched)
        qemu = machine.pidfds[QEMU]
        processes = [_Process(pidfd, name, servers, qemu, console) for name, pidfd in machine.pidfds.items()]
        watched: list[Actor] = [*processes, _Signals(signals, control, streams.stdout), control, console, servers]
        _loop(watched, control, lambda: control.running)
        owner.push(attempt.pop_all())
        return _Up(machine, control, watched)


def _loop(actors: Iterable[Actor], control: Control, done: Callable[[], bool]) -> None:
    """Everybody acts when it is ready to, until it is `done`."""
    while not done():
        poll = select.poll()
        waiting = [(*interest, actor) for actor in actors if (interest := actor.interest())]
        # A terminal's socket goes both ways: two actors may wait for one descriptor.
        for fd in {fd for fd, _, _ in waiting}:
            poll.register(fd, sum({events for each, events, _ in waiting if each == fd}))
        ready = dict(poll.poll(int(1000 * control.patience()) + 1))
        for fd, events, actor in waiting:
            if ready.get(fd, 0) & (events | select.POLLHUP | select.POLLERR):
                actor.act()
        if control.status is None:
            control.check()


def _outlets(machine: Machine, job: Job, streams: Streams, outputs: Outputs) -> Iterator[Outlet]:
    ports = machine.sockets
    if "stdout" in job.terminal:
        yield Outlet(ports["terminal"], streams.stdout, "the terminal")
    else:
        yield Outlet(ports["stdout"], streams.stdout, "standard output")
    if "stderr" not in job.terminal:
        yield Outlet(ports["stderr"], streams.stderr, "standard error")
    for number, file in enumerate(outputs.files):
        yield Outlet(ports[f"output{number}"], file.fileno(), "memory")


def _inlets(machine: Machine, job: Job, streams: Streams) -> Iterator[Inlet]:
    yield Inlet(machine.sockets["job"], None, jobs.text(job))
    if "stdin" in job.terminal:
        yield Inlet(machine.sockets["terminal"], streams.stdin, escape=True)
    else:
        yield Inlet(machine.sockets["stdin"], streams.stdin)


class _Process:
    """QEMU or a virtiofsd: the run is over when it ends."""

    def __init__(self, pidfd: int, name: str, servers: Console, qemu: int, console: Console) -> None:
        self._pidfd, self._name, self._servers, self._qemu, self._console = pidfd, name, servers, qemu, console

    def interest(self) -> Interest | None:
        return self._pidfd, select.POLLIN

    def act(self) -> None:
        # The servers end when QEMU does; the one that ends first may be any.
        if select.select([self._qemu], [], [], CONSEQUENCE)[0]:
            raise self._console.broken("QEMU ended")
        raise self._servers.broken(f"{self._name} ended")


class _Signals:
    """Signals to us. Ctrl-C is the command's, once there is one; a changed window is passed on."""

    def __init__(self, pipe: socket.socket, control: Control, terminal: int) -> None:
        self._pipe, self._control, self._terminal = pipe, control, terminal
        self._interrupts = 0

    def interest(self) -> Interest | None:
        return self._pipe.fileno(), select.POLLIN

    def act(self) -> None:
        for number in self._pipe.recv(64):
            if number == signal.SIGWINCH:
                self._control.tell("screen", *screen(self._terminal))
            elif number == signal.SIGINT and self._control.running and self._interrupts < INTERRUPTS - 1:
                self._interrupts += 1
                self._control.tell("signal", int(number))
            else:
                raise Killed(number)


def screen(terminal: int) -> tuple[int, int]:
    """Rows and columns of a terminal; what a terminal without a size counts as, too."""
    try:
        size = os.get_terminal_size(terminal)
    except OSError:
        return 24, 80
    return size.lines or 24, size.columns or 80


@contextlib.contextmanager
def _signals() -> Iterator[socket.socket]:
    """A socket that the numbers of signals come out of; before and after, they do what they did."""
    ours, theirs = socket.socketpair()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGWINCH)
    with ours, theirs:
        theirs.setblocking(False)
        before = {number: signal.signal(number, lambda *_: None) for number in numbers}
        fd = signal.set_wakeup_fd(theirs.fileno())
        try:
            yield ours
        finally:
            signal.set_wakeup_fd(fd)
            for number, handler in before.items():
                signal.signal(number, handler)


@contextlib.contextmanager
def _raw(terminal: int) -> Iterator[None]:
    """The terminal passes every key on; the guest's terminal gives them their meaning."""
    before = termios.tcgetattr(terminal)
    tty.setraw(terminal)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def terminal_streams(streams: Streams) -> tuple[str, ...]:
    """Which of them a terminal in the guest should stand for: none unless input and output both are one."""
    if not (os.isatty(streams.stdin) and os.isatty(streams.stdout)):
        return ()
    return ("stdin", "stdout", "stderr") if os.isatty(streams.stderr) else ("stdin", "stdout")
