"""`vtrace vm`: one command on another kernel, in a virtual machine over this system's own files."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from pyvtrace.value import replace
from pyvtrace.vm import disk, kernels
from pyvtrace.vm.accelerator import accelerator
from pyvtrace.vm.control import Limits
from pyvtrace.vm.job import Job
from pyvtrace.vm.machine import Guest
from pyvtrace.vm.refusal import Refused
from pyvtrace.vm.run import Streams, run, screen, terminal_streams
from pyvtrace.vm.store import Store, directory
from pyvtrace.vm.suites import wish

RUNNER_FAILED, FAILED, USAGE = 125, 1, 2
LEAST_MEMORY = 192  # MiB
MOST_OUTPUTS = 20
PASSED = (
    *(
        "CI",
        "COLORTERM",
        "FORCE_COLOR",
        "HOME",
        "LANG",
        "LANGUAGE",
        "LOGNAME",
        "NO_COLOR",
        "PATH",
        "SHELL",
        "TERM",
        "TZ",
    ),
    *("USER", "VIRTUAL_ENV", "XDG_CACHE_HOME"),
)
PASSED_BEGINNINGS = ("LC_", "PYTHON")
KVM_TRIAL = 30.0  # seconds a guest may take to start where KVM works


def main(arguments: Sequence[str]) -> int:
    """The exit status; `vm run` has that of its command, and 125 for everything that is not the command's. `arguments`
    begin with our own name."""
    failed, wrong = (RUNNER_FAILED, RUNNER_FAILED) if arguments[1:2] == ["run"] else (FAILED, USAGE)
    try:
        status = vm.main(list(arguments[1:]), prog_name="vtrace vm", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as problem:
        problem.show()
        return wrong
    except click.UsageError as problem:
        problem.show()
        return wrong
    except click.Abort:
        return 130
    except Refused as problem:
        say(f"{problem}\n    {problem.hint}" if problem.hint else str(problem))
        return failed
    return status if isinstance(status, int) else 0


def say(text: str) -> None:
    print(f"vtrace: {text}", file=sys.stderr, flush=True)


def unheard(text: str) -> None:
    """In place of `say` where nobody asked."""


def cache() -> Store:
    return Store(directory(), say)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def vm() -> None:
    """Run commands on other kernels, in a virtual machine over this system's own files."""


@vm.command("run", context_settings={"allow_interspersed_args": False})
@click.option(
    "--kernel",
    default=kernels.DEFAULT,
    show_default=True,
    help="A version (6.1, 6.12, 7, 6.12-amd64) or a bzImage or vmlinux file.",
)
@click.option("--modules", metavar="DIR", help="The modules of a kernel file.")
@click.option("--cpus", type=click.IntRange(1, 64), default=2, show_default=True)
@click.option(
    "--memory", metavar="M", default="1G", show_default=True, help="Of the guest, in MiB or with a unit: 512M, 2G."
)
@click.option(
    "--disk",
    "disks",
    metavar="KIND",
    multiple=True,
    help="latency=20ms (of each request), iops=N or plain. The first is /dev/disk/by-id/virtio-vtrace0.",
)
@click.option("--share", "shares", metavar="DIR", multiple=True, help="Let the guest write to this directory.")
@click.option(
    "--output",
    "outputs",
    metavar="FILE",
    multiple=True,
    help="Bring this file out of the guest when the command has ended.",
)
@click.option(
    "--env", "variables", metavar="NAME[=VALUE]", multiple=True, help="Set a variable for the command, or pass it on."
)
@click.option(
    "--timeout", metavar="T", default="0", help="End the command after this time (90, 90s, 5m); exit status 124."
)
@click.option("-v", "--verbose", is_flag=True, help="Say which kernel was started how, and how long that took.")
@click.argument("command", nargs=-1, required=True)
def run_command(
    kernel: str,
    modules: str | None,
    cpus: int,
    memory: str,
    disks: tuple[str, ...],
    shares: tuple[str, ...],
    outputs: tuple[str, ...],
    variables: tuple[str, ...],
    timeout: str,
    verbose: bool,
    command: tuple[str, ...],
) -> int:
    """Boot a kernel, run COMMAND in this directory as root, and exit with its status.

    The guest sees this system's files; what it writes ends with it, but for shared directories and output files. On a
    terminal, Ctrl-] three times ends a guest that does not listen.
    """
    store, streams = cache(), Streams()
    terminal = terminal_streams(streams)
    shared = tuple(_directory(path) for path in shares)
    wanted = tuple(map(os.path.abspath, outputs))
    if len(wanted) > MOST_OUTPUTS:
        raise Refused(f"there can be {MOST_OUTPUTS} --output files", "write to a directory and --share it")
    limits = Limits(command=_seconds(timeout))
    guest = Guest(
        *(kernels.choose(store, kernel, modules), "", "tcg", cpus, _mebibytes(memory)),
        disks=tuple(map(disk.parse, disks)),
        shares=shared,
        outputs=len(wanted),
        terminal=bool(terminal),
    )
    guest = replace(guest, initramfs=store.initramfs(guest.kernel))
    job = Job(
        *(command, os.getcwd(), _environment(variables), os.uname().nodename, guest.kernel.modules),
        *(shared, wanted, terminal, screen(streams.stdout)),
    )
    with store.in_use(guest.kernel):
        guest = replace(guest, accelerator=accelerator(store, lambda: _kvm_works(guest, job)))
        return run(guest, job, streams, limits, say, say if verbose else unheard)


