"""Features are what the kernel says; on a kernel that has one, "no" needs a reason that is not the version."""

from __future__ import annotations

import errno
import os
import re
import resource
from pathlib import Path

import pytest

from pyvtrace.kernel import features

RELEASE = tuple(map(int, re.findall(r"\d+", os.uname().release)[:2]))
# Debian's kernels without a policy, as guests have them: nothing may be missing that the version should have, but for
# what its builds leave out.
STOCK = "VTRACE_STOCK_KERNEL" in os.environ
LEFT_OUT = {(6, 1): {"kprobe multi": errno.EOPNOTSUPP}}  # built without CONFIG_FPROBE
# What processors that are emulated do not have, whatever the kernel.
EMULATED = {"hardware counters": errno.ENOENT}
# What may be missing from others, and how it then shows: left out of the build, or forbidden by a policy.
EXCUSES = {
    "kprobe": errno.ENOENT,
    "uprobe": errno.ENOENT,
    "uprobe multi": errno.EINVAL,
    "kprobe multi": errno.EOPNOTSUPP,
    "fentry": errno.EPERM,
    "syscalls tracepoints": errno.ENOENT,
    "block tracepoints": errno.ENOENT,
    "hardware counters": errno.ENOENT,
}


def version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))[:2]


@pytest.mark.parametrize("name", features.FEATURES)
def test_a_feature(name: str) -> None:
    before = set(os.listdir("/proc/self/fd"))
    limits = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    answer = features.ask(name)
    assert set(os.listdir("/proc/self/fd")) == before, "a probe leaves nothing open"
    assert resource.getrlimit(resource.RLIMIT_MEMLOCK) == limits
    assert answer.works != bool(answer.reason)
    if not answer.works and version(answer.feature.since) <= RELEASE:
        excuses = {**EMULATED, **LEFT_OUT.get(RELEASE, {})} if STOCK else EXCUSES
        assert answer.error == excuses.get(name), f"{name}: {answer.reason}"


def test_asked_once_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = features.ask("ring buffer")
    monkeypatch.delitem(features.FEATURES, "ring buffer")
    assert features.ask("ring buffer") is answer


def test_a_feature_nobody_knows() -> None:
    with pytest.raises(KeyError):
        features.ask("telepathy")


def test_a_table_with_something_to_say() -> None:
    for name, feature in features.FEATURES.items():
        assert feature.name == name
        assert feature.purpose and feature.remedy and version(feature.since)


def test_looking_for_a_tracepoint_does_not_attach() -> None:
    """A program attached to block_rq_issue would show in its list of perf or trace users; none may come and go: the
    next to attach would wait for a grace period."""
    assert features.ask("block tracepoints").works == Path("/sys/kernel/tracing/events/block/block_rq_issue").exists()
