"""Why the kernel said no, in words that help."""

from __future__ import annotations

import errno
import resource

import pytest

from pyvtrace.kernel import privilege
from pyvtrace.kernel.bpf import BpfError
from pyvtrace.kernel.privilege import CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN
from pyvtrace.kernel.syscall import ENOTSUPP


@pytest.mark.parametrize(
    ("command", "have", "lacking"),
    [
        ("BPF_PROG_LOAD", set(), ["CAP_BPF", "CAP_PERFMON"]),
        ("BPF_PROG_LOAD", {CAP_BPF}, ["CAP_PERFMON"]),
        ("BPF_PROG_LOAD", {CAP_BPF, CAP_PERFMON}, []),
        ("BPF_PROG_LOAD", {CAP_SYS_ADMIN}, []),
        ("BPF_MAP_CREATE", {CAP_PERFMON}, ["CAP_BPF"]),
        ("BPF_MAP_CREATE", set(), ["CAP_BPF", "CAP_PERFMON"]),
        ("BPF_ENABLE_STATS", {CAP_BPF, CAP_PERFMON}, ["CAP_SYS_ADMIN"]),
        ("perf_event_open", {CAP_BPF}, ["CAP_PERFMON"]),
    ],
)
def test_missing_capabilities(command: str, have: set[int], lacking: list[str]) -> None:
    assert privilege.missing(command, frozenset(have)) == lacking


@pytest.mark.parametrize(
    ("command", "number", "words"),
    [
        ("BPF_MAP_CREATE", errno.ENOMEM, "make it smaller"),
        ("BPF_PROG_LOAD", errno.ENOSYS, "CONFIG_BPF_SYSCALL"),
        ("BPF_RAW_TRACEPOINT_OPEN", errno.ENOENT, "no such tracepoint"),
        ("BPF_PROG_LOAD", errno.EMFILE, "ulimit -n"),
        ("BPF_MAP_LOOKUP_BATCH", ENOTSUPP, "does not support"),
        ("BPF_MAP_CREATE", errno.E2BIG, ""),
    ],
)
def test_hints(command: str, number: int, words: str) -> None:
    hint = BpfError(command, number, "do it").hint
    assert words in hint
    assert bool(hint) == bool(words)


def test_with_every_capability_it_is_a_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privilege, "effective", lambda: frozenset((CAP_SYS_ADMIN,)))
    assert "forbid" in BpfError("BPF_PROG_LOAD", errno.EPERM, "do it").hint
    monkeypatch.setattr(resource, "getrlimit", lambda _: (8 << 20, 8 << 20))
    assert "ulimit -l unlimited" in BpfError("BPF_MAP_CREATE", errno.EPERM, "do it").hint


def test_an_error_names_the_task_and_the_kernels_reason() -> None:
    error = BpfError("BPF_MAP_CREATE", ENOTSUPP, "create the map 'ring'")
    assert str(error) == "cannot create the map 'ring': not supported by this kernel"
    assert (error.errno, error.command) == (ENOTSUPP, "BPF_MAP_CREATE")
