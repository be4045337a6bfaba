"""copyout() and copyoutstr(): they change the process, where the kernel lets programs do that; else it is said."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.conftest import RunVtrace

CHILD = """import ctypes, os
buffer = ctypes.create_string_buffer(b"A" * 15)
ctypes.CDLL(None).write(os.open("/dev/null", os.O_WRONLY), buffer, 16)
print(buffer.raw)
"""
PROGRAM = """syscall::write:entry /pid == $target && arg2 == 16/ {
    this->p = (char *)alloca(4); this->p[0] = 66; this->p[1] = 67;
    copyout(this->p, arg1, 2); copyoutstr("xyz", arg1 + 8, 3); copyoutstr("w", arg1 + 12, 8);
    copyout(this->p, arg1 + 4, 0); copyout(this->p, 0, 2);
}
ERROR { printf("fault %d at %d\\n", arg4, arg5); }"""


def test_the_process_has_what_was_written(vtrace: RunVtrace, tmp_path: Path) -> None:
    child = tmp_path / "child.py"
    child.write_text(CHILD)
    ran = vtrace("-w", "-q", "-n", PROGRAM, "-c", f"{sys.executable} {child}")
    if "bpf_probe_write_user" in ran.stderr:
        assert "hint: this kernel lets no program write to a process" in ran.stderr
        assert ran.status == 1
        return
    assert "b'BCAAAAAAxyzAw\\x00A\\x00'" in ran.stdout
    assert "fault 1 at 0" in ran.stdout


def test_it_needs_leave(vtrace: RunVtrace) -> None:
    ran = vtrace("-n", 'BEGIN { copyoutstr("a", 0, 1); }')
    assert ran.status == 1
    assert "Destructive actions not allowed" in ran.stderr
