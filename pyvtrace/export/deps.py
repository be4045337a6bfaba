"""A report of `vtrace deps` as one JSON object; docs/deps.md documents the fields."""

from __future__ import annotations

from collections.abc import Mapping

from pyvtrace.analysis.deps.report import Dependency, Report, Times, percents
from pyvtrace.export.json_lines import QUANTILES, distribution

# Of times that were not distributed, or of none.
_UNKNOWN: Mapping[str, object] = {**dict.fromkeys(("max", *QUANTILES)), "buckets": []}
_NEVER: Mapping[str, object] = {"total": 0, "count": 0, **dict.fromkeys(("max", *QUANTILES), 0), "buckets": []}


def as_json(report: Report) -> Mapping[str, object]:
    """Times are integers of nanoseconds; shares are in percent and add up to 100."""
    amounts = [*(one.waited for one in report.dependencies), *report.others.values()]
    shares = percents(amounts)
    count = len(report.dependencies)
    return {
        "view": "deps",
        "time": report.wall_ns / 1e9,
        "interval": report.time_ns / 1e9,
        "waited": report.waited,
        "endpoints": [_endpoint(one, share) for one, share in zip(report.dependencies, shares[:count], strict=True)],
        "others": {
            kind: {"waited": ns, "share": share}
            for (kind, ns), share in zip(report.others.items(), shares[count:], strict=True)
        },
        "unmeasured": report.unmeasured,
        "undistributed": report.undistributed,
        "lost": dict(report.lost),
    }


def _endpoint(one: Dependency, share: float) -> Mapping[str, object]:
    endpoint = one.endpoint
    return {
        "name": endpoint.name,
        "protocol": endpoint.protocol,
        "address": endpoint.address,
        "port": endpoint.port,
        "inwards": endpoint.inwards,
        "waited": one.waited,
        "share": share,
        "open_before": one.held,
        "accepted": one.accepted,
        "questions": one.questions,
        "sent": one.sent,
        "received": one.received,
        "errors": [
            {"connecting": connecting, "what": what, "count": count}
            for (connecting, what), count in sorted(one.errors.items())
        ],
        "connect": _times(one.connects),
        "answer": _times(one.answers),
        "asked": {name: _times(times) for name, times in sorted(one.asked.items())},
    }


def _times(times: Times) -> Mapping[str, object]:
    if not times.count:
        return _NEVER
    found = times.distribution
    exact = {"total": times.total, "count": times.count}
    return {**exact, **_UNKNOWN} if found is None else {**distribution(found), **exact}
