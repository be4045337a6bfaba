"""One virtual machine: QEMU, a virtiofsd for each directory the guest sees, and the sockets between them and us.

Nothing of it has a name. virtiofsd listens on an abstract socket that takes one connection, which is made before it
starts; all other sockets are pairs; memory and scratch disks are anonymous files. The processes are killed when we end,
by the kernel if need be. So there is nothing to clean up, whoever is killed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import BinaryIO

from pyvtrace.value import Value
from pyvtrace.vm import disk
from pyvtrace.vm.children import die_with_parent, without_writes
from pyvtrace.vm.disk import Disk
from pyvtrace.vm.refusal import Refused
from pyvtrace.vm.store import Kernel
from pyvtrace.vm.suites import numbers

QEMU = "qemu-system-x86_64"
# Debian 12, Debian 13 and Fedora, Arch
VIRTIOFSD = ("/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd", "/usr/lib/virtiofsd")
# Under emulation: fewer checks of what emulation does not have, and no watchdog that a slow host can trip; tests of the
# kernel's cryptography would take an eighth of the boot.
COMMAND_LINE = (
    "console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=reliable nosoftlockup rcupdate.rcu_cpu_stall_suppress=1 "
    "cryptomgr.notests"
)
# The QEMU since which pages of code are locked while they are translated.
_TRANSLATES_LOCKED = 8, 1
STREAMS = ("stdin", "stdout", "stderr", "job")  # ports 1 to 4


class Guest(Value):
    """What to start: `memory` in MiB, `accelerator` kvm or tcg, `shares` directories the guest may write to, how many
    `outputs` it gives back, and whether it has a `terminal`."""

    kernel: Kernel
    initramfs: str
    accelerator: str
    cpus: int = 2
    memory: int = 1024
    disks: tuple[Disk, ...] = ()
    shares: tuple[str, ...] = ()
    outputs: int = 0
    terminal: bool = False


class Machine:
    """A started guest: `sockets` by name (console, what the servers say, terminal, control, stdin ..., output0 ...) and
    a pidfd of each process."""

    def __init__(self, sockets: Mapping[str, socket.socket], pidfds: Mapping[str, int]) -> None:
        self.sockets = sockets
        self.pidfds = pidfds


@contextlib.contextmanager
def started(guest: Guest) -> Iterator[Machine]:
    """Starts the guest; when the block ends, nothing of it is left."""
    qemu, virtiofsd = _programs()
    plain = _without_submounts(virtiofsd)
    with contextlib.ExitStack() as owned:
        sockets, pidfds = {}, {}
        # What we lend to the processes is theirs alone once they run: else no end of file would ever be seen.
        with contextlib.ExitStack() as lent:
            fds: dict[str, int] = {}
            for name in ("console", "servers", *(["terminal"] if guest.terminal else []), *_ports(guest)):
                ours, theirs = socket.socketpair()
                ours.setblocking(False)
                sockets[name] = owned.enter_context(ours)
                fds[name] = lent.enter_context(theirs).fileno()
            served = []
            guards = [("/", without_writes()), *((directory, die_with_parent()) for directory in guest.shares)]
            for directory, guard in guards:
                listener, connection = map(lent.enter_context, _listener_and_connection())
                served.append(connection.fileno())
                command = [virtiofsd, "-o", f"source={directory},sandbox=chroot,cache=always"]
                command += [*plain, f"--fd={listener.fileno()}"]
                pidfds[f"virtiofsd {directory}"] = _start(owned, command, [listener.fileno()], fds["servers"], guard)
            backing = [lent.enter_context(_anonymous_file()).fileno() for _ in guest.disks]
            command = [qemu, *arguments(guest, fds, served, backing, _accelerator(guest, qemu))]
            ends = [fd for name, fd in fds.items() if name != "servers"]
            pidfds[QEMU] = _start(owned, command, [*ends, *served, *backing], fds["console"], die_with_parent())
        yield Machine(sockets, pidfds)


def arguments(
    guest: Guest, fds: Mapping[str, int], served: Sequence[int], backing: Sequence[int], accelerator: str
) -> list[str]:
    """QEMU's arguments. `fds` are its ends of our sockets, `served` its connections to the servers of / and of the
    shares, `backing` the files of the disks; `accelerator` is what `-accel` gets."""
    cpu = {"kvm": "host", "tcg": _emulated_cpu(guest.kernel.release)}[guest.accelerator]
    memory = f"{guest.memory}M"
    words = [
        *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
        *("-accel", accelerator, "-cpu", cpu),
        *("-smp", str(guest.cpus), "-m", memory),
        # virtiofsd reads and writes the guest's memory.
        *("-object", f"memory-backend-memfd,id=memory,size={memory},share=on", "-numa", "node,memdev=memory"),
        *("-kernel", guest.kernel.image, "-initrd", guest.initramfs),
        *("-append", f"{COMMAND_LINE} vtrace_control={len(_ports(guest))}"),
        *("-chardev", f"socket,id=console,fd={fds['console']}", "-serial", "chardev:console"),
        # First on the bus: the ports' names in the guest begin with vport0.
        *("-device", "virtio-serial-pci"),
    ]
    if guest.terminal:
        words += ["-chardev", f"socket,id=terminal,fd={fds['terminal']}"]
        words += ["-device", "virtconsole,chardev=terminal,nr=0"]
    for number, name in enumerate(_ports(guest), 1):
        words += ["-chardev", f"socket,id={name},fd={fds[name]}"]
        words += ["-device", f"virtserialport,chardev={name},nr={number}"]
    for number, fd in enumerate(served):
        tag = f"share{number - 1}" if number else "host"
        words += ["-chardev", f"socket,id={tag},fd={fd}", "-device", f"vhost-user-fs-pci,chardev={tag},tag={tag}"]
    for number, (each, file) in enumerate(zip(guest.disks, backing, strict=True)):
        words += ["-add-fd", f"fd={file},set={number}"]
        words += disk.arguments(number, each, number)
    return words


def _accelerator(guest: Guest, qemu: str) -> str:
    """The guest's accelerator with its options."""
    if guest.accelerator != "tcg":
        return guest.accelerator
    said = subprocess.run([qemu, "--version"], capture_output=True, text=True, check=False).stdout
    return f"tcg,thread={threads(said)}"


