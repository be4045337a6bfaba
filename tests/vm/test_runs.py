"""A command in a guest behaves as one here: streams, status, signals, files. Each test boots."""

from __future__ import annotations

import os
import pty
import select
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pyvtrace.vm.control import LINES
from tests.vm.guests import PATIENCE, VTRACE, all_end, children, ended, read_line, run, start

pytestmark = pytest.mark.usefixtures("kernels")

SURROUNDINGS = r"""
uname -r; id -u; pwd; ulimit -l; echo "$GIVEN"
for where in /proc /sys /dev/pts /dev/shm /sys/kernel/tracing /sys/kernel/debug /sys/fs/bpf /sys/fs/cgroup; do
    grep -q " $where " /proc/mounts || echo "no $where"
done
ls /sys/class/net
cat; echo to stderr >&2; touch /etc/guest-was-here "$0" && echo overlaid
head -c 3000000 /dev/zero | tr '\0' x; exit 42
"""


@pytest.mark.parametrize("kernel", ["6.1", "6.12"])
def test_a_command_has_its_surroundings_streams_and_status(kernel: str, tmp_path: Path) -> None:
    script = tmp_path / "a script"
    script.write_text(SURROUNDINGS)
    before = script.stat().st_mtime_ns
    done = run("--env", "GIVEN=two words", "--", "sh", script, stdin=b"to stdin\n" * 5000, cwd=tmp_path, kernel=kernel)
    release, uid, where, limit, given, network, *rest = done.stdout.splitlines()
    assert (uid, where, limit, given, network) == ("0", str(tmp_path), "unlimited", "two words", "lo")
    assert release.startswith(f"{kernel}.")
    assert rest[:5000] == ["to stdin"] * 5000
    assert rest[5000:] == ["overlaid", "x" * 3_000_000]
    assert (done.stderr, done.status) == ("to stderr\n", 42)
    assert script.stat().st_mtime_ns == before and not os.path.exists("/etc/guest-was-here")


def test_ctrl_c_interrupts_the_command_which_may_have_its_say() -> None:
    script = "trap 'echo interrupted; exit 7' INT; echo ready; while :; do sleep 0.1; done"
    with start("--", "sh", "-c", script) as process:
        read_line(process, "ready")
        process.send_signal(signal.SIGINT)
        assert ended(process) == ("interrupted\n", "", 7)


def test_a_command_without_an_end_is_ended() -> None:
    done = run("--timeout", "15s", "--", "sh", "-c", "echo started; sleep 1000")
    assert (done.stdout, done.status) == ("started\n", 124), done.stderr
    assert "--timeout" in done.stderr


def test_a_panic_is_told_with_the_last_lines_of_the_console() -> None:
    done = run("--", "sh", "-c", "echo c > /proc/sysrq-trigger")
    assert done.status == 125
    assert "kernel panicked" in done.stderr and "sysrq triggered crash" in done.stderr
    assert len(done.stderr.splitlines()) <= LINES + 1


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_the_runner(how: signal.Signals, tmp_path: Path) -> None:
    mounts = Path("/proc/self/mountinfo").read_text()
    with start("--share", tmp_path, "--disk", "plain", "--", "sh", "-c", "echo started; sleep 1000") as process:
        read_line(process, "started")
        started = children(process.pid)
        assert sorted(name.partition("-")[0] for name in started.values()) == ["qemu", "virtiofsd", "virtiofsd"]
        process.send_signal(how)
        process.wait()
        assert process.returncode == (-signal.SIGKILL if how is signal.SIGKILL else 128 + signal.SIGTERM)
    assert all_end(list(started))
    assert Path("/proc/self/mountinfo").read_text() == mounts
    assert os.listdir(tmp_path) == []


def test_the_guests_root_cannot_write_here(tmp_path: Path) -> None:
    """Whatever it mounts how: the files that it was not given are read-only on our side."""
    place = tmp_path / "written"
    script = f"""
    mkdir /run/host && mount -t virtiofs host /run/host && mount -o remount,rw /run/host && echo mounted
    echo guest >/run/host{place} && echo wrote
    setting=/run/host/proc/sys/kernel/panic
    same=$(cat $setting); echo $same >$setting && echo set
    """
    done = run("--", "sh", "-c", script)
    assert done.stdout == "mounted\n"
    assert done.stderr.count("Read-only file system") == 2
    assert not place.exists()


