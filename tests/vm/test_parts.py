"""The small parts of the runner, against programs that read what they write. Nothing boots."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyvtrace.cli import vm
from pyvtrace.vm import cpio, disk, job
from pyvtrace.vm.compression import unpack
from pyvtrace.vm.control import Console, Control, Limits
from pyvtrace.vm.job import Job
from pyvtrace.vm.machine import Guest, arguments, threads
from pyvtrace.vm.outputs import Outputs
from pyvtrace.vm.pumps import Escaped, Inlet, Outlet, ReaderGone
from pyvtrace.vm.refusal import Panicked, Refused
from pyvtrace.vm.store import Kernel
from tests.vm.guests import all_end

# ------------------------------------------------------------------------------------------------- archive, compression


def test_an_archive_has_what_was_put_in(tmp_path: Path) -> None:
    """By the fields of the kernel's own document."""
    entries = [
        cpio.directory("bin"),
        cpio.file("bin/tool", b"#!/bin/sh\n", 0o755),
        cpio.link("bin/sh", "tool"),
        cpio.character_device("console", 5, 1),
        cpio.file("empty", b""),
    ]
    content, at, read = cpio.archive(entries), 0, {}
    while True:
        assert content[at : at + 6] == b"070701" and at % 4 == 0
        fields = [int(content[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        name = content[at + 110 : at + 110 + fields[11] - 1].decode()
        at += (110 + fields[11] + 3) // 4 * 4
        if name == "TRAILER!!!":
            break
        read[name] = (fields[1], (fields[9], fields[10]), content[at : at + fields[6]])
        at += (fields[6] + 3) // 4 * 4
    assert read == {
        "bin": (0o40755, (0, 0), b""),
        "bin/tool": (0o100755, (0, 0), b"#!/bin/sh\n"),
        "bin/sh": (0o120777, (0, 0), b"tool"),
        "console": (0o20600, (5, 1), b""),
        "empty": (0o100644, (0, 0), b""),
    }


def packed_by(*command: str) -> Callable[[bytes], bytes]:
    return lambda data: subprocess.run(command, input=data, capture_output=True, check=True).stdout


PACKERS = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
    "zstd": packed_by("zstd", "-c"),
    "lz4": packed_by("lz4", "-lc"),
}


@pytest.mark.parametrize("name", PACKERS)
def test_what_others_packed_is_unpacked(name: str) -> None:
    data = os.urandom(1000) + bytes(20 << 20)
    # In a kernel image the unpacked size follows.
    assert unpack(PACKERS[name](data) + len(data).to_bytes(4, "little")) == data


@pytest.mark.parametrize("name", PACKERS)
def test_damage_is_refused(name: str) -> None:
    packed = PACKERS[name](os.urandom(5000))
    with pytest.raises(Refused, match="damaged"):
        unpack(packed[:8] + bytes(20) + packed[28:])


# ------------------------------------------------------------------------------------------------------- command lines


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("latency=20ms", disk.Disk("latency", 20_000_000)),
        ("latency=1s", disk.Disk("latency", 1_000_000_000)),
        ("latency=250us", disk.Disk("latency", 250_000)),
        ("iops=100", disk.Disk("iops", 100)),
        ("plain", disk.Disk("plain")),
    ],
)
def test_disks(text: str, parsed: disk.Disk) -> None:
    assert disk.parse(text) == parsed


BAD = [
    *(("--disk", text) for text in ("slow", "latency", "latency=20", "latency=40s", "iops=0", "iops=x", "plain=1")),
    *(("--memory", text) for text in ("64M", "much", "1T", "-1")),
    *(("--timeout", text) for text in ("soon", "5d", "")),
    *(("--env", text) for text in ("1A=b", "a b", "=")),
    ("--share", "/no/such/directory"),
    ("--share", "/"),
    ("--output", "/no/such/directory/file"),
    ("--output", "/etc"),
    ("--kernel", "newest"),
    ("--kernel", "/no/such/kernel"),
    ("--cpus", "0"),
]


