"""From the words of the command line to the exit code, whatever goes wrong on the way."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from elysiadash import __version__
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.output import be_robust, say, write_line


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code. Never raises."""
    be_robust()
    try:
        return int(_run(list(arguments)))
    except CommandFailed as failed:
        return _tell(failed)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        # A monitor reads any other code as a verdict.
        return Exit.PLUGIN_UNKNOWN if _is_check(arguments) else Exit.BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - the last resort, and it tells
        words = _fault_words(error)
        if _is_check(arguments):
            return _tell_plugin(words)
        say(f"elysiadash: {words}")
        return Exit.FAILED


def tell_version() -> int:
    """Print the release."""
    write_line(f"elysiadash {__version__}")
    return Exit.OK


def _run(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        # Asked for by scripts in loops: not worth loading a parser.
        return tell_version()
    from elysiadash.cli.flags import ClusterFlags
    from elysiadash.cli.quick import quickly_found

    found = quickly_found(arguments)
    if found is None:
        return _parsed(arguments)
    command, given = found
    flags = ClusterFlags.of(given) if command.about_cluster else ClusterFlags()
    return command.run(flags, command.own_part(given))


def _parsed(arguments: list[str]) -> int:
    from elysiadash.cli.parser import Invocation, build

    invocation = Invocation()
    try:
        build()(args=arguments, prog_name="elysiadash", obj=invocation)
    except SystemExit as ended:
        # Commands put their code into the invocation; the parser exits with one of its own
        # only when it did not understand the command line.
        if ended.code not in (0, None):
            return _wrong_usage(arguments)
    if invocation.raised is not None:
        raise invocation.raised
    return invocation.code


def _wrong_usage(arguments: list[str]) -> int:
    if _is_check(arguments):
        return _tell_plugin("the command line is not understood")
    return Exit.USAGE


def _is_check(arguments: Sequence[str]) -> bool:
    """Whether the plugin was meant: its exit codes have meanings of their own."""
    return next((word for word in arguments if word in ("check", "config")), None) == "check"


def _tell_plugin(words: str) -> int:
    line = f"ELYSIADASH UNKNOWN - {words.replace('|', '/')}"
    try:
        write_line(line)
    except OSError:
        # Nobody reads stdout; the code is still the verdict.
        say(line)
    return Exit.PLUGIN_UNKNOWN


def _tell(failed: CommandFailed) -> int:
    say(f"elysiadash: {failed.message}")
    if failed.hint:
        say(failed.hint)
    return failed.code


def _fault_words(error: Exception) -> str:
    """What happened, for people; where it happened is in the log, without local variables."""
    from elysiadash.config.redaction import redact

    if isinstance(error, OSError) and error.strerror:
        return redact(f"{error.strerror}: {error.filename}" if error.filename else error.strerror)
    words = redact(f"our own fault: {type(error).__name__}: {error}")
    return f"{words}; elysiadash diag packs the log for a report"


def _silence_stdout() -> None:
    """Python flushes stdout at its end; into a closed pipe it would complain once more."""
    if sys.stdout is None:
        return
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return
