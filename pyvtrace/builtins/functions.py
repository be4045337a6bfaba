"""The subroutines: what they take, what they give, their code (Dynamic Tracing Guide, "Actions and Subroutines")."""

from __future__ import annotations

from pyvtrace.builtins.claims import FIRST
from pyvtrace.builtins.files import FILES
from pyvtrace.builtins.memory import MEMORIES
from pyvtrace.builtins.network import NETWORK
from pyvtrace.builtins.numbers import NUMBERS
from pyvtrace.builtins.paths import PATHS
from pyvtrace.builtins.registers import REGISTERS
from pyvtrace.builtins.search import SEARCH
from pyvtrace.builtins.speculations import SPECULATION
from pyvtrace.builtins.stacks import NAMINGS
from pyvtrace.builtins.strings import STRINGS
from pyvtrace.builtins.written import WRITTEN
from pyvtrace.lang.vocabulary import Function

_ALL = (*STRINGS, *PATHS, *SEARCH, *NUMBERS, *NETWORK, *MEMORIES, *FILES, SPECULATION, FIRST, *NAMINGS, *WRITTEN)
FUNCTIONS: dict[str, Function] = {f.name: f for f in _ALL}
ARRAYS: dict[str, Function] = {REGISTERS.name: REGISTERS}
