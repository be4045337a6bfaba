"""Files the command made in the guest, brought out: each through a port of its own into memory, then put in place."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Sequence
from typing import BinaryIO

from pyvtrace.vm.refusal import Refused

COULD_NOT = 125


class Outputs:
    """The files at `paths`, which are the same in the guest and here."""

    def __init__(self, paths: Sequence[str]) -> None:
        for path in paths:
            if not os.path.isdir(os.path.dirname(path)):
                raise Refused(
                    f"--output {path}: there is no directory {os.path.dirname(path)}",
                    f"mkdir -p {os.path.dirname(path)}",
                )
            if os.path.isdir(path):
                raise Refused(
                    f"--output {path} is a directory", "name a file; a whole directory can be shared with --share"
                )
        self.paths = tuple(paths)
        self.files: tuple[BinaryIO, ...] = tuple(os.fdopen(os.memfd_create("vtrace-output"), "w+b") for _ in paths)

    def deliver(self, collected: set[int], status: int, say: Callable[[str], None]) -> int:
        """Puts what was `collected`, by number, in place. A file that is missing makes a success a failure of ours."""
        for number, (path, file) in enumerate(zip(self.paths, self.files, strict=True)):
            with file:
                if number in collected:
                    _put(file, path)
                else:
                    say(f"--output {path}: the command has made no such file")
                    status = status or COULD_NOT
        return status


def _put(file: BinaryIO, path: str) -> None:
    """The whole file or nothing, and never a draft that stays behind."""
    try:
        file.seek(0)
        draft = os.open(os.path.dirname(path), os.O_TMPFILE | os.O_RDWR, 0o666)
        with open(draft, "wb") as new:
            shutil.copyfileobj(file, new)
            new.flush()
            beside = f"{path}.{os.getpid()}.new"
            os.link(f"/proc/self/fd/{draft}", beside, follow_symlinks=True)
            try:
                os.rename(beside, path)
            except OSError:
                with contextlib.suppress(OSError):
                    os.unlink(beside)
                raise
    except OSError as error:
        raise Refused(f"--output {path}: {error.strerror}") from None
