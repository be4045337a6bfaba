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
    """The whole file or nothing: it has no name before it is complete, so no draft can stay behind."""
    home, name = os.path.split(path)
    try:
        with contextlib.ExitStack() as opened:
            directory = os.open(home, os.O_DIRECTORY | os.O_RDONLY)
            opened.callback(os.close, directory)
            draft = opened.enter_context(open(os.open(home, os.O_TMPFILE | os.O_RDWR, 0o666), "wb"))
            file.seek(0)
            shutil.copyfileobj(file, draft)
            draft.flush()
            new = f".{name}.{os.getpid()}"
            os.link(f"/proc/self/fd/{draft.fileno()}", new, dst_dir_fd=directory, follow_symlinks=True)
            os.rename(new, name, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError as error:
        raise Refused(f"--output {path}: {error.strerror}") from None
