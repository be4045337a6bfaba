"""N children, one after the other, each of which becomes another program: `python -m tests.workloads.forker N`.

Every child is made by os.fork(), calls execve(2) once and ends with status 7. Truth: `children` (process ids in order),
`program` that they ran, `status`.
"""

from __future__ import annotations

import os
import sys

from tests.workloads import gate

PROGRAM, STATUS = "/bin/sh", 7


def start() -> int:
    child = os.fork()
    if not child:
        os.execv(PROGRAM, ["sh", "-c", f"exit {STATUS}"])
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == STATUS
    return child


def main(count: int) -> None:
    gate.wait("forker")
    gate.report(children=[start() for _ in range(count)], program=PROGRAM, status=STATUS)


if __name__ == "__main__":
    main(int(sys.argv[1]))
