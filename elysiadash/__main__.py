"""Entry point of the ``elysiadash`` command and of ``python -m elysiadash``."""

import sys

_THREADS_MAY_TAKE_S = 0.05


def main() -> int:
    """Run the command line; returns the process's exit code."""
    from elysiadash.cli.main import run

    code = run(sys.argv[1:])
    _leave_stuck_threads(code)
    return code


def _leave_stuck_threads(code: int) -> None:
    """Python waits at its end for threads that may wait for a name server or a command.

    The work is done and the time limit kept: end without them.
    """
    threading = sys.modules.get("threading")
    if threading is None:
        return
    for thread in threading.enumerate():
        if thread is threading.main_thread() or thread.daemon:
            continue
        thread.join(_THREADS_MAY_TAKE_S)
        if thread.is_alive():
            import os

            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
