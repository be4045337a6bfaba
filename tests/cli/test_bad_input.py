"""Bad input: one clear message that says what, where and what to do, the right status, and never a traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import PATIENCE, ROOT, VTRACE, Result

ONE_LINER = "syscall::getppid:entry /pid == $pid/ { @[execname] = count(); } tick-10ms { exit(0); }"

# ------------------------------------------------------------------------------------------------------------- programs


@pytest.mark.parametrize(
    ("program", "messages"),
    [
        ("syscall::raed:entry { }", ["probe description syscall::raed:entry does not match any probes",
                                     "did you mean syscall::read:entry"]),
        ("syscal:::entry { }", ["did you mean syscall:::entry?"]),
        ("nosuch:::x { }", ["there is no provider 'nosuch', but cpc, dtrace, fbt, io, ip, lockstat"]),
        ("BEGIN { trace(1 }", ['syntax error near "}"']),
        ("BEGIN { @a = sum(\"x\"); trace(exename); }", ["sum( )", "Unknown variable name", "did you mean 'execname'?"]),
        ("BEGIN { trace($1); }", ["macro argument $1 is not defined"]),
        ("#pragma D option strsize=big\nBEGIN { }", ["failed to set option 'strsize' to 'big': Invalid value"]),
        ("#pragma D option libdir=/x\nBEGIN { }", ["failed to set option 'libdir' to '/x': libraries are read before"]),
    ],
)  # fmt: skip
def test_a_problem_is_shown_with_its_place(vtrace: Any, program: str, messages: list[str]) -> None:
    ran = vtrace("-n", program)
    assert ran.status == 1
    assert ran.stdout == ""
    assert "^" in ran.stderr
    assert [message for message in messages if message not in ran.stderr] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-n", f"{probe} {{ }}"), "it needs the kernel's types, and there is no BTF (No such file or directory)")
        for probe in ("proc:::exit", "io:::start", "tcp:::send", "fbt::vfs_read:entry")
    ]
    + [(("run", "syscalls/errors.c"), "compiled with this kernel's types, and there is no /sys/kernel/btf/vmlinux")],
)  # fmt: skip
def test_a_kernel_without_types(tmp_path: Any, arguments: tuple[str, ...], words: str) -> None:
    ran = without_btf(tmp_path, *arguments)
    assert ran.status == 1
    assert words in ran.stderr
    assert "CONFIG_DEBUG_INFO_BTF=y" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_without_the_kernels_types_the_rest_works(tmp_path: Any) -> None:
    ran = without_btf(tmp_path, "-qn", 'syscall::getppid:entry { } BEGIN { printf("%d", 6 * 7); exit(0); }')
    assert (ran.stdout.strip(), ran.status) == ("42", 0)


def without_btf(empty: Any, *arguments: str) -> Result:
    """What a machine without the kernel's types would say: an empty directory lies over theirs, for this run only."""
    hide = 'mount --bind "$0" /sys/kernel/btf && exec "$@"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", hide, str(empty), VTRACE, *arguments],
        capture_output=True, text=True, timeout=PATIENCE, check=False,
        env=os.environ | {"XDG_CACHE_HOME": str(empty)},
    )  # fmt: skip
    return Result(done.stdout, done.stderr, done.returncode)


def test_every_problem_of_all_programs_at_once_each_with_its_own_line(vtrace: Any, tmp_path: Any) -> None:
    script = tmp_path / "two.d"
    script.write_text("BEGIN\n{\n\ttrace(nosuch);\n}\n")
    ran = vtrace("-xerrtags", "-n", "BEGIN { x = nothing; }", "-s", str(script))
    assert ran.stderr.splitlines() == [
        "vtrace: invalid probe specifier BEGIN { x = nothing; }: [D_IDENT_UNDEF] in action list: "
        "failed to resolve nothing: Unknown variable name",
        "    1 | BEGIN { x = nothing; }",
        "      |             ^^^^^^^",
        f"vtrace: failed to compile script {script}: [D_IDENT_UNDEF] line 3: failed to resolve nosuch: "
        "Unknown variable name",
        "    3 | \ttrace(nosuch);",
        "      | \t      ^^^^^^",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-qn", "BEGIN { exit($1); }"], "macro argument $1 is not defined"),
        (["-qn", "BEGIN { exit($1); }", "3", "4"], "extraneous argument '4' ($2 is not referenced)"),
    ],
)
def test_macro_arguments_have_to_be_as_many_as_are_used(vtrace: Any, arguments: list[str], message: str) -> None:
    ran = vtrace(*arguments)
    assert message in ran.stderr
    assert ran.status == 1


