"""Reading verifier logs: real ones of several kernels, shortened."""

from __future__ import annotations

import pytest

from pyvtrace.kernel.rejection import rejection

END = "processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
LOGS = {
    "the walk's last instruction": (
        f"0: R1=ctx() R10=fp0\n0: (79) r0 = *(u64 *)(r1 +8)          ; R0_w=scalar() R1=ctx()\n"
        f"1: (79) r0 = *(u64 *)(r0 +0)\nR0 invalid mem access 'scalar'\n{END}",
        ("R0 invalid mem access 'scalar'", 1),
    ),
    "statistics with the time": (
        f"0: (85) call unknown#9999\ninvalid func unknown#9999\nverification time 46 usec\nstack depth 0\n{END}",
        ("invalid func unknown#9999", 0),
    ),
    "found before the walk": (
        "jump out of range from insn 3 to 10\n" + END,
        ("jump out of range from insn 3 to 10", 3),
    ),
    "unreachable": ("unreachable insn 5\n" + END, ("unreachable insn 5", 5)),
    "a back-edge": ("0: (b7) r0 = 0\nback-edge from insn 4 to 2\n", ("back-edge from insn 4 to 2", 4)),
    "states after the verdict": (
        f"2: (15) if r0 == 0x0 goto pc-2\ninfinite loop detected at insn 2\ncur state: R0=0 R10=fp0\n"
        f"old state: R0=0 R10=fp0\n{END}",
        ("infinite loop detected at insn 2", 2),
    ),
    "another branch": (
        f"from 3 to 7: R0=0 R10=fp0\n7: (71) r1 = *(u8 *)(r6 +16)\n"
        "invalid access to map value, value_size=16 off=16 size=1\n"
        f"R6 max value is outside of the allowed memory range\n{END}",
        ("R6 max value is outside of the allowed memory range", 7),
    ),
    "given up on behind a call": (
        "returning from callee:\n frame1: R0=0 R6=ctx() R10=fp0\nto caller at 9373:\n R0=0 R6=ctx() R10=fp0\n"
        f"9373: (95) exit\nBPF program is too large. Processed 1000001 insn\nto caller at 9373:\n{END}",
        ("BPF program is too large. Processed 1000001 insn", 9373),
    ),
    "too large": (
        "BPF program is too large. Processed 1000001 insn\n" + END,
        ("BPF program is too large. Processed 1000001 insn", None),
    ),
    "explained, by 7.3": (
        "2: (b7) r3 = 0                        ; R3=0\n3: (85) call bpf_map_update_elem#2\n"
        "R1 type=scalar expected=map_ptr\n\nVerification failed: Call Type Safety: Invalid call argument\n\n"
        "At:\n  insn 3\n       | ^-- error: invalid first argument (R1) for bpf_map_update_elem\n"
        "  Instruction context:\n  >>> 3 | (85) call bpf_map_update_elem#2\n      4 | (95) exit\n\nSuggestion:\n"
        f"  Pass a value with one of the accepted pointer or scalar types for this call.\n\n{END}",
        ("R1 type=scalar expected=map_ptr", 3),
    ),
    "nothing": ("", ("", None)),
}


@pytest.mark.parametrize("what", LOGS)
def test_the_telling_line(what: str) -> None:
    log, want = LOGS[what]
    assert rejection(log) == want
