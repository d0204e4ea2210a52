"""A credential that is named in the settings and looked up only when a request needs it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from elysiadash.config.redaction import register_secret

SecretKind = Literal["env", "command", "file", "clear"]

COMMAND_TIMEOUT_S = 10.0
_LONGEST_SECRET_BYTES = 64 * 1024


class SecretUnavailable(Exception):
    """A secret's source gave nothing usable. Says which source and what to do, never the value."""

    def __init__(self, source: str, problem: str, hint: str) -> None:
        super().__init__(f"{source}: {problem}; {hint}")
        self.source = source
        """Where the value was to come from, for example ``env:WEAVIATE_API_KEY``."""
        self.problem = problem
        """What is wrong with the source."""
        self.hint = hint
        """What to do about it."""


class Secret(msgspec.Struct, frozen=True, gc=False):
    """Where a credential comes from. Never write one to a file: a clear one holds its value."""

    kind: SecretKind
    """``env`` (variable), ``command`` (its first output), ``file`` (its content), ``clear``."""
    reference: str
    """The variable's name, the command line, the file's path, or for ``clear`` the value."""

    def reveal(self, env: Mapping[str, str] | None = None) -> str:
        """The value, registered for redaction. Raises ``SecretUnavailable``.

        A command may take up to 10 s: call it in a thread and once per connection, not per
        request. ``env`` replaces the process's environment for ``env`` secrets.
        """
        if self.kind == "env":
            value = self._from_env(os.environ if env is None else env)
        elif self.kind == "command":
            value = self._from_command()
        elif self.kind == "file":
            value = self._from_file()
        else:
            value = self.reference
        if not value:
            raise SecretUnavailable(self.source, "is empty", "put the secret's value there")
        # A line break would end the header it is sent in, and the error would print the value.
        if not value.isprintable():
            raise SecretUnavailable(
                self.source,
                "holds more than one line or control characters",
                "let it hold the secret's value alone, on one line",
            )
        register_secret(value)
        return value

    @property
    def source(self) -> str:
        """The source in words that are safe to show, such as ``env:NAME`` or ``clear:***``."""
        if self.kind == "clear":
            return "clear:***"
        if self.kind == "command":
            # Arguments can be credentials themselves.
            program, _, arguments = self.reference.strip().partition(" ")
            return f"command:{program} …" if arguments else f"command:{program}"
        return f"{self.kind}:{self.reference}"

    def __repr__(self) -> str:
        return f"Secret({self.source})"

    __str__ = __repr__

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("source", self.source)]

    def _from_env(self, env: Mapping[str, str]) -> str:
        value = env.get(self.reference)
        if value is None:
            raise SecretUnavailable(
                self.source, "the variable is not set", f"export {self.reference} before the start"
            )
        return value.strip()

    def _from_file(self) -> str:
        path = os.path.expanduser(self.reference)  # noqa: PTH111 - pathlib costs the cold start
        try:
            with open(path, "rb") as file:  # noqa: PTH123
                content = file.read(_LONGEST_SECRET_BYTES + 1)
        except OSError as error:
            raise SecretUnavailable(
                self.source,
                f"cannot be read ({error.strerror})",
                "check the path and its permissions",
            ) from None
        return self._text(content)

    def _from_command(self) -> str:
        import shlex
        import signal
        import subprocess

        hint = "run the command in a shell and see what it says"
        try:
            arguments = shlex.split(self.reference)
        except ValueError:
            raise SecretUnavailable(self.source, "has an open quote", "close the quote") from None
        if not arguments:
            raise SecretUnavailable(self.source, "is empty", "name a command")
        try:
            # A session of its own: it can neither read from our terminal nor write over it.
            process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            problem = error.strerror if isinstance(error, OSError) else "has a NUL character"
            raise SecretUnavailable(self.source, f"cannot be started ({problem})", hint) from None
        with process:
            try:
                output, _ = process.communicate(timeout=COMMAND_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise SecretUnavailable(
                    self.source, f"gave no answer within {COMMAND_TIMEOUT_S:g} s", hint
                ) from None
        if process.returncode != 0:
            raise SecretUnavailable(self.source, f"ended with code {process.returncode}", hint)
        return self._text(output)

    def _text(self, content: bytes) -> str:
        if len(content) > _LONGEST_SECRET_BYTES:
            raise SecretUnavailable(
                self.source,
                f"is longer than {_LONGEST_SECRET_BYTES // 1024} KiB",
                "let it hold the secret's value alone",
            )
        try:
            return content.decode().strip()
        except UnicodeDecodeError:
            # "from None": the error object would carry the bytes into a traceback.
            raise SecretUnavailable(
                self.source, "is not UTF-8 text", "let it hold the secret's value as text"
            ) from None
