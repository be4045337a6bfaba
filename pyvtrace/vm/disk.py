"""Block devices for the guest whose behaviour is known: QEMU makes them, so their truth does not depend on any disk."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pyvtrace.value import Value
from pyvtrace.vm.refusal import Refused

SIZE = 1 << 30
UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


class Disk(Value):
    """A kind of disk and its number: nanoseconds a request takes, or requests a second."""

    kind: str
    amount: int = 0


def parse(text: str) -> Disk:
    """`latency=20ms`, `iops=100` or `plain`."""
    kind, _, value = text.partition("=")
    if kind not in KINDS:
        raise Refused(f"--disk {text}: no such kind of disk", "latency=20ms, iops=100 or plain")
    return KINDS[kind](text, value)


def path(number: int) -> str:
    """Where the guest finds disk `number`, counted from 0."""
    return f"/dev/disk/by-id/virtio-vtrace{number}"


def arguments(number: int, disk: Disk, backing: int) -> list[str]:
    """QEMU's arguments; `backing` is the number of the fd set of a file for what this disk keeps."""
    node = f"disk{number}"
    content = f"driver=file,node-name=file{number},filename=/dev/fdset/{backing}"
    layers = {
        # Reads give zeroes; nothing that is written is kept.
        "latency": [f"driver=null-co,node-name={node},size={SIZE},latency-ns={disk.amount},read-zeroes=on"],
        "iops": [content, f"driver=throttle,node-name={node},throttle-group=group{number},file=file{number}"],
        "plain": [content, f"driver=raw,node-name={node},file=file{number}"],
    }[disk.kind]
    group = ["-object", f"throttle-group,id=group{number},x-iops-total={disk.amount}"] if disk.kind == "iops" else []
    device = ["-device", f"virtio-blk-pci,drive={node},serial=vtrace{number}"]
    return [*group, *(word for layer in layers for word in ("-blockdev", layer)), *device]


def _latency(text: str, value: str) -> Disk:
    parsed = re.fullmatch(r"(\d+)(ns|us|ms|s)", value)
    if not parsed:
        raise Refused(f"--disk {text}: a latency is a whole number with its unit", "for example --disk latency=20ms")
    nanoseconds = int(parsed[1]) * UNITS[parsed[2]]
    if nanoseconds > 25 * UNITS["s"]:
        raise Refused(f"--disk {text}: the guest gives up on a request after 30 s", "choose a shorter latency")
    return Disk("latency", nanoseconds)


def _iops(text: str, value: str) -> Disk:
    if not value.isdecimal() or not 0 < int(value) < 10**9:
        raise Refused(f"--disk {text}: iops are a whole number, at least 1", "for example --disk iops=100")
    return Disk("iops", int(value))


def _plain(text: str, value: str) -> Disk:
    if value or "=" in text:
        raise Refused(f"--disk {text}: a plain disk takes no value", "--disk plain")
    return Disk("plain")


KINDS: Mapping[str, Callable[[str, str], Disk]] = {"latency": _latency, "iops": _iops, "plain": _plain}