@pytest.mark.parametrize("where", ["option", "pragma", "environment"])
def test_defaultargs_makes_missing_arguments_zero(vtrace: Any, where: str) -> None:
    program = 'BEGIN { printf("%d [%s]\\n", $1, $$2); exit(0); }'
    options = ["-xdefaultargs"] if where == "option" else []
    text = f"#pragma D option defaultargs\n{program}" if where == "pragma" else program
    ran = vtrace("-q", *options, "-n", text, env={"DTRACE_OPT_DEFAULTARGS": "1"} if where == "environment" else {})
    assert (ran.stdout, ran.stderr) == ("0 []\n\n", "")


def test_too_much_for_bpf_is_a_problem_of_the_program(vtrace: Any) -> None:
    ran = vtrace("-xstrsize=1m", "-qn", 'BEGIN { x = "a"; y = strjoin(x, "b"); trace(y); }')
    assert "too large for BPF" in ran.stderr
    assert "lower strsize" in ran.stderr
    assert ran.status == 1


# -------------------------------------------------------------------------------------------------------------- scripts


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1: empty D program translation unit"),
        (b"\n// nothing\n", "empty D program translation unit"),
        (b"\x7fELF\x02\x01\x01\x00\x00", "it is a binary file, not a D program"),
    ],
)
def test_a_script_that_is_none(vtrace: Any, tmp_path: Any, content: bytes, message: str) -> None:
    (tmp_path / "x.d").write_bytes(content)
    ran = vtrace("-s", str(tmp_path / "x.d"))
    assert ran.status == 1
    assert f"failed to compile script {tmp_path}/x.d: " in ran.stderr
    assert message in ran.stderr


def test_a_directory_is_no_script(vtrace: Any) -> None:
    ran = vtrace("-s", "/tmp")
    assert (ran.stderr, ran.status) == ("vtrace: failed to open /tmp: Is a directory\n", 1)


def test_an_unreadable_script(tmp_path: Any) -> None:
    (tmp_path / "x.d").write_text("BEGIN { }")
    (tmp_path / "x.d").chmod(0)
    # Root reads everything, unless it gives up the capabilities for that.
    limit = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"]
    done = subprocess.run(
        [*limit, VTRACE, "-s", str(tmp_path / "x.d")], capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.stderr, done.returncode) == (f"vtrace: failed to open {tmp_path}/x.d: Permission denied\n", 1)


@pytest.mark.parametrize("interpreter", ["/usr/bin/env -S {vtrace} -s", "{vtrace} -qs", "{vtrace} -Cqs"])
def test_scripts_name_us_as_their_interpreter(tmp_path: Any, interpreter: str) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!{interpreter.format(vtrace=VTRACE)}\n#pragma D option quiet\n"
                      'BEGIN { printf("%s %s %d\\n", $$0, $$1, $2); exit(0); }\n')  # fmt: skip
    script.chmod(0o755)
    done = subprocess.run([script, "word", "7"], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.stdout, done.stderr, done.returncode) == (f"{script} word 7\n\n", "", 0)


# ---------------------------------------------------------------------------------------------- rights, BTF and tracefs


