"""Entry point of the ``elysiadash`` command and of ``python -m elysiadash``."""

import sys


def main() -> int:
    """Run the command line; returns the process's exit code."""
    from elysiadash.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
