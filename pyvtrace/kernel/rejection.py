"""What in a verifier log says why a program was rejected. Imported only when one was."""

from __future__ import annotations

import re

_STATISTICS = re.compile(r"processed \d+ insns|verification time|stack depth|insns processed|max_states|mark_precise")
# Instructions, register states and the headings of branches are the verifier's diary; what remains is its verdict.
_DIARY = re.compile(
    r"\d+: |R\d+(_\w+)?=|frame\d+: |from \d+ to \d+|(func|Func)#\d+|caller:|callee:|returning from callee|"
    r"to caller at |regs=|last_idx|parent |; |Live regs|propagating|(cur|old) state:"
)
# From 7.3 on, what the verifier says is followed by its explanation for people, of many lines.
_EXPLANATION = re.compile(r"^Verification failed: ", re.MULTILINE)
_INSTRUCTION = re.compile(r"^(\d+): \([0-9a-f]{2}\)", re.MULTILINE)
_NAMED = re.compile(r"\b(?:insn|instruction|insn_idx|at) (\d+)\b")


def rejection(log: str) -> tuple[str, int | None]:
    """(the telling line, slot of the rejected instruction or None)."""
    if explained := _EXPLANATION.search(log):
        log = log[: explained.start()]
    lines = [line.strip() for line in log.splitlines() if line.strip() and not _STATISTICS.match(line.strip())]
    verdicts = [line for line in lines if not _DIARY.match(line)]
    telling = verdicts[-1] if verdicts else (lines[-1] if lines else "")
    # Complaints made before the walk (jumps out of range, unreachable code) have the number in the sentence.
    if named := _NAMED.search(telling):
        return telling, int(named[1])
    walked = _INSTRUCTION.findall(log)
    return telling, int(walked[-1]) if walked else None
