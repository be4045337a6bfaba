"""Which kernel `--kernel` means: a version from Debian's suites, or a file of one's own with its modules."""

from __future__ import annotations

import os

from pyvtrace.vm import image
from pyvtrace.vm.refusal import Refused
from pyvtrace.vm.store import Kernel, Store
from pyvtrace.vm.suites import wish

DEFAULT = "6.12"


def choose(store: Store, text: str, modules: str | None) -> Kernel:
    """The kernel; fetched if it is a version that is not in the cache."""
    if "/" in text or os.path.isfile(text):
        return local(text, modules)
    if modules:
        raise Refused("--modules goes with a kernel of your own", "--kernel FILE --modules DIR")
    return store.find(wish(text))


def local(path: str, modules: str | None) -> Kernel:
    """A bzImage or vmlinux of one's own. Its modules are where they belong to it, unless a directory is given."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise Refused(
            f"--kernel {path}: {error.strerror}", "give a version (6.1, 6.12), or a bzImage or vmlinux file"
        ) from None
    release = image.release(content, f"--kernel {path}")
    home = os.path.dirname(os.path.abspath(path))
    places = [
        *(os.path.join(root, "lib/modules", release) for root in (os.path.dirname(home), "/", "/usr")),
        os.path.join(home, "modules"),
    ]
    if modules:
        places = [modules]
    found = next(filter(os.path.isdir, places), None)
    if found is None:
        raise Refused(
            f"the modules of {path} ({release}) are not in {' or '.join(places)}",
            "give their directory with --modules DIR",
        )
    return Kernel(release, os.path.abspath(path), os.path.abspath(found))
