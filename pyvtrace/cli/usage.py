"""The usage text: what follows a complaint about the command line."""

from __future__ import annotations

from pyvtrace.cli.console import PROGRAM

_FORMS = (
    "[-32|-64] [-CeFGhHlqSvVwZ] [-b bufsz] [-c cmd] [-D name[=def]]",
    "\t[-I path] [-L path] [-o output] [-p pid] [-s script] [-U name]",
    "\t[-x opt[=val]] [-X a|c|s|t] [--record file]",
    "",
    "\t[-P provider [[ predicate ] action ]]",
    "\t[-m [ provider: ] module [[ predicate ] action ]]",
    "\t[-f [[ provider: ] module: ] func [[ predicate ] action ]]",
    "\t[-n [[[ provider: ] module: ] func: ] name [[ predicate ] action ]]",
    "\t[-i probe-id [[ predicate ] action ]] [ args ... ]",
    "",
    "\tpredicate -> '/' D-expression '/'",
    "\t   action -> '{' D-statements '}'",
)

_WIDTHS = (
    ("-32", "generate 32-bit D programs and ELF files"),
    ("-64", "generate 64-bit D programs and ELF files"),
)

# DTrace's own list, so that its users find what they know; what has no meaning on Linux is refused by name.
_OPTIONS = (
    ("-b", "set trace buffer size"),
    ("-c", "run specified command and exit upon its completion"),
    ("-C", "run cpp(1) preprocessor on script files"),
    ("-D", "define symbol when invoking preprocessor"),
    ("-e", "exit after compiling request but prior to enabling probes"),
    ("-f", "enable or list probes matching the specified function name"),
    ("-F", "coalesce trace output by function"),
    ("-G", "generate an ELF file containing embedded dtrace program"),
    ("-h", "generate a header file with definitions for static probes"),
    ("-H", "print included files when invoking preprocessor"),
    ("-i", "enable or list probes matching the specified probe id"),
    ("-I", "add include directory to preprocessor search path"),
    ("-l", "list probes matching specified criteria"),
    ("-L", "add library directory to library search path"),
    ("-m", "enable or list probes matching the specified module name"),
    ("-n", "enable or list probes matching the specified probe name"),
    ("-o", "set output file"),
    ("-p", "grab specified process-ID and cache its symbol tables"),
    ("-P", "enable or list probes matching the specified provider name"),
    ("-q", "set quiet mode (only output explicitly traced data)"),
    ("-s", "enable or list probes according to the specified D script"),
    ("-S", "print D compiler intermediate code"),
    ("-U", "undefine symbol when invoking preprocessor"),
    ("-v", "set verbose mode (report stability attributes, arguments)"),
    ("-V", "report DTrace API version"),
    ("-w", "permit destructive actions"),
    ("-x", "enable or modify compiler and tracing options"),
    ("-X", "specify ISO C conformance settings for preprocessor"),
    ("--record", "write what is seen to a file as well, for vtrace replay"),
    ("-Z", "permit probe descriptions that match zero probes"),
)


def usage(program: str = PROGRAM) -> str:
    """The whole text, with its last newline."""
    widths = (f"\t{option} {meaning}" for option, meaning in _WIDTHS)
    options = (f"\t{option}  {meaning}" for option, meaning in _OPTIONS)
    return "\n".join((f"Usage: {program} {_FORMS[0]}", *_FORMS[1:], "", *widths, "", *options, ""))