@vm.command("list")
def list_command() -> None:
    """List the kernels that are in the cache."""
    store = cache()
    for release in store.releases():
        state = "" if store.is_intact(release) else "  damaged: vtrace vm fetch repairs it"
        print(f"{release:34} {store.size(release) >> 20:4} MiB{state}")
    if not store.releases():
        say(f"no kernel in {store.directory}; vtrace vm fetch 6.1 fetches one")


@vm.command("fetch")
@click.argument("versions", nargs=-1, required=True)
def fetch_command(versions: tuple[str, ...]) -> None:
    """Fetch the newest kernel of each of VERSIONS, or verify it if it is in the cache."""
    store = cache()
    for version in versions:
        print(store.fetch(wish(version)).release)


@vm.command("prune")
@click.option("--keep", metavar="VERSION", multiple=True, help="Keep the newest kernel of this version.")
def prune_command(keep: tuple[str, ...]) -> None:
    """Remove kernels from the cache; those that run are left alone."""
    from pyvtrace.vm.suites import newest

    store = cache()
    kept = {release for text in keep if (release := newest(wish(text), store.releases()))}
    removed, busy = store.prune(kept)
    for release in removed:
        print(f"removed {release}")
    for release in busy:
        say(f"{release} is running, and stays")


def _kvm_works(guest: Guest, job: Job) -> bool:
    """Boots with KVM and nothing but a `true`."""
    trial = replace(job, command=("true",), shares=(), outputs=(), terminal=())
    plain = replace(guest, accelerator="kvm", disks=(), shares=(), outputs=0, terminal=False)
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        limits = Limits(command=KVM_TRIAL, boot=KVM_TRIAL, boots=1)
        return run(plain, trial, Streams(nothing, nothing, nothing), limits, unheard, unheard) == 0
    except Refused:
        return False
    finally:
        os.close(nothing)


def _environment(variables: Sequence[str]) -> dict[str, str]:
    passed = {
        name: value
        for name, value in os.environ.items()
        if name in PASSED or (name.startswith(PASSED_BEGINNINGS) and name.isidentifier())
    }
    for text in variables:
        name, given, value = text.partition("=")
        if not (name.isidentifier() and name.isascii()):
            raise Refused(f"--env {text}: that is no name of a variable", "--env NAME or --env NAME=VALUE")
        if given:
            passed[name] = value
        elif name in os.environ:
            passed[name] = os.environ[name]
    return passed


def _directory(path: str) -> str:
    real = os.path.realpath(path)
    if not os.path.isdir(real):
        raise Refused(f"--share {path}: there is no such directory", f"mkdir -p {path}")
    if real == "/":
        raise Refused("--share /: the guest may not write to everything", "share the directories it has to write to")
    return real


def _mebibytes(text: str) -> int:
    units = {"": 1, "M": 1, "G": 1024}
    number, unit = text.rstrip("MGmg"), text.lstrip("0123456789").upper()
    if not number.isdecimal() or unit not in units:
        raise Refused(f"--memory {text}: not an amount of memory", "for example --memory 512M or --memory 2G")
    amount = int(number) * units[unit]
    if amount < LEAST_MEMORY:
        raise Refused(f"--memory {text} is too little: no guest starts in less than {LEAST_MEMORY}M", "--memory 512M")
    return amount


def _seconds(text: str) -> float:
    units = {"": 1, "s": 1, "m": 60, "h": 3600}
    unit = text[-1:] if text[-1:].isalpha() else ""
    try:
        return float(text.removesuffix(unit)) * units[unit]
    except (ValueError, KeyError):
        raise Refused(f"--timeout {text}: not a time", "for example --timeout 90s or --timeout 5m") from None
