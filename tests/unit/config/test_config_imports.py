"""The room is cheap to enter and knows no other."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import elysiadash.config

ROOM = Path(elysiadash.config.__file__).parent
MAY_IMPORT = {"msgspec", "tomli_w", "platformdirs", "regex", "elysiadash"}


def modules_after(statement: str) -> set[str]:
    script = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(run.stdout.split())


def test_a_profile_is_cheap_to_import() -> None:
    loaded = modules_after("import elysiadash.config.profile")
    heavy = {
        *("httpx", "textual", "rich", "grpc", "asyncio", "logging", "subprocess", "sqlite3"),
        *("tomllib", "tomli_w", "platformdirs", "urllib.parse", "difflib", "shlex", "tempfile"),
    }
    assert not loaded & heavy


def test_loading_settings_takes_no_writer_and_no_other_room() -> None:
    loaded = modules_after(
        "from pathlib import Path\n"
        "from elysiadash.config.configuration import load\n"
        "load({}, {'ELYSIADASH_CONFIG_DIR': '/nonexistent'}, Path('/'))"
    )
    assert not loaded & {"httpx", "textual", "rich", "asyncio", "logging", "tomli_w", "difflib"}
    rooms = {name.split(".")[1] for name in loaded if name.startswith("elysiadash.")}
    assert rooms == {"config"}


def test_the_room_imports_only_what_it_may() -> None:
    found: set[str] = set()
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                found.add(node.module or "")
    outside = {name.split(".")[0] for name in found} - set(sys.stdlib_module_names)
    assert outside <= MAY_IMPORT
    own = {name for name in found if name.startswith("elysiadash")}
    assert all(f"{name}.".startswith("elysiadash.config.") for name in own)
