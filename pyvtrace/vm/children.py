"""Child processes that cannot outlive us, however we end."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable

PR_SET_PDEATHSIG = 1


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