READ_DISK = r"""
import mmap, os, time
page = mmap.mmap(-1, 4096)
def reads(number, count):
    disk = os.open(f"/dev/disk/by-id/virtio-vtrace{number}", os.O_RDWR | os.O_DIRECT)
    for at in range(count):
        began = time.monotonic_ns()
        os.preadv(disk, [page], at * 4096)
        yield time.monotonic_ns() - began
    os.close(disk)
# By the guest's clock, which stands still for nobody: a busy host makes some later, and those have another go.
times = list(reads(0, 50))
for _ in range(20):
    if max(times) < 1 << 25:
        break
    print("latency", *times)
    times = list(map(min, times, reads(0, 50)))
print("latency", *times)
began = time.monotonic_ns()
list(reads(1, 20))
print(time.monotonic_ns() - began)
disk = os.open("/dev/disk/by-id/virtio-vtrace2", os.O_RDWR | os.O_DIRECT)
page[:5] = b"plain"
os.pwritev(disk, [page], 0)
os.preadv(disk, [page], 4096)
os.preadv(disk, [page], 0)
print(page[:5].decode())
"""


def test_disks_are_as_slow_as_they_say() -> None:
    disks = ("--disk", "latency=20ms", "--disk", "iops=40", "--disk", "plain")
    done = run(*disks, "--", "python3", "-c", READ_DISK)
    *latencies, limited, kept = done.stdout.splitlines()
    times = [[int(word) for word in line.removeprefix("latency ").split()] for line in latencies]
    assert min(map(min, times)) >= 20_000_000
    # 50 of 50 in [16, 32) ms
    assert len(times[-1]) == 50 and max(times[-1]) < 1 << 25
    # 40 a second, after a tenth of a second's worth at once
    assert int(limited) >= (20 - 40 // 10 - 1) * 1_000_000_000 // 40
    assert kept == "plain"


def test_a_shared_directory_and_named_files_are_all_that_stays(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    script = "echo shared > shared/file; echo out > 'an output'; echo lost > lost; mkdir made; echo deep > made/x"
    outputs = ("--output", tmp_path / "an output", "--output", tmp_path / "missing")
    done = run("--share", tmp_path / "shared", *outputs, "--", "sh", "-c", script, cwd=tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["an output", "shared"]
    assert (tmp_path / "shared/file").read_text() == "shared\n"
    assert (tmp_path / "an output").read_text() == "out\n"
    assert done.status == 125 and done.stderr == (
        f"vtrace: --output {tmp_path}/missing: the command has made no such file\n"
    )


def test_a_command_that_is_not_there_and_one_that_is_none_side_by_side() -> None:
    with ThreadPoolExecutor() as pool:
        missing, nothing = pool.map(lambda name: run("--", name), ["no-such-command", "/etc/passwd"])
    assert missing == ("", "vtrace: no-such-command: command not found in the guest\n", 127)
    assert nothing.status == 126


def test_a_terminal_in_the_guest_stands_for_ours() -> None:
    """With 30 rows and 100 columns; Ctrl-C is a key there, and so is the end of input."""
    pid, ours = pty.fork()
    if not pid:
        script = (
            "tty; stty size; cat; trap 'echo caught; over=yes' INT; echo trapped;"
            "until [ $over ]; do sleep 0.1; done; echo over >&2; exit 5"
        )
        command = [VTRACE, "vm", "run", "--", "sh", "-c", script]
        os.execv("/bin/sh", ["sh", "-c", 'stty rows 30 cols 100; exec "$@"', "sh", *command])
    with os.fdopen(ours, "r+b", buffering=0) as terminal:
        said = b""

        def until(words: bytes) -> None:
            nonlocal said
            while words not in said:
                assert select.select([terminal], [], [], PATIENCE)[0], said
                try:
                    said += terminal.read(4096)
                except OSError:  # nobody has the other end any more
                    pytest.fail(f"ended without {words!r}: {said!r}")

        # With its end of line: what is typed before that is echoed in the middle of it.
        until(b"30 100\r\n")
        assert b"/dev/hvc0" in said
        terminal.write(b"typed\r")
        until(b"typed\r\ntyped\r\n")
        terminal.write(b"\x04")
        until(b"trapped\r\n")
        terminal.write(b"\x03")
        until(b"over\r\n")
        assert b"caught" in said
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
