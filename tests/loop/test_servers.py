"""Event loops of servers that nobody wrote for us: redis and nginx, asked for what takes a known time."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import open_files
from tests.workloads.slow_file import detached
from tests.workloads.slowdisk import SlowDisk

PATIENCE = 120  # seconds
DISK_NS = 20_000_000
MINIMUM, MINIMUM_NS = "15ms", 15_000_000
MS = 1_000_000
REQUESTS, SLOW, BEHIND = 50, 3, 4

Start = Callable[..., Any]


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def sleeps_in(pid: int, *functions: str) -> bool:
    """Whether the kernel says that the process sleeps in one of these functions of its own."""
    where = Path(f"/proc/{pid}/wchan").read_text()
    return any(function in where for function in functions)


def connect(path: Path) -> socket.socket:
    one = socket.socket(socket.AF_UNIX)
    one.settimeout(PATIENCE)
    try:
        one.connect(os.fspath(path))
    except OSError:
        one.close()
        raise
    return one


class Server:
    """A running server that listens on `path`."""

    def __init__(self, path: Path, *command: object) -> None:
        self.path = path
        # Whoever is killed, no server stays behind.
        bound = ["setpriv", "--pdeathsig", "TERM", *map(str, command)]
        self._process = subprocess.Popen(bound, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.pid = self._process.pid

    def started(self) -> None:
        def answers() -> bool:
            assert self._process.poll() is None, "the server ended"
            with contextlib.suppress(OSError), connect(self.path):
                return True
            return False

        until(answers)

    def rests(self) -> None:
        """Waits until it has nothing to do."""
        # Some compilers put the one into the other.
        until(lambda: sleeps_in(self.pid, "ep_poll", "epoll_wait"))

    def sleeps(self) -> int:
        """How often it has gone to sleep."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])

    def ran_ns(self) -> int:
        """How long it was on a processor, which is exact while it rests."""
        return int(Path(f"/proc/{self.pid}/task/{self.pid}/schedstat").read_text().split()[0])

    def queued_ns(self) -> int:
        """How long it has stood in a run queue, which is exact while it rests."""
        return int(Path(f"/proc/{self.pid}/task/{self.pid}/schedstat").read_text().split()[1])

    def polls_on(self) -> set[int]:
        """The descriptors of its epoll instances."""
        return {fd for fd, link in open_files(self.pid).items() if link == "anon_inode:[eventpoll]"}

    def workers(self) -> list[int]:
        """The processes that it has started."""
        return sorted(map(int, Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()))

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ends it as its administrator would, with all that it has started."""
        self._process.terminate()
        self._process.wait()


@pytest.fixture
def files(tmp_path: Path) -> Iterator[tuple[SlowDisk, Path]]:
    """A file system on a disk that is slow as soon as somebody says so, with files of a page that nobody has read; its
    directory leads there without a mount that could stay behind."""
    content = tmp_path / "content"
    content.mkdir()
    for number in range(SLOW):
        (content / f"page{number}").write_text(f"{number}" * 4096)
    with SlowDisk(0, writable=True) as disk:
        make = ["mkfs.ext4", "-q", "-O", "^has_journal", "-E", "nodiscard", "-d", content, disk.path]
        subprocess.run(make, check=True)
        mount = detached("ext4", source=disk.path)
        try:
            directory = Path(f"/proc/{os.getpid()}/fd/{mount}")
            # Names and inodes are known from here on: what is slow is the content.
            assert len([os.stat(directory / name).st_size for name in os.listdir(directory)]) > SLOW
            yield disk, directory
        finally:
            disk.delay_ns = 0
            os.close(mount)


class Seen:
    """What `vtrace loop` said of a server."""

    def __init__(self, output: str) -> None:
        objects = [json.loads(line) for line in output.splitlines()]
        self.loops = [one for one in objects if one["measure"] == "turns"]
        self.turns = [one for one in objects if one["measure"] == "long"]

    def blocked(self, name: str) -> list[dict[str, Any]]:
        """The long turns that one call filled."""
        return [turn for turn in self.turns if turn["blocked"] and turn["blocked"][0]["name"].startswith(name)]


@pytest.fixture
def watch(tracer: Start) -> Callable[..., Seen]:
    """What is seen of a server while a function asks it for things; the server is killed in its last wait."""

    def run(server: Server, work: Callable[[], None]) -> Seen:
        server.rests()
        trace = tracer("loop", "-p", str(server.pid), "--min", MINIMUM, "--json")
        trace.wait_for("tracing until it ends")
        work()
        server.rests()
        server.kill()
        ran = trace.wait()
        assert ran.status == 0, ran.stderr
        return Seen(ran.stdout)

    return run


# --------------------------------------------------------------------------------------------------------------- redis

COMPUTE = "local n = 0; for i = 1, 10000000 do n = n + i end; return 1"
REDIS = """
port 0
unixsocket {socket}
dir {directory}
save ""
appendonly no
enable-debug-command yes
slowlog-log-slower-than 10000
hz 10
"""


class Redis:
    """A connection that speaks the protocol as far as it is needed."""

    def __init__(self, path: Path) -> None:
        self._socket = connect(path)
        self._file = self._socket.makefile("rb")

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def send(self, *words: str) -> None:
        self._socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words))

    def answer(self) -> Any:
        kind, text = (line := self._file.readline())[:1], line[1:].strip()
        match kind:
            case b"+":
                return text.decode()
            case b":":
                return int(text)
            case b"$":
                return self._file.read(int(text) + 2)[:-2].decode()
            case b"*":
                return [self.answer() for _ in range(int(text))]
        raise AssertionError(line)

    def ask(self, *words: str) -> Any:
        self.send(*words)
        return self.answer()


def test_redis(watch: Start, files: tuple[SlowDisk, Path], tmp_path: Path) -> None:
    """Commands of no time, commands that sleep, a script that computes, and one that saves to a slow disk; what each
    took is known to redis itself."""
    disk, directory = files
    config, path = tmp_path / "redis.conf", tmp_path / "redis"
    config.write_text(REDIS.format(socket=path, directory=directory))
    program = tmp_path / "redis-server"
    program.symlink_to("/usr/bin/redis-check-rdb")  # it is what it is called
    server = Server(path, program, config)
    with contextlib.ExitStack() as stack:
        stack.callback(server.kill)
        server.started()
        (fd,) = server.polls_on()
        client, *others = (stack.enter_context(contextlib.closing(Redis(path))) for _ in range(1 + BEHIND))
        assert all(one.ask("PING") == "PONG" for one in (client, *others))

        def answered_while_it_slept() -> bool:
            """Whether it certainly slept when the others asked: this machine may have kept us from it for too long."""
            client.send("DEBUG", "SLEEP", "0.1")
            deadline = time.monotonic() + 0.1
            while not sleeps_in(server.pid, "nanosleep") and time.monotonic() < deadline:
                time.sleep(0.001)
            for other in others:
                other.send("PING")
            still = sleeps_in(server.pid, "nanosleep")
            assert [client.answer(), *(other.answer() for other in others)] == ["OK"] + ["PONG"] * BEHIND
            return still

        def work() -> None:
            # Its timer ends the wait that was under way when the trace began, which nobody sees.
            sleeps = server.sleeps()
            until(lambda: server.sleeps() > sleeps)
            for number in range(REQUESTS):
                assert client.ask("SET", f"key{number}", "value") == "OK"
            asleep.append(answered_while_it_slept())
            while not asleep[-1]:
                asleep.append(answered_while_it_slept())
            server.rests()
            since = server.ran_ns()
            assert client.ask("EVAL", COMPUTE, "0") == 1
            server.rests()
            ran.append(server.ran_ns() - since)
            disk.delay_ns = DISK_NS
            assert client.ask("SAVE") == "OK"
            disk.delay_ns = 0
            slow.extend(client.ask("SLOWLOG", "GET", "128"))

        slow: list[list[Any]] = []
        ran: list[int] = []
        asleep: list[bool] = []
        seen = watch(server, work)
    (loop,) = seen.loops
    assert (loop["key"]["comm"], loop["key"]["wait"], loop["key"]["fd"]) == ("redis-server", "epoll", fd)
    # Every request is one event; its timer's waits return none.
    assert loop["ready"]["total"] == REQUESTS + len(asleep) * (1 + BEHIND) + 3
    # The last of each kind: redis tells the newest first.
    took = {entry[3][0]: entry[2] * 1000 for entry in reversed(slow)}
    assert {"DEBUG", "EVAL", "SAVE"} <= took.keys()
    sleeps = seen.blocked("clock_nanosleep")
    assert len(sleeps) == len(asleep)
    sleep = sleeps[-1]
    assert sleep["blocked"][0]["part"] == "other calls"
    assert 100 * MS * 0.98 <= sleep["parts"]["other calls"] <= took["DEBUG"] + MS
    assert sleep["behind"] == BEHIND
    assert ran[0] >= 2 * MINIMUM_NS
    (computed,) = (turn for turn in seen.turns if turn["parts"]["CPU"] >= 0.85 * ran[0])
    assert computed["parts"]["CPU"] <= took["EVAL"] + MS
    assert computed["samples"] > 0
    (save,) = (turn for turn in seen.turns if turn["parts"]["file I/O"] >= DISK_NS * 9 // 10)
    assert save["parts"]["file I/O"] <= took["SAVE"] + MS
    named = [one for one in save["blocked"] if one["part"] == "file I/O" and one["ns"] >= DISK_NS * 9 // 10]
    assert any(".rdb" in one["path"] for one in named)
    assert {one["device"] for one in named if one["device"]} == {os.path.basename(disk.path)}


# --------------------------------------------------------------------------------------------------------------- nginx

NGINX = """
user root;
daemon off;
{master}
pid {directory}/pid;
error_log {directory}/error.log;
events {{}}
http {{
    access_log off;
    sendfile {sendfile};
    {paths}
    server {{
        listen unix:{directory}/nginx;
        root {root};
        location = /empty {{ return 204; }}
    }}
}}
"""
# Where scripts/test unpacks it, else what the system has.
UNPACKED = os.path.join(sys.prefix, "packages/nginx/usr/sbin/nginx")
PROGRAM = UNPACKED if os.path.exists(UNPACKED) else "nginx"
PATHS = ("client_body_temp_path", "proxy_temp_path", "fastcgi_temp_path", "uwsgi_temp_path", "scgi_temp_path")


def nginx(directory: Path, root: Path, sendfile: str, master: str) -> Server:
    """Started, with all of its files in a directory of its own."""
    config = directory / "nginx.conf"
    paths = "".join(f"{path} {directory}/{path};" for path in PATHS)
    config.write_text(NGINX.format(directory=directory, root=root, sendfile=sendfile, master=master, paths=paths))
    server = Server(directory / "nginx", PROGRAM, "-p", directory, "-c", config, "-e", directory / "error.log")
    server.started()
    return server


def get(client: socket.socket, path: str) -> bytes:
    """The body of an answer, on a connection that stays."""
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
    return body(client)


def body(client: socket.socket) -> bytes:
    text = b""
    while b"\r\n\r\n" not in text:
        text += client.recv(65536)
    head, _, text = text.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    while lengths and len(text) < int(lengths[0]):
        text += client.recv(65536)
    return text


@pytest.mark.parametrize(("sendfile", "call"), [("on", "sendfile"), ("off", "pread64")])
def test_nginx(watch: Start, files: tuple[SlowDisk, Path], tmp_path: Path, sendfile: str, call: str) -> None:
    """Answers of no time, and files that the one worker has to wait for the disk for."""
    disk, directory = files
    server = nginx(tmp_path, directory, sendfile, "master_process off;")
    walls: list[int] = []
    queued: list[int] = []
    try:
        # It listens before it polls.
        server.rests()
        (fd,) = server.polls_on()
        with connect(server.path) as client:
            assert get(client, "/empty") == b""

            def work() -> None:
                # It ends the wait that was under way when the trace began, which nobody sees.
                assert get(client, "/empty") == b""
                server.rests()
                for _ in range(REQUESTS):
                    assert get(client, "/empty") == b""
                disk.delay_ns = DISK_NS
                for number in range(SLOW):
                    server.rests()
                    since, before = time.monotonic_ns(), server.queued_ns()
                    assert get(client, f"/page{number}") == b"%d" % number * 4096
                    walls.append(time.monotonic_ns() - since)
                    server.rests()
                    queued.append(server.queued_ns() - before)

            seen = watch(server, work)
    finally:
        server.kill()

    def is_read(one: dict[str, Any]) -> bool:
        return str(one["name"]).removesuffix("64") == call.removesuffix("64")

    (loop,) = seen.loops
    assert (loop["key"]["comm"], loop["key"]["wait"], loop["key"]["fd"]) == ("nginx", "epoll", fd)
    assert (loop["count"], loop["ready"]["total"]) == (REQUESTS + SLOW, REQUESTS + SLOW)
    turns = [turn for turn in seen.turns if any(is_read(one) for one in turn["blocked"])]
    assert len(turns) == SLOW
    for number, (turn, wall, late) in enumerate(zip(turns, walls, queued, strict=True)):
        (read,) = filter(is_read, turn["blocked"])
        assert read["part"] == "file I/O"
        assert (read["path"].rpartition("/")[2], read["device"]) == (f"page{number}", os.path.basename(disk.path))
        # Whoever is kept in a run queue before it sleeps has so much less to wait for.
        assert DISK_NS * 99 // 100 - late <= read["ns"] <= wall


def test_the_master_of_nginx_leads_to_its_workers(tracer: Start, tmp_path: Path) -> None:
    server = nginx(tmp_path, tmp_path, "on", "worker_processes 2;")
    try:
        until(lambda: len(server.workers()) == 2)
        workers = server.workers()
        ran = tracer("loop", "-p", str(server.pid), "--duration", "200ms", "--json").wait()
        assert (ran.status, ran.stdout) == (0, "")
        assert f"{server.pid} itself has no loop so far" in ran.stderr
        assert " ".join(f"-p {worker}" for worker in workers) in ran.stderr
    finally:
        server.stop()
