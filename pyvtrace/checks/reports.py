"""Outcomes for machines and for pages: JUnit XML, Markdown, annotations of GitHub, JSON, CSV for change points."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from pyvtrace.analysis.histogram import Histogram
from pyvtrace.checks.baseline import Baseline
from pyvtrace.checks.engine import Finding, Outcome
from pyvtrace.checks.overlay import overlay
from pyvtrace.checks.verdicts import INCONCLUSIVE, PASS, REGRESSION, Verdict

MARKS = {PASS: "✓", REGRESSION: "✗", INCONCLUSIVE: "?", "error": "!"}


def sentence(finding: Finding) -> str:
    """A verdict in one line, with what would decide it."""
    verdict = finding.verdict
    more = f"; {verdict.runs} runs would tell" if verdict.outcome == INCONCLUSIVE and verdict.runs else ""
    return f"{verdict.assertion.text}: {verdict.sentence}{more}"


def lines(finding: Finding) -> list[str]:
    """What moved, and the two distributions over each other."""
    shown = [f"    {moved.sentence}" for moved in finding.why]
    if shown:
        shown.insert(0, "  what grew most:" if finding.why[0].compared else "  what most of it is:")
    return [*shown, *drawing(finding)]


def drawing(finding: Finding) -> list[str]:
    """The distributions of a regression's times; of none without a baseline or without times."""
    assertion = finding.verdict.assertion
    if finding.verdict.outcome != REGRESSION or not assertion.timed:
        return []
    name = assertion.metric.name
    now = _together([run.seen.get(name) for run in finding.now])
    before = _together([run.seen.get(name) for run in finding.before])
    return ["", *overlay(now, before, assertion.spelled)] if now is not None else []


def _together(seen: Sequence[object]) -> Histogram | None:
    histograms = [one for one in seen if isinstance(one, Histogram)]
    if not histograms:
        return None
    whole = histograms[0]
    for other in histograms[1:]:
        whole = whole + other
    return whole


def text(outcomes: Sequence[Outcome]) -> str:
    """For a terminal or a log, without colours."""
    found = []
    for outcome in outcomes:
        found.append(f"{MARKS[outcome.state]} {outcome.check.name}")
        if outcome.error:
            found += [f"  {line}" for line in outcome.error.splitlines()]
        for finding in outcome.findings:
            found.append(f"  {MARKS[finding.verdict.outcome]} {sentence(finding)}")
            found += [f"  {line}" if line else "" for line in lines(finding)]
    return "\n".join(found) + "\n"


def junit(outcomes: Sequence[Outcome]) -> str:
    """JUnit XML: a suite a check, a case an assertion. What is inconclusive is skipped, with its words."""
    root = ElementTree.Element("testsuites", name="vtrace check")
    for outcome in outcomes:
        states = [finding.verdict.outcome for finding in outcome.findings]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=outcome.check.name,
            tests=str(len(states) or 1),
            failures=str(states.count(REGRESSION)),
            errors=str(int(bool(outcome.error))),
            skipped=str(states.count(INCONCLUSIVE)),
        )
        if outcome.error:
            case = ElementTree.SubElement(suite, "testcase", classname=outcome.check.name, name="run")
            ElementTree.SubElement(case, "error", message=_xml(outcome.error.splitlines()[0])).text = _xml(
                outcome.error
            )
        for finding in outcome.findings:
            verdict = finding.verdict
            case = ElementTree.SubElement(
                suite, "testcase", classname=outcome.check.name, name=_xml(verdict.assertion.text)
            )
            if verdict.outcome == PASS:
                continue
            kind = "failure" if verdict.outcome == REGRESSION else "skipped"
            part = ElementTree.SubElement(case, kind, message=_xml(sentence(finding)))
            part.text = _xml("\n".join(lines(finding)))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _xml(words: str) -> str:
    """Without the control characters that XML cannot say."""
    return "".join(c if c in "\n\t" or (c >= " " and c not in "\ufffe\uffff") else "\ufffd" for c in words)


