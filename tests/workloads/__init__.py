"""Small deterministic programs whose truth is known: a trace of one must say exactly what it says of itself.

Each runs as `python -m tests.workloads.NAME [arguments]`, says that it is ready as one JSON line, waits for a line (or
the end) of its standard input, does its work and prints the truth of it as a second JSON line. Times are nanoseconds of
CLOCK_MONOTONIC, the clock of D's `timestamp`.
"""
