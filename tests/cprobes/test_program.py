"""Compiling: the cache, what is missing, and headers that have the kernel's own layouts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

from pyvtrace.cprobes import headers, program
from pyvtrace.cprobes.declarations import Declarations
from pyvtrace.cprobes.points import kernel_function
from pyvtrace.cprobes.program import CProgramError, compile_program
from pyvtrace.cprobes.words import words
from pyvtrace.kernel import symbols_bcc
from pyvtrace.kernel.btf import Kind, open_vmlinux
from tests.cprobes.programs import CALLS

# Structs of all kinds: bit-fields, unions, packed and aligned ones, anonymous members, and names that are typedefs too.
ASKED = {
    *("task_struct", "sock", "sk_buff", "request", "bio", "inode", "dentry", "file", "mm_struct", "tcp_sock"),
    *("iphdr", "tcphdr", "net_device", "page", "rq", "cpumask", "spinlock", "mutex", "rw_semaphore", "pt_regs"),
    *("bpf_prog", "bpf_map", "super_block", "block_device", "signal_struct", "cred", "nsproxy", "perf_event"),
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def never(*arguments: object, **options: object) -> NoReturn:
    raise AssertionError("it was compiled again")


def test_a_program_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = compile_program("calls.c", CALLS)
    monkeypatch.setattr(subprocess, "run", never)
    second = compile_program("calls.c", CALLS)
    assert (first.cached, second.cached) == (False, True)
    assert (first.tables, first.functions) == (second.tables, second.functions)


def test_another_text_or_flag_is_another_program(monkeypatch: pytest.MonkeyPatch) -> None:
    compile_program("calls.c", CALLS)
    monkeypatch.setattr(subprocess, "run", never)
    for text, flags in ((CALLS + "\n", ()), (CALLS, ("-DX=1",))):
        with pytest.raises(AssertionError, match="compiled again"):
            compile_program("calls.c", text, flags)


def test_without_bcc_it_says_how_to_get_it_and_what_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symbols_bcc, "places", lambda: iter(()))
    with pytest.raises(CProgramError, match="D programs and everything else work without it") as missing:
        compile_program("calls.c", CALLS)
    assert "apt install python3-bpfcc" in missing.value.hint


def test_without_btf_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "VMLINUX", "/nonexistent/btf")
    with pytest.raises(CProgramError, match="there is no /nonexistent/btf") as missing:
        compile_program("calls.c", CALLS)
    assert "CONFIG_DEBUG_INFO_BTF" in missing.value.hint


def test_a_tree_is_made_once_and_drafts_of_the_dead_go(tmp_path: Path) -> None:
    known = words(CALLS)
    parent = tmp_path / "trees" / "headers"
    (parent / "draft-4194305").mkdir(parents=True)  # above the highest process id there can be
    first = headers.prepare(known, str(tmp_path / "trees"))
    made = os.stat(f"{first}/include/linux/kconfig.h").st_ino
    assert headers.prepare(known, str(tmp_path / "trees")) == first
    assert os.stat(f"{first}/include/linux/kconfig.h").st_ino == made
    assert os.listdir(parent) == [os.path.basename(first)]


def test_members_lie_where_the_kernel_has_them(tmp_path: Path) -> None:
    """A C compiler, asked about every member of every struct that was declared."""
    btf = open_vmlinux()
    text = Declarations(btf, ASKED, frozenset()).text()
    asserted = 0
    for identifier in btf.called(ASKED)[0]:
        keyword = {Kind.STRUCT: "struct", Kind.UNION: "union"}.get(btf.kind(identifier))
        if keyword is None or btf.find(btf.name(identifier), btf.kind(identifier)) != identifier:
            continue
        name = f"{keyword} {btf.name(identifier)}"
        text += f'_Static_assert(sizeof({name}) == {btf.size(identifier)}, "size of {name}");\n'
        for member, _, bits, width in btf.members(identifier):
            if member and not width:
                asserted += 1
                place = f"__builtin_offsetof({name}, {member})"
                text += f'_Static_assert({place} == {bits // 8}, "{name}.{member}");\n'
    assert asserted > 1000
    path = tmp_path / "layouts.c"
    path.write_text(text)
    done = subprocess.run(["gcc", "-fsyntax-only", "-w", str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_programs_own_names_are_its_own() -> None:
    """The kernel has a struct rq, and enums with these constants; the program means something else."""
    text = "struct rq { int mine; }; enum { TCP_CLOSE = 77 }; struct task_struct *p;"
    found = words(text)
    assert {"rq", "TCP_CLOSE"} <= found.defined
    made = Declarations(open_vmlinux(), found.names, found.defined).text()
    assert "struct task_struct {" in made
    assert "struct rq {" not in made
    assert " TCP_CLOSE =" not in made


def test_names_of_system_calls_are_this_machines() -> None:
    assert kernel_function("sys_openat", "x86_64") == "__x64_sys_openat"
    assert kernel_function("__x64_sys_openat", "aarch64") == "__arm64_sys_openat"
    assert kernel_function("vfs_read", "x86_64") == "vfs_read"


# What tools of bcc's take from headers that are macros or inlined there, and types that only a typedef embeds.
OF_HEADERS = {
    "biolatpcts": "x = min_t(size_t, div_u64(x, 10 * NSEC_PER_USEC), 99); x += sizeof(cpumask_var_t);",
    "tcprtt": "struct sock *sk = (void *)x; x = tcp_sk(sk)->srtt_us + inet_sk(sk)->inet_sport;",
    "netqtop": "struct sk_buff skb = {}; if (skb_rx_queue_recorded(&skb)) x = skb_get_rx_queue(&skb);",
    "virtiostat": "struct scatterlist sg = {}; if (sg_is_last(&sg) || sg_is_chain(&sg)) x = (u64)sg_chain_ptr(&sg);",
    "ttysnoop": "x = x == WRITE ? READ : WRITE;",
}


@pytest.mark.parametrize("tool", OF_HEADERS)
def test_what_is_no_type_in_headers_is_there(tool: str) -> None:
    text = f"RAW_TRACEPOINT_PROBE(sys_enter) {{ u64 x = bpf_ktime_get_ns(); {OF_HEADERS[tool]} return x; }}"
    (function,) = compile_program(f"{tool}.c", text, ("-Werror=implicit-function-declaration",)).functions
    assert function.code


def test_a_program_may_have_a_macros_name_for_its_own() -> None:
    text = "enum way { READ = 5, WRITE }; RAW_TRACEPOINT_PROBE(sys_enter) { enum way mine = WRITE; return mine; }"
    assert "WRITE" in words(text).defined
    compile_program("own.c", text)


def test_a_header_in_a_script_that_puts_c_together_is_included() -> None:
    assert words("self.program += '#include <linux/mm.h>\\n'").includes == {"linux/mm.h"}


def test_where_the_configuration_is_not_to_be_read_functions_tell_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """opensnoop asks whether system calls take their registers as one argument."""
    asked = {"CONFIG_ARCH_HAS_SYSCALL_WRAPPER"}
    known = headers._configuration(asked)
    assert "#define CONFIG_ARCH_HAS_SYSCALL_WRAPPER 1" in known
    monkeypatch.setattr(headers, "_config_lines", list)
    assert headers._configuration(asked) == known


@pytest.mark.parametrize("name", ["syscall__kill", "kprobe____x64_sys_kill"])
def test_who_reads_arguments_of_system_calls_is_told_where_they_are(name: str) -> None:
    """bcc puts the question into what it makes of such a function: the program has no word of it."""
    assert "#define CONFIG_ARCH_HAS_SYSCALL_WRAPPER 1" in headers._configuration({name, "kill"})
    assert "WRAPPER" not in headers._configuration({"kill", "sys_kill"})
