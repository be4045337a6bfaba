"""Performance regression checks: a command is run under probes, and what the kernel saw is judged.

`spec` reads the checks of a project, `assertions` their sentences, `metrics` knows what can be asserted and the D that
counts it; `measure` runs a command, `statistics` and `verdicts` judge, `baseline` keeps what was measured, `why` looks
for what moved, and `reports` tells people and machines.
"""
