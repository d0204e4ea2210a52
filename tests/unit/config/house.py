"""A user's folder and a project's folder, and settings read from both."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from elysiadash.config.configuration import Configuration, load


class House:
    """Files in a temporary place, read as a run of the program would read them."""

    def __init__(self, root: Path) -> None:
        self.user_file = root / "user" / "config.toml"
        self.project_file = root / "project" / "elysiadash.toml"
        self.cwd = root / "project" / "deep" / "inside"
        self.user_file.parent.mkdir(parents=True)
        self.cwd.mkdir(parents=True)

    def user(self, text: str, mode: int = 0o600) -> None:
        self.user_file.write_text(textwrap.dedent(text))
        self.user_file.chmod(mode)

    def project(self, text: str) -> None:
        self.project_file.write_text(textwrap.dedent(text))

    def load(
        self,
        flags: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        config_file: Path | None = None,
    ) -> Configuration:
        variables = {"ELYSIADASH_CONFIG_DIR": str(self.user_file.parent), **(env or {})}
        return load(flags or {}, variables, self.cwd, config_file)
