"""Where files of the kernel's are: what D libraries cannot say in D, because it takes a walk.

No read here faults: the helper that reads gives zeros for an address that is none, so a chain of pointers that is
broken ends in 0. Their names begin with two underscores: they are for libraries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import R0, R1, R2, R3, R4, Code, Label, call, jump, jump_if, mov, store
from pyvtrace.builtins.machine import Machine
from pyvtrace.lang.types import Pointer, String, Struct, Type
from pyvtrace.lang.vocabulary import Function, Parameter

# Directories of a path that are walked up, and the longest name of one (NAME_MAX in include/uapi/linux/limits.h).
_DEPTH, _NAME_MAX = 16, 255
# include/linux/page-flags.h: low bits of page.mapping that say it is no file's.
_NO_FILE = 3
_DENTRY = Pointer(Struct("struct", "dentry", None, 0))


class _Offsets:
    """Places of members of this kernel's structs; `known` is false once one was not there."""

    def __init__(self, m: Machine) -> None:
        self._m, self.known = m, True

    def of(self, struct: str, path: str) -> int:
        place = self._m.target.member(struct, path)
        self.known = self.known and place is not None
        return place.offset if place else 0


def _follow(m: Machine, word: Any, offset: int, into: Any = None) -> Code:
    """`into` (or the word itself) = the pointer at `offset` behind the address in a word; 0 if there is none."""
    yield from m.restore(R3, word)
    yield R3 + offset
    yield from m.address(R1, into or word)
    yield mov(R2, 8)
    yield call(h.PROBE_READ_KERNEL)


def bio_dentry(m: Machine, e: Any) -> Code:
    """The directory entry of the file that the first page of a bio belongs to; NULL for memory that is no file's."""
    at = _Offsets(m)
    chain = [at.of("bio", "bi_io_vec"), at.of("bio_vec", "bv_page")]
    head, mapping = at.of("page", "compound_head"), at.of("page", "mapping")
    file = [at.of("address_space", "host"), at.of("inode", "i_dentry")]
    alias, parent = at.of("dentry", "d_u"), at.of("dentry", "d_parent")
    if not at.known:
        yield mov(R0, 0)
        return
    none, is_head, done = Label("no file"), Label("head page"), Label("dentry")
    yield from m.need("scratch")
    word, other = m.buffer(8), m.buffer(8)
    yield from m.value(e.args[0])
    yield from m.save(word)
    for offset in chain:
        yield from _follow(m, word, offset)
    yield from _follow(m, word, head, other)
    yield from m.restore(R1, other)
    # A page that is not the first of its folio points to that, one byte further.
    yield jump_if(R1, "&", 1, is_head)
    yield from m.restore(R1, word)
    yield R1 + 1
    yield is_head
    yield R1 - 1
    yield from m.save(word, R1)
    yield from _follow(m, word, mapping)
    yield from m.restore(R1, word)
    yield jump_if(R1, "&", _NO_FILE, none)
    for offset in file:
        yield from _follow(m, word, offset)
    yield from m.restore(R0, word)
    yield jump_if(R0, "==", 0, none)
    yield R0 - alias
    yield from m.save(word)
    # What lies in no directory is not in the tree of files: a block device's own pages.
    yield from _follow(m, word, parent, other)
    yield from m.restore(R0, word)
    yield from m.restore(R1, other)
    yield jump_if(R0, "==", R1, none)
    yield jump(done)
    yield none
    yield mov(R0, 0)
    yield done


def file_path(m: Machine, e: Any) -> Code:
    """The path of a directory entry (first argument): to the root of its file system, or, given the vfsmount it is in,
    to that of the mount namespace. The last 16 names of a longer one; what does not fit is cut off."""
    at = _Offsets(m)
    parent, name = at.of("dentry", "d_parent"), at.of("dentry", "d_name.name")
    root, inside = at.of("vfsmount", "mnt_root"), at.of("mount", "mnt")
    point, above = at.of("mount", "mnt_mountpoint"), at.of("mount", "mnt_parent")
    if not at.known:
        yield from m.text(R0, "<unknown>")
        return
    yield from m.need("scratch")
    capacity = (e.type.size + 7) & ~7
    path = m.buffer(capacity + _NAME_MAX + 1)
    dentry, mount, up = (m.buffer(8) for _ in range(3))
    names = [m.buffer(8) for _ in range(_DEPTH)]
    yield from m.value(e.args[0])
    yield from m.save(dentry)
    yield from m.value(e.args[1])
    yield from m.save(mount)
    for place in names:
        yield store(place.base, place.offset, 0)
    top = Label("top")
    for place in names:
        inner = Label("inside its mount")
        yield from _follow(m, mount, root, up)
        yield from m.restore(R0, up)
        yield from m.restore(R1, dentry)
        yield jump_if(R0, "!=", R1, inner)
        # The root of a mount goes by the name of what it is mounted on.
        yield from m.restore(R1, mount)
        yield R1 - inside
        yield from m.save(up, R1)
        yield from _follow(m, up, point, dentry)
        yield from _follow(m, up, above, mount)
        yield from m.restore(R1, mount)
        yield R1 + inside
        yield from m.save(mount, R1)
        yield inner
        yield from _follow(m, dentry, parent, up)
        yield from m.restore(R0, up)
        yield from m.restore(R1, dentry)
        yield jump_if(R0, "==", R1, top)
        yield from _follow(m, dentry, name, place)
        yield from m.restore(R0, up)
        yield from m.save(dentry)
    yield top
    yield from _joined(m, path, names, capacity, dentry)


def _joined(m: Machine, path: Any, names: Sequence[Any], capacity: int, length: Any) -> Code:
    """R0 = the names, whose addresses lie from the last to the first, each behind a slash; a slash if there is none."""
    full = Label("full")
    yield from m.address(R1, path)
    yield store(R1, 0, ord("/"), 2)
    yield store(length.base, length.offset, 0)
    for place in reversed(names):
        skip = Label("no name")
        yield from m.restore(R3, place)
        yield jump_if(R3, "==", 0, skip)
        yield from m.restore(R4, length)
        yield jump_if(R4, ">=", capacity - 1, full)
        yield from m.address(R1, path)
        yield R1 + R4
        yield store(R1, 0, ord("/"), 1)
        yield R1 + 1
        yield mov(R2, _NAME_MAX + 1)
        yield call(h.PROBE_READ_KERNEL_STR)
        # Of what was read its NUL is no part of the path, but the slash is.
        yield jump_if(R0, "s<=", 0, skip)
        yield from m.restore(R1, length)
        yield R1 + R0
        yield from m.save(length, R1)
        yield skip
    yield full
    yield from m.address(R0, path)
    yield store(R0, capacity - 1, 0, 1)


def _dentry(types: Sequence[Type], strsize: int) -> Type:
    return _DENTRY


def _path(types: Sequence[Type], strsize: int) -> Type:
    return String(strsize)


_POINTER = Parameter("pointer", shown="void *")

FILES = (
    Function("__bio_dentry", (_POINTER,), _dentry, bio_dentry),
    Function("__path", (_POINTER, _POINTER), _path, file_path),
)