def markdown(outcomes: Sequence[Outcome]) -> str:
    """A job's summary: a table a check, and below it the reasons of what became worse."""
    parts = []
    for outcome in outcomes:
        parts.append(f"### {MARKS[outcome.state]} {outcome.check.name}\n")
        if outcome.error:
            parts.append(f"```\n{outcome.error}\n```\n")
        if outcome.findings:
            parts.append("| | assertion | what the kernel saw |\n|---|---|---|")
        for finding in outcome.findings:
            verdict = finding.verdict
            more = sentence(finding).removeprefix(f"{verdict.assertion.text}: ")
            parts.append(f"| {MARKS[verdict.outcome]} | `{_cell(verdict.assertion.text)}` | {_cell(more)} |")
        for finding in outcome.findings:
            if reasons := lines(finding):
                parts.append(f"\n`{finding.verdict.assertion.text}`\n\n```\n" + "\n".join(reasons) + "\n```")
        parts.append("")
    return "\n".join(parts) + "\n"


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("\n", " ")


def github(outcomes: Sequence[Outcome], spec: str, workspace: str) -> str:
    """Lines that GitHub's runner makes annotations of, at the assertion, or where an error is. Files are named from the
    workspace of the job on, if there is one."""

    def annotation(kind: str, path: str, line: int, title: str, words: str) -> str:
        whole = os.path.abspath(path)
        name = os.path.relpath(whole, workspace) if workspace and whole.startswith(f"{workspace}/") else path
        at = f",line={line}" if line else ""
        return f"::{kind} file={_property(name)}{at},title={_property(title)}::{_message(words)}"

    found = []
    for outcome in outcomes:
        title = outcome.check.name
        if outcome.error:
            path, line = (outcome.where.path, outcome.where.line) if outcome.where is not None else (spec, 0)
            found.append(annotation("error", path, line, title, outcome.error))
        for finding in outcome.findings:
            if finding.verdict.outcome != PASS:
                kind = "error" if finding.verdict.outcome == REGRESSION else "warning"
                whole = "\n".join([sentence(finding), *lines(finding)])
                found.append(annotation(kind, spec, finding.verdict.assertion.line, title, whole))
    return "".join(f"{line}\n" for line in found)


def _message(words: str) -> str:
    return words.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(words: str) -> str:
    return _message(words).replace(":", "%3A").replace(",", "%2C")


def as_json(outcomes: Sequence[Outcome]) -> str:
    """One line: every check with its findings and the figures of its runs; times in ns. docs/schema/check.json
    describes it."""
    return (
        json.dumps({"format": 1, "checks": [_outcome(outcome) for outcome in outcomes]}, separators=(",", ":")) + "\n"
    )


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.check.name,
        "command": outcome.check.command.line,
        "outcome": outcome.state,
        "error": outcome.error or None,
        "findings": [_finding(finding) for finding in outcome.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    verdict: Verdict = finding.verdict
    compared = verdict.comparison
    return {
        "assertion": verdict.assertion.text,
        "outcome": verdict.outcome,
        "sentence": verdict.sentence,
        "unit": verdict.assertion.unit or ("" if verdict.assertion.metric.timed else verdict.assertion.metric.unit),
        "values": list(verdict.values),
        "baseline": list(verdict.base) or None,
        "ratio": None if compared is None else compared.ratio,
        "interval": None if compared is None else [compared.low, compared.high],
        "p": None if compared is None else compared.p,
        "runs_to_decide": verdict.runs or None,
        "why": [
            {
                "what": m.what, "count": m.count, "added_count": m.added_count,
                "time_ns": m.time, "added_time_ns": m.added_time, "compared": m.compared,
            }
            for m in finding.why
        ],
    }  # fmt: skip


def as_csv(outcomes: Sequence[Outcome], when: Baseline) -> str:
    """A header and a row for this run, one column a figure, with the time first: what Apache Otava reads from a CSV
    file in search of change points. Figures are medians over the runs."""
    from statistics import median

    columns: dict[str, Any] = {"time": when.time, "kernel": when.kernel}
    for outcome in outcomes:
        for finding in outcome.findings:
            columns[f"{outcome.check.name}.{finding.verdict.assertion.label}"] = f"{median(finding.verdict.values):g}"
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerow(columns.values())
    return out.getvalue()
