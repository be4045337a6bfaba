"""Call chains: from an aggregation's rows to samples and folded lines."""

from __future__ import annotations

import pytest

from pyvtrace.analysis.stacks import Sample, folded, function, samples
from pyvtrace.runtime.snapshot import Table
from pyvtrace.spec import AggregationSpec

USER = "\n   libc.so.6`read+0x10\n   app`main+0x2\n"
KERNEL = "\n   vmlinux`vfs_read\n   vmlinux`ksys_read+0x7\n"


def test_samples_are_outermost_first_and_largest_first() -> None:
    spec = AggregationSpec(0, "samples", "sum", (), (), 2)
    rows = {(7, "app", "", USER, "\n"): (1, 10), (8, "b;c", "sh", "\n", KERNEL): (2, 30)}
    first, second = samples(Table(spec, rows))
    assert first == Sample(8, "b;c", "sh", (), ("vmlinux`ksys_read+0x7", "vmlinux`vfs_read"), 30)
    assert second.path == ("app", "app`main", "libc.so.6`read")
    assert first.path == ("b;c", "vmlinux`ksys_read_[k]", "vmlinux`vfs_read_[k]", "woken by sh")


def test_folded_lines_add_up_what_has_the_same_path() -> None:
    one = Sample(1, "a;b", "", ("app`main+0x1", "app`f+0x3"), (), 4)
    other = Sample(2, "a;b", "", ("app`main+0x9", "app`f"), (), 5)
    assert [*folded([one, other])] == ["a:b;app`main;app`f 9"]


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        ("app`main+0x1f", "app`main"),
        ("app`main", "app`main"),
        ("app`operator+(int)", "app`operator+(int)"),
        ("app`operator+(int)+0x2", "app`operator+(int)"),
        ("0x7f00", "0x7f00"),
    ],
)
def test_functions(frame: str, name: str) -> None:
    assert function(frame) == name
