"""The program that records waits, `waits.d`, also for kernels that cannot tell of a thread in the thread itself that it
has its processor again."""

from __future__ import annotations

import os

_PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "waits.d")

COMES_BACK = "sched_exit_tp"
_ELSEWHERE = "sched:::on-cpu"
_USER_STACK = ' %k %k", tid, pid, execname,\n', ", stack(24), ustack(24));\n\tself->brief"


def program(*, comes_back: bool) -> str:
    """The program as it is where the kernel has COMES_BACK, else what comes closest."""
    with open(_PATH, encoding="utf-8") as file:
        text = file.read()
    if comes_back:
        return text
    conversions, arguments = _USER_STACK
    for piece in (f"rawtp:::{COMES_BACK}", *_USER_STACK):
        if piece not in text:
            raise ValueError(f"the script has no {piece!r}")
    return (
        text.replace(f"rawtp:::{COMES_BACK}", _ELSEWHERE)
        .replace(conversions, conversions.replace(" %k %k", " %k"))
        .replace(arguments, arguments.replace(", ustack(24)", ""))
    )