@pytest.fixture(scope="module")
def anyones() -> Iterator[str]:
    """A directory with our package in it that everybody can read, wherever the checkout is."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        # Python writes bytecode beside its place, and another one may do so right now.
        half_written = shutil.ignore_patterns("*.pyc.*")
        shutil.copytree(os.path.join(ROOT, "pyvtrace"), os.path.join(place, "pyvtrace"), ignore=half_written)
        yield place


def as_nobody(place: str, capabilities: list[str], *arguments: str) -> Result:
    """`vtrace` as an ordinary user with these capabilities and no other."""
    allowed = ",".join(["-all", *(f"+{name}" for name in capabilities)])
    command = [
        "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
        f"--bounding-set={allowed}", f"--inh-caps={allowed}", f"--ambient-caps={allowed}",
        os.path.realpath(sys.executable), "-c", "import sys; from pyvtrace.cli.main import main; sys.exit(main())",
    ]  # fmt: skip
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": place}
    done = subprocess.run(
        [*command, *arguments], cwd="/", env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    return Result(done.stdout, done.stderr, done.returncode)


def test_two_capabilities_are_enough(anyones: str) -> None:
    ran = as_nobody(anyones, ["bpf", "perfmon"], "-n", ONE_LINER)
    assert "matched 3 probes" in ran.stderr
    assert ran.status == 0


@pytest.mark.parametrize(
    ("have", "lacking"),
    [(["perfmon"], "CAP_BPF"), (["bpf"], "CAP_PERFMON"), ([], "CAP_BPF and CAP_PERFMON")],
)
def test_each_missing_capability_is_named(anyones: str, have: list[str], lacking: str) -> None:
    ran = as_nobody(anyones, have, "-n", ONE_LINER)
    assert ran.status == 1
    assert ran.stderr.startswith("vtrace: could not enable tracing: cannot ")
    assert f"      hint: needs {lacking}: run it as root" in ran.stderr


def in_mounts(mounts: str, *arguments: str) -> Result:
    """`vtrace` in a mount namespace of its own, changed by a shell command."""
    command = ["unshare", "-m", "sh", "-c", f'{mounts} && exec "$@"', "sh", VTRACE, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    return Result(done.stdout, done.stderr, done.returncode)


NO_BTF = "mount -t tmpfs none /sys/kernel/btf"
# An empty directory where tracefs is looked for, and nothing in the table of mounts.
NO_TRACEFS = "for m in $(awk '$3 == \"tracefs\" { print $2 }' /proc/mounts | tac); do umount -l $m; done"


def test_without_btf_programs_that_do_not_need_it_run() -> None:
    ran = in_mounts(NO_BTF, "-qn", "BEGIN { @[execname] = quantize(pid > 0); } tick-10ms { exit(0); }")
    assert (ran.stderr, ran.status) == ("", 0)
    assert "vtrace" in ran.stdout


def test_without_btf_what_needs_it_says_so() -> None:
    ran = in_mounts(NO_BTF, "-n", "rawtp:::sched_switch { trace(args[1]); }")
    assert ran.status == 1
    assert "hint: this kernel shows no BTF" in ran.stderr


@pytest.mark.parametrize("what", ["curpsinfo->pr_pid", "curlwpsinfo->pr_lwpid", "curthread->pid", "fds[1].fi_oflags"])
def test_without_btf_variables_of_the_kernels_types_say_so(what: str) -> None:
    ran = in_mounts(NO_BTF, "-n", f"BEGIN {{ trace({what}); exit(0); }}")
    assert ran.status == 1
    assert "may be the kernel's, and there is no BTF (No such file or directory): CONFIG_DEBUG_INFO_BTF=y" in ran.stderr
    # What is none of the kernel's can be defined, and is where there is BTF.
    assert "define it" not in ran.stderr


def test_without_tracefs_programs_that_do_not_need_it_run() -> None:
    ran = in_mounts(NO_TRACEFS, "-qn", ONE_LINER)
    assert (ran.stderr, ran.status) == ("", 0)


@pytest.mark.parametrize("program", ["sdt:sched::sched_switch { }", "syscall::read:entry { trace(args->fd); }"])
def test_without_tracefs_what_needs_it_says_how_to_mount(program: str) -> None:
    ran = in_mounts(NO_TRACEFS, "-n", program)
    assert ran.status == 1
    assert "mount -t tracefs tracefs /sys/kernel/tracing" in ran.stderr
