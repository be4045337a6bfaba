"""Stable providers in a guest with Linux 6.1: what this host has not, or what would do it harm. One boot serves all."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.vm.guests import VTRACE, run

MODULES = "sh -c 'modprobe dummy; modprobe dummy; modprobe -r dummy'"
# The page daemon is woken when little is free, and what little is can be set.
PRESSURE = """sh -c 'echo 300000 > /proc/sys/vm/min_free_kbytes; python3 -c "bytearray(620 << 20)"'"""
IPV6 = """python3 -c 'import socket
server = socket.create_server(("::1", 7777), family=socket.AF_INET6)
client = socket.create_connection(("::1", 7777))
client.sendall(bytes(500))'"""
SENT = "args[2]->ip_plength - args[4]->tcp_offset"
CHECKS = (
    ("sysinfo:::modload, sysinfo:::modunload { @[probename] = sum(args[0]); }", MODULES, "modload 1 modunload 1"),
    (f"tcp:::send /args[4]->tcp_dport == 7777/ {{ @[args[2]->ip_daddr] = sum({SENT}); }}", IPV6, "::1 500"),
    ("tcp:::accept-established { @[args[3]->tcps_laddr] = count(); }", IPV6, "::1 1"),
    ("int woken; vminfo:::pgrrun /args[0] == 1 && !woken++/ { trace(probename); }", PRESSURE, "pgrrun"),
)
# Of these, the probes that fire nowhere else. Each prints its own name.
FIRED_HERE = ("sysinfo:::modload", "sysinfo:::modunload", "vminfo:::pgrrun")
LACKING = "sysinfo:::xcalls { exit(0); }"


@pytest.mark.fires(*FIRED_HERE)
def test_probes_of_stable_providers(tmp_path: Path) -> None:
    script = tmp_path / "checks.sh"
    lines = [shlex.join([VTRACE, "-qn", text, "-c", command]) + "; echo ===" for text, command, _ in CHECKS]
    lines += [shlex.join([VTRACE, "-qn", LACKING]) + " 2>&1"]
    script.write_text("\n".join(lines) + "\n")
    done = run("--memory", "1G", "--", "sh", script, cwd=tmp_path)
    *parts, last = done.stdout.split("===\n")
    assert [part.split() for part in parts] == [words.split() for _, _, words in CHECKS], done.stderr
    assert {name.rpartition(":")[2] for name in FIRED_HERE} <= {word for part in parts for word in part.split()}
    assert "this kernel lacks tracepoint csd:csd_queue_cpu" in last
