"""The guest's first root file system: busybox, the modules needed to reach the host's files, and two scripts."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pyvtrace.vm import cpio
from pyvtrace.vm.modules import DEPENDENCIES, Modules

# What it takes to speak to the runner, see the host's files, and write above them; some kernels have some built in.
NEEDED = ("virtio_pci", "virtiofs", "overlay", "virtio_console", "virtio_blk")
# Where the guest's root gets its tools, and what udev would make in /dev.
TOOLS = "files/run/vtrace"
DIRECTORIES = (
    *("dev", "host", "proc", "root", "sys", "writes", "lib", "lib/modules"),
    *("files", "files/run", TOOLS, f"{TOOLS}/bin", f"{TOOLS}/mounts"),
    *("files/dev", "files/dev/pts", "files/dev/shm", "files/dev/disk", "files/dev/disk/by-id"),
)
LINKS = {
    "bin": f"{TOOLS}/bin",
    "files/dev/fd": "/proc/self/fd",
    "files/dev/stdin": "fd/0",
    "files/dev/stdout": "fd/1",
    "files/dev/stderr": "fd/2",
}
APPLETS = (
    *("cat", "cp", "ifconfig", "insmod", "ln", "mkdir", "mkfifo", "modprobe", "mount", "rm", "setsid", "sh", "sleep"),
    *("stty", "switch_root", "sync", "usleep"),
)
SCRIPTS = os.path.join(os.path.dirname(__file__), "guest")


def build(busybox: bytes, release: str, modules: Modules) -> bytes:
    """The archive for the kernel of that release; equal inputs give equal bytes."""
    return cpio.archive(_entries(busybox, release, modules))


def _entries(busybox: bytes, release: str, modules: Modules) -> Iterator[cpio.Entry]:
    yield from map(cpio.directory, DIRECTORIES)
    for name, target in LINKS.items():
        yield cpio.link(name, target)
    # Without a console of its own the first process has no standard error, and nobody hears what goes wrong.
    yield cpio.character_device("dev/console", 5, 1)
    yield cpio.file(f"{TOOLS}/bin/busybox", busybox, 0o755)
    for applet in APPLETS:
        yield cpio.link(f"{TOOLS}/bin/{applet}", "busybox")
    yield cpio.file("init", _script("init"), 0o755)
    yield cpio.file(f"{TOOLS}/guest", _script("guest"))
    for table in sorted(os.listdir(os.path.join(SCRIPTS, "mounts"))):
        yield cpio.file(f"{TOOLS}/mounts/{table}", _script(f"mounts/{table}"))
    yield from _modules(release, modules)


def _modules(release: str, modules: Modules) -> Iterator[cpio.Entry]:
    """As modprobe finds them, and their names in the order they have to be loaded in."""
    needed = dict(modules.load_order(NEEDED))
    home = f"lib/modules/{release}"
    yield cpio.directory(home)
    for name, module in needed.items():
        yield cpio.file(f"{home}/{name}.ko", module)
    yield cpio.file(f"{home}/{DEPENDENCIES}", "".join(f"{name}.ko:\n" for name in needed).encode())
    yield cpio.file("modules", f"{' '.join(needed)}\n".encode())


def _script(name: str) -> bytes:
    with open(os.path.join(SCRIPTS, name), "rb") as script:
        return script.read()
