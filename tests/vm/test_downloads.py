"""A download that was interrupted goes on where it stopped: apt's own helper against a server of ours."""

from __future__ import annotations

import hashlib
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pyvtrace.vm.refusal import Refused
from pyvtrace.vm.suites import Apt

PACKAGE = random.Random(1).randbytes(3_000_000)
HALF = 1_500_000


class Server(ThreadingHTTPServer):
    """Serves PACKAGE. Of the first answer only half comes, and then nothing. `asked` are the offsets it was asked to
    begin at; `stuck` is set when half has been sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[int] = []
        self.stuck, self.over = threading.Event(), threading.Event()


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        begin = int(wanted[1]) if wanted else 0
        server.asked.append(begin)
        self.send_response(206 if begin else 200)
        self.send_header("Last-Modified", "Sun, 01 Nov 2026 00:00:00 GMT")
        self.send_header("Content-Length", str(len(PACKAGE) - begin))
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(PACKAGE) - 1}/{len(PACKAGE)}")
        self.end_headers()
        if len(server.asked) == 1:
            self.wfile.write(PACKAGE[:HALF])
            server.stuck.set()
            server.over.wait()
        else:
            self.wfile.write(PACKAGE[begin:])

    def log_message(self, *words: object) -> None:
        """Not a word."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """With an `apt-get` that says the package is there; what downloads is apt's own."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        where = f"http://127.0.0.1:{server.server_port}/kernel.deb"
        checksum = hashlib.sha256(PACKAGE).hexdigest()
        tool = tmp_path / "bin/apt-get"
        tool.parent.mkdir()
        tool.write_text(f"#!/bin/sh\necho \"'{where}' kernel.deb {len(PACKAGE)} SHA256:{checksum}\"\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


DOWNLOAD = "import sys; from pyvtrace.vm.suites import Apt; Apt(sys.argv[1]).download('kernel')"


def test_a_download_goes_on_after_kill_9(server: Server, tmp_path: Path) -> None:
    home = str(tmp_path / "apt")
    with subprocess.Popen([sys.executable, "-c", DOWNLOAD, home], stderr=subprocess.DEVNULL) as first:
        assert server.stuck.wait(60)
        kept = Path(home, "kernel.deb")
        deadline = time.monotonic() + 60
        while not kept.exists() or kept.stat().st_size < HALF // 2:
            assert time.monotonic() < deadline, "what came is not kept"
            time.sleep(0.01)
        first.kill()
    assert Path(Apt(home).download("kernel")).read_bytes() == PACKAGE
    assert len(server.asked) == 2 and server.asked[0] == 0 and server.asked[1] >= HALF // 2


def test_what_is_not_what_the_list_says_is_refused(server: Server, tmp_path: Path) -> None:
    """Half of a package of another day is here, and the server has the rest of today's."""
    server.asked.append(0)
    kept = tmp_path / "apt/kernel.deb"
    apt = Apt(str(kept.parent))
    kept.write_bytes(bytes(HALF))
    with pytest.raises(Refused, match="Hash Sum mismatch"):
        apt.download("kernel")
    assert apt.download("kernel") == str(kept) and kept.read_bytes() == PACKAGE


EXPIRED = "Release file for http://deb.debian.org/debian/dists/sid/InRelease is expired"


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ([f"E: {EXPIRED} (invalid since 22d 1h). Updates for this repository will not be applied."], ""),
        ([f"E: {EXPIRED} (invalid since 22d).", "E: Failed to fetch http://x  Connection failed"], "is expired"),
        (["E: Some index files failed to download."], "Some index files failed"),
        ([], "failed with status 100"),
    ],
)
def test_a_suite_whose_list_has_expired_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str], refused: str
) -> None:
    """And nothing else that apt-get fails for: a list that did not come may be that of a newer kernel."""
    tool = tmp_path / "bin/apt-get"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n" + "".join(f"echo '{line}' >&2\n" for line in said) + "exit 100\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    apt = Apt(str(tmp_path / "apt"))
    if refused:
        with pytest.raises(Refused, match=refused):
            apt.update()
    else:
        assert apt.update() == [f"left out: {EXPIRED}"]
