"""Parts of keys as people read them."""

from __future__ import annotations

import pytest

from pyvtrace.analysis.names import SPELLERS, Spelling


@pytest.mark.parametrize(
    ("kind", "value", "names", "text"),
    [
        ("number", 12, {}, "12"),
        ("text", "sshd", {}, "sshd"),
        ("text", "a\x1b[31m\n", {}, "a?[31m?"),
        ("text", "größe", {}, "größe"),
        ("device", 8 << 20 | 17, {}, "8:17"),
        ("device", 8 << 20, {8 << 20: "sda"}, "sda"),
        ("operation", "R", {}, "read"),
        ("operation", "RA", {}, "read"),
        ("operation", "W", {}, "write"),
        ("operation", "WS", {}, "sync"),
        ("operation", "FWFS", {}, "sync"),
        ("operation", "FW", {}, "write"),
        ("operation", "FF", {}, "flush"),
        ("operation", "F", {}, "flush"),
        ("operation", "D", {}, "discard"),
        ("operation", "N", {}, "other"),
        ("size", 4096, {}, "<=4K"),
        ("size", 0, {}, "-"),
        ("size", -1, {}, "larger"),
        ("address", 0x7F00, {}, "0x7f00"),
        ("address", -1, {}, "0xffffffffffffffff"),
        ("address", 0x7F00, {0x7F00: "inode_lock"}, "inode_lock"),
        ("errno", 0, {}, "ok"),
        ("errno", 2, {}, "ENOENT"),
        ("errno", 4095, {}, "4095"),
        ("cgroup", 77, {77: "/a.slice"}, "/a.slice"),
    ],
)
def test_every_kind_is_spelled(kind: str, value: int | str, names: dict[int, str], text: str) -> None:
    assert SPELLERS[kind](value, names) == text


def test_a_tuple_is_spelled_part_by_part() -> None:
    spell = Spelling(("number", "device", "text"), {"device": {1: "one"}})
    assert spell((5, 1, "x")) == spell((5, 1, "x")) == ("5", "one", "x")
