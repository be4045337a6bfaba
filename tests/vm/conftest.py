"""What tests that boot have in common."""

from __future__ import annotations

import os

import pytest

from pyvtrace.cli.vm import cache
from pyvtrace.vm.kernels import choose
from tests.vm.guests import run

KERNELS = ("6.1", "6.12")


@pytest.fixture(scope="session")
def kernels() -> None:
    """The kernels are in the cache, and it is known whether KVM works. Else the first test that boots would find the
    runner's words about that among those of its guest."""
    store = cache()
    for version in KERNELS:
        store.initramfs(choose(store, version, None))
    if os.path.exists("/dev/kvm"):
        run("--", "true")
