"""A fault that does end the app shows where, and no local variable: those can hold keys."""

from __future__ import annotations

import pytest

from elysiadash.tui.app import ElysiadashApp
from tests.tui.still import still_cluster


class Failing(ElysiadashApp):
    """Fails in a key's action."""

    BINDINGS = [("X", "fail", "Fail")]  # noqa: RUF012

    def action_fail(self) -> None:
        key = "a-" + "very-secret-key"
        raise RuntimeError(f"failed after {len(key)} characters")


async def test_a_traceback_has_no_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    watch = still_cluster()
    app = Failing(watch, clock=watch.clock)
    with pytest.raises(RuntimeError, match="failed after"):
        await _fail(app)
    said = capsys.readouterr()
    assert "failed after" in said.err
    assert "very-secret-key'" not in said.err
    assert "locals" not in said.err
    assert app.return_code == 1


async def _fail(app: Failing) -> None:
    async with app.run_test() as pilot:
        await pilot.press("X")
        await pilot.pause()
