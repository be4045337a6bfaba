"""A bubble as it is told of: with the names of its devices, and what threads were found doing meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyvtrace.analysis.bubbles.blame import CPU, DEVICE
from pyvtrace.analysis.bubbles.bubbles import Bubble, in_the_queue
from pyvtrace.analysis.bubbles.waits import Sample
from pyvtrace.value import Value


class Told(Value):
    """`wall_ns` is when the bubble began, in ns since 1970. `devices` names those it is about by the kernel's dev_t;
    `samples` are those that say something of it."""

    bubble: Bubble
    wall_ns: int
    devices: Mapping[int, str]
    samples: tuple[Sample, ...] = ()


def told(bubble: Bubble, wall_ns: int, devices: Mapping[int, str], samples: Iterable[Sample]) -> Told:
    """What is to be told of a bubble, of all that is known."""
    on_cpu = {root.which for root, _ in bubble.roots() if root.kind == CPU}
    numbers = {root.which for root, _ in bubble.roots() if root.kind == DEVICE and isinstance(root.which, int)}
    numbers |= {
        hop.wait.request.device
        for one in bubble.waits
        for share in one.shares
        for hop in share.hops
        if hop.wait.request is not None
    }
    queued, found = in_the_queue(bubble), []
    began, ended = bubble.began, bubble.ended
    for sample in samples:
        if sample.thread.tid in on_cpu and began <= sample.at <= ended:
            found.append(sample)
        elif queued(sample):
            # Names of whatever others did would take long.
            found.append(Sample(sample.thread, sample.at, sample.cpu))
    return Told(bubble, wall_ns, {n: devices[n] for n in numbers if n in devices}, tuple(found))