@pytest.mark.parametrize(("option", "value"), BAD)
def test_bad_input_gets_one_message_that_names_it(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert vm.main(["vm", "run", option, value, "--", "true"]) == 125
    said = capsys.readouterr().err
    assert option.removeprefix("--") in said and value in said and "Traceback" not in said
    assert len(said.splitlines()) <= 4


@pytest.mark.parametrize("line", [["run"], ["run", "--nonsense"], ["dance"], ["fetch"]])
def test_a_command_line_that_makes_no_sense(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert vm.main(["vm", *line]) == (125 if line[0] == "run" else 2)
    assert "Usage: vtrace vm" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("program", "package"), [("qemu-system-x86_64", "qemu-system-x86"), ("virtiofsd", "virtiofsd")]
)
def test_what_is_not_installed_is_named_with_its_package(
    program: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyvtrace.vm import machine

    monkeypatch.setattr(machine, "VIRTIOFSD", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    if program == "virtiofsd":
        (tmp_path / machine.QEMU).symlink_to("/bin/true")
    guest = Guest(Kernel("6.1", "/vmlinux", "/modules"), "/initramfs", "tcg")
    with pytest.raises(Refused, match=f"no {program}") as refused, machine.started(guest):
        pass
    assert f"apt install {package}" in refused.value.hint


@pytest.mark.parametrize(
    ("release", "accelerator", "cpu"),
    [
        ("6.1.0-9-amd64", "tcg", "max"),
        ("6.12.9-amd64", "tcg", "max,-cx16"),
        ("7.3.4-amd64", "tcg", "max"),
        ("6.12.9-amd64", "kvm", "host"),
    ],
)
def test_the_processor_a_kernel_gets(release: str, accelerator: str, cpu: str) -> None:
    guest = Guest(Kernel(release, "/vmlinux", "/modules"), "/initramfs", accelerator)
    names = ("console", "stdin", "stdout", "stderr", "job", "control")
    words = arguments(guest, {name: number for number, name in enumerate(names)}, [9], [], accelerator)
    assert words[words.index("-cpu") + 1] == cpu


@pytest.mark.parametrize(
    ("version", "how"),
    [
        ("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)", "single"),
        ("QEMU emulator version 8.0.5", "single"),
        ("QEMU emulator version 8.1.0", "multi"),
        ("QEMU emulator version 10.0.13 (Debian 1:10.0.13+ds-0+deb13u1)", "multi"),
        ("", "single"),
    ],
)
def test_processors_have_threads_of_their_own_where_qemu_translates_their_code_safely(version: str, how: str) -> None:
    assert threads(version) == how


# ------------------------------------------------------------------------------------------------------ what guests do


def done_by_a_shell(work: Job, where: Path) -> tuple[bytes, bytes]:
    """What the command says when a shell here does the job, in place of the guest."""
    (where / "job").write_bytes(job.text(work).replace(b"/run/vtrace/pid", b"/dev/null"))
    shell = 'hostname() { :; }; use_modules() { :; }; . ./job; sh command; echo "$?"'
    done = subprocess.run(["sh", "-c", shell], cwd=where, capture_output=True, check=True)
    return done.stdout, done.stderr


def test_names_and_words_arrive_as_they_are(tmp_path: Path) -> None:
    odd = tmp_path / "it's $HOME\n`x` \udcff"
    odd.mkdir()
    words = ("printf", "%s|", "a b", "", "*", "'", "\\", "new\nline", "\udcff")
    work = Job(words, str(odd), {"V": "$x 'y'\n"}, "host", "")
    assert done_by_a_shell(work, tmp_path) == (b"a b||*|'|\\|new\nline|\xff|0\n", b"")
    work = Job(("sh", "-c", 'pwd; echo "$V"'), str(odd), {"V": "$x 'y'\n"}, "host", "")
    assert done_by_a_shell(work, tmp_path) == (os.fsencode(f"{odd}\n$x 'y'\n\n0\n"), b"")


def test_a_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    work = Job(("/no/such thing",), "/", {}, "host", "")
    said = b"vtrace: /no/such thing: command not found in the guest\n"
    assert done_by_a_shell(work, tmp_path) == (b"127\n", said)


@pytest.fixture
def port() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def test_an_outlet_takes_no_more_than_it_can_write(port: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = port
    read, write = os.pipe()
    outlet = Outlet(ours, write, "standard output")
    os.set_blocking(write, False)
    theirs.sendall(b"x" * 100_000)
    for _ in range(100):
        outlet.act()
    assert outlet.interest() and outlet.interest()[0] == write  # type: ignore[index]
    got = b""
    while not outlet.is_dry():
        got += os.read(read, 1 << 20)
        outlet.act()
    assert len(got + os.read(read, 1 << 20)) == 100_000
    os.close(read)
    theirs.sendall(b"x")
    with pytest.raises(ReaderGone):
        outlet.act()
    os.close(write)


def test_an_inlet_passes_the_end_on_but_not_before_the_rest(port: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = port
    read, write = os.pipe()
    os.write(write, b"some input")
    os.close(write)
    inlet = Inlet(ours, read)
    while inlet.interest():
        inlet.act()
    assert theirs.recv(100) == b"some input" and theirs.recv(100) == b""
    os.close(read)


def test_three_escapes_in_a_row_are_the_way_out(port: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = port
    read, write = os.pipe()
    inlet = Inlet(ours, read, escape=True)
    os.write(write, b"\x1d\x1d.\x1d\x1d")
    inlet.act()
    inlet.act()
    os.write(write, b"\x1d")
    with pytest.raises(Escaped):
        inlet.act()


@pytest.fixture
def screen() -> Iterator[Console]:
    ours, guest = socket.socketpair()
    ours.setblocking(False)
    with ours, guest:
        guest.sendall(b"[1.0] something is wrong\r\n")
        yield Console(ours)


def test_a_guest_that_says_nothing_is_asked_and_then_given_up(
    port: tuple[socket.socket, socket.socket], screen: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, guest = port
    now = [0.0]
    monkeypatch.setattr("pyvtrace.vm.control.time.monotonic", lambda: now[0])
    control = Control(ours, screen, Limits(), 0.0)
    guest.sendall(b"booted\n")
    control.act()
    now[0] = 21.0
    control.check()
    assert guest.recv(100) == b"ping\n"
    guest.sendall(b"pong\n")
    control.act()
    now[0] = 42.0
    control.check()
    now[0] = 42.0 + 90.0
    with pytest.raises(Refused, match=r"(?s)hangs.*something is wrong"):
        control.check()


def test_a_guest_that_does_not_start_is_given_up(port: tuple[socket.socket, socket.socket], screen: Console) -> None:
    control = Control(port[0], screen, Limits(boot=0.0), time.monotonic())
    with pytest.raises(Refused, match=r"(?s)not started.*something is wrong"):
        control.check()


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        # Of real consoles: emulation, a command in the guest, memory and modules that are missing.
        ("Kernel panic - not syncing: Fatal exception in interrupt", Panicked),
        ("Kernel panic - not syncing: sysrq triggered crash", Panicked),
        ("Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b", Panicked),
        ("Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100", Refused),
        ("Kernel panic - not syncing: System is deadlocked on memory", Refused),
        ("Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled", Refused),
        ("Kernel panic - not syncing: No working init found.", Refused),
        ("reboot: Restarting system", Refused),
    ],
)
def test_a_panic_that_the_next_start_may_not_have(
    words: str, kind: type[Refused], port: tuple[socket.socket, socket.socket]
) -> None:
    ours, guest = port
    guest.sendall(f"[    1.4] {words}\r\n[    1.5] ---[ end ]---\r\n".encode())
    refused = Console(ours).broken("QEMU ended")
    assert type(refused) is kind and words in str(refused)
    assert ("--memory" in str(refused)) == ("memory" in words)


def test_an_output_replaces_a_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("old")
    outputs = Outputs([str(path)])
    outputs.files[0].write(b"new")
    assert outputs.deliver({0}, 0, pytest.fail) == 0
    assert path.read_text() == "new" and os.listdir(tmp_path) == ["out"]


def test_the_guests_scripts_are_shell_that_a_shell_reads() -> None:
    from pyvtrace.vm.initramfs import SCRIPTS

    for name in ("init", "guest"):
        assert subprocess.run(["sh", "-n", os.path.join(SCRIPTS, name)], capture_output=True, check=False).stderr == b""


def test_children_of_a_killed_process_end() -> None:
    code = (
        "import subprocess, sys; from pyvtrace.vm.children import die_with_parent;"
        "p = subprocess.Popen(['sleep', '1000'], preexec_fn=die_with_parent()); print(p.pid, flush=True); p.wait()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert os.path.exists(f"/proc/{child}/exe")
        parent.kill()
    assert all_end([child])
