"""The guest's first root file system: busybox, the modules needed to reach the host's files, and two scripts."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pyvtrace.vm import cpio
from pyvtrace.vm.modules import Modules

# What it takes to speak to the runner, see the host's files, and write above them; some kernels have some built in.
NEEDED = ("virtio_pci", "virtiofs", "overlay", "virtio_console", "virtio_blk")
DIRECTORIES = ("bin", "dev", "host", "modules", "proc", "root", "sys", "writes")
APPLETS = (
    *(
        "cat",
        "cp",
        "hostname",
        "ifconfig",
        "insmod",
        "ln",
        "mkdir",
        "mkfifo",
        "modprobe",
        "mount",
        "rm",
        "setsid",
        "sh",
    ),
    *("sleep", "stty", "switch_root", "sync", "uname", "usleep"),
)
SCRIPTS = os.path.join(os.path.dirname(__file__), "guest")


def build(busybox: bytes, modules: Modules) -> bytes:
    """The archive; equal inputs give equal bytes."""
    return cpio.archive(_entries(busybox, modules))


def _entries(busybox: bytes, modules: Modules) -> Iterator[cpio.Entry]:
    yield from map(cpio.directory, DIRECTORIES)
    # Without a console of its own the first process has no standard error, and nobody hears what goes wrong.
    yield cpio.character_device("dev/console", 5, 1)
    yield cpio.file("bin/busybox", busybox, 0o755)
    for applet in APPLETS:
        yield cpio.link(f"bin/{applet}", "busybox")
    for name in ("init", "guest"):
        with open(os.path.join(SCRIPTS, name), "rb") as script:
            yield cpio.file(name, script.read(), 0o755)
    for number, (name, module) in enumerate(modules.load_order(NEEDED)):
        yield cpio.file(f"modules/{number:02}-{name}.ko", module)
