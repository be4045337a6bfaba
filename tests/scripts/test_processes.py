"""Scripts about processes, around workloads that did a known thing."""

from __future__ import annotations

from tests.scripts.ran import act, run

MS = 1_000_000


def test_execs() -> None:
    ran = run("processes/execs", act("processes.execs"))
    good = ran.one(pid=ran.truth["good"])
    assert (good["comm"], good["error"], good["path"]) == ("true", "ok", "/bin/true")
    assert good["args"] == " ".join(ran.truth["arguments"])
    assert good["ppid"] == ran.truth["pid"]
    bad = ran.one(pid=ran.truth["bad"])
    assert (bad["comm"], bad["error"], bad["path"], bad["args"]) == ("execs", "ENOENT", "/nonexistent/program", "")


def test_execs_has_eight_arguments() -> None:
    ran = run("processes/execs", "sh -c '/bin/true 1 2 3 4 5 6 7 8 9; :'")
    assert ran.one(comm="true")["args"] == "/bin/true 1 2 3 4 5 6 7"


def test_exits() -> None:
    ran = run("processes/exits", act("processes.exits", 20))
    for name, status, signal in (("fine", 0, "0"), ("three", 3, "0"), ("killed", 0, "SIGKILL")):
        row = ran.one(pid=ran.truth[name])
        assert (row["status"], row["signal"], row["ppid"]) == (status, signal, ran.truth["pid"])
        assert 20 * MS <= row["age"] <= ran.truth["all"]


def test_exits_that_failed() -> None:
    ran = run("processes/exits", act("processes.exits", 1), "--failed")
    assert [row["pid"] for row in ran.rows] == [ran.truth["three"], ran.truth["killed"]]


def test_forks() -> None:
    ran = run("processes/forks", act("processes.starts"))
    rows = ran.of(pid=ran.truth["pid"])
    assert [row["child"] for row in rows if row["kind"] == "process"] == ran.truth["processes"]
    assert [row["child"] for row in rows if row["kind"] == "thread"] == ran.truth["threads"]


def test_signals() -> None:
    ran = run("processes/signals", act("processes.signals"))
    pid, child = ran.truth["pid"], ran.truth["child"]
    rows = [(row["pid"], row["signal"], row["target"], row["result"]) for row in ran.of(comm="signals")]
    assert rows[:-1] == [
        (pid, "SIGTERM", child, "sent"),
        (child, "SIGCHLD", pid, "ignored"),
        (pid, "SIGUSR1", pid, "ignored"),
        (pid, "SIGUSR2", pid, "sent"),
        (pid, "SIGUSR2", pid, "pending"),
    ]
    assert rows[-1][:2] == (pid, "SIGCHLD"), "its own end"


def test_ids() -> None:
    ran = run("processes/ids", act("processes.ids"))
    rows = ran.of(pid=ran.truth["child"])
    assert [(row["call"], row["error"], row["real"], row["effective"], row["saved"]) for row in rows] == [
        ("setgid", "ok", -1, 1234, -1),
        ("setreuid", "ok", 2345, 2345, -1),
        ("setuid", "EPERM", -1, 0, -1),
        ("setresuid", "EPERM", -1, 0, 7),
    ]
