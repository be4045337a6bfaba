"""Child processes that cannot outlive us, however we end, and one that cannot write."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
# linux/mount.h, linux/sched.h; the number of mount_setattr(2), Linux 5.12, is the same on every architecture.
_NEW_MOUNTS, _RECURSIVE, _PRIVATE, _READ_ONLY, _EVERY_MOUNT, _HERE = 0x20000, 0x4000, 1 << 18, 1, 0x8000, -100
_MOUNT_SETATTR = 442


def die_with_parent() -> Callable[[], None]:
    """For `preexec_fn`: the kernel kills the child when this thread ends, by SIGKILL too."""
    # Looked up here: between fork and exec the child should not have to load anything.
    prctl, parent = ctypes.CDLL(None, use_errno=True).prctl, os.getpid()

    def in_child() -> None:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        # The parent may have ended before that.
        if os.getppid() != parent:
            os._exit(1)

    return in_child


def without_writes() -> Callable[[], None]:
    """For `preexec_fn`: as `die_with_parent`, and to the child every mounted file system is read-only. A guest whose
    files it serves may ask for whatever it likes: the kernel refuses, not the guest's own mount."""
    end_with_parent, libc = die_with_parent(), ctypes.CDLL(None, use_errno=True)
    attributes = struct.pack("<4Q", _READ_ONLY, 0, 0, 0)

    def in_child() -> None:
        end_with_parent()
        failed = (
            libc.unshare(_NEW_MOUNTS)
            or libc.mount(None, b"/", None, _RECURSIVE | _PRIVATE, None)
            or libc.syscall(_MOUNT_SETATTR, _HERE, b"/", _EVERY_MOUNT, attributes, len(attributes))
        )
        if failed:
            why = os.strerror(ctypes.get_errno())
            os.write(2, f"cannot make / read-only for the guest (Linux 5.12, / a mount point): {why}\n".encode())
            os._exit(1)

    return in_child
