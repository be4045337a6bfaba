"""Probe sessions for Python programs: `from pyvtrace import Session, probe`.

`session` runs a D program; what it saw comes back as `snapshot`s of typed `values` and as `events`; `builder` writes
the D for those who would rather not. `pyvtrace` itself exports the names, and imports none of this before one is used.
"""