def threads(version: str) -> str:
    """Whether emulated processors may have a thread each, by what QEMU says of its version. An older QEMU does not
    lock the code that it translates: where one processor changes it meanwhile, another one goes on with what was there
    before (QEMU commit cb62bd15e14e, of 8.1). So may breakpoints of the kernel's, which it sets and takes out again
    when tracepoints are switched on and off, and it dies of one: seen in QEMU 7.2, not in 10.0."""
    found = re.search(r"version (\d+)\.(\d+)", version)
    return "multi" if found and (int(found[1]), int(found[2])) >= _TRANSLATES_LOCKED else "single"


def _emulated_cpu(release: str) -> str:
    # QEMU emulates cmpxchg16b by stopping all CPUs, and kernels that use it at each allocation die of that in a third
    # of their boots. From 7.0 on it is rare, and a kernel without it has no task storage.
    return "max,-cx16" if (6, 2) <= numbers(release) < (7, 0) else "max"


def _ports(guest: Guest) -> list[str]:
    """Names of the ports from 1 on. The control port is the last: when it is connected, all are."""
    return [*STREAMS, *(f"output{number}" for number in range(guest.outputs)), "control"]


def _programs() -> tuple[str, str]:
    qemu = shutil.which(QEMU)
    if not qemu:
        raise Refused(f"there is no {QEMU}", "apt install qemu-system-x86 (elsewhere: qemu-system-x86, qemu-kvm)")
    virtiofsd = next(filter(os.path.exists, VIRTIOFSD), None) or shutil.which("virtiofsd")
    if not virtiofsd:
        raise Refused(
            "there is no virtiofsd, which lets the guest see this system's files",
            "apt install virtiofsd (Debian 12: qemu-system-common)",
        )
    if os.geteuid():
        raise Refused("virtiofsd shows the guest all of this system's files, and has to be root for it", "use sudo")
    return qemu, virtiofsd


def _without_submounts(virtiofsd: str) -> list[str]:
    """Options that make a mount of this system's a directory like others: the guest's overlay cannot go below one that
    is announced as a mount (EREMOTE). Debian 13's virtiofsd announces them unless told otherwise, QEMU's own does not,
    and does not know how to be told."""
    said = subprocess.run([virtiofsd, "--help"], capture_output=True, text=True, check=False).stdout
    option = "--no-announce-submounts"
    return [option] if option in said else []


def _listener_and_connection() -> tuple[socket.socket, socket.socket]:
    """A listening socket, and the one connection it will get."""
    listener, connection = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    listener.bind("")  # the kernel chooses an abstract name
    listener.listen(1)
    connection.connect(listener.getsockname())
    return listener, connection


def _anonymous_file() -> BinaryIO:
    file = open(os.memfd_create("vtrace-disk"), "r+b")  # noqa: SIM115  the caller owns it
    file.truncate(disk.SIZE)
    return file


def _start(
    owned: contextlib.ExitStack, command: list[str], fds: list[int], errors: int, guard: Callable[[], None]
) -> int:
    """A pidfd of the started command; `errors` takes what it has to say, `guard` runs in it before."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=errors,
        stderr=errors,
        pass_fds=fds,
        # Ctrl-C is the command's, in the guest.
        start_new_session=True,
        preexec_fn=guard,
    )
    pidfd = os.pidfd_open(process.pid)

    def end() -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        process.wait()
        os.close(pidfd)

    owned.callback(end)
    return pidfd
