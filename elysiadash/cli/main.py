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
        return Exit.BROKEN_PIPE
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
    if not arguments:
        from elysiadash.cli.flags import ClusterFlags
        from elysiadash.cli.start_app import start_app

        return start_app(ClusterFlags())
    if arguments[0] == "check":
        code = _checked(arguments[1:])
        if code is not None:
            return code
    return _parsed(arguments)


def _checked(arguments: list[str]) -> int | None:
    """The plugin without the full parser, which is wanted only for what is not plain: None."""
    from elysiadash.cli.flags import CHECK_OPTIONS, CLUSTER_OPTIONS, ClusterFlags
    from elysiadash.cli.quick import quickly_parsed

    given = quickly_parsed(arguments, (*CHECK_OPTIONS, *CLUSTER_OPTIONS))
    if given is None:
        return None
    from elysiadash.cli.check_command import CheckWish, check

    wish = CheckWish(**{option.name: given[option.name] for option in CHECK_OPTIONS})
    return check(ClusterFlags.of(given), wish)


def _parsed(arguments: list[str]) -> int:
    from elysiadash.cli.commands import build
    from elysiadash.cli.options import Invocation

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
    write_line(f"ELYSIADASH UNKNOWN - {words.replace('|', '/')}")
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
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return
