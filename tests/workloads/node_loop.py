"""A node program that knows what it did: `python -m tests.workloads.node_loop DIRECTORY FILE REQUESTS SLOW`.

Server and client are on one loop: REQUESTS requests that are nothing, then SLOW pairs of one that reads FILE with
readSync, at a place that is not in the page cache, and one that computes for 50 ms of processor time in
`computeAWhile`. Node runs with --perf-basic-prof in DIRECTORY, where it leaves a log; who starts it has to remove
/tmp/perf-PID.map.

Truth: `iterations` of the loop by libuv's own count, and how long each thing took: `read_ns`, `compute_ns`,
`compute_cpu_ns`, and `read_queued_ns`, how long the thread stood in a run queue while it read.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "node_loop.js")
    os.chdir(sys.argv[1])
    options = ["--perf-basic-prof", "--interpreted-frames-native-stack"]
    os.execvp("node", ["node", *options, script, *sys.argv[2:]])
