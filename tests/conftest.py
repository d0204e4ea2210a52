"""What every test starts from: a plain terminal, no configuration, and real servers on request."""

from __future__ import annotations

import os
import tomllib
from collections.abc import AsyncIterator, Iterable
from importlib.metadata import version
from pathlib import Path

# Textual reads its settings when it is imported, so the terminal is made plain before that.
_SETTINGS = ("TEXTUAL_", "ELYSIADASH_")
for _name in [name for name in os.environ if name.startswith(_SETTINGS)]:
    del os.environ[_name]
for _name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES"):
    os.environ.pop(_name, None)
os.environ["TEXTUAL_ANIMATIONS"] = "none"

import pytest  # noqa: E402
import pytest_asyncio  # noqa: E402

from tests.servers.load import DOC, load, steady_queries  # noqa: E402
from tests.servers.real import RealCluster, skip_reason  # noqa: E402

_REAL_FIXTURES = {"real_cluster", "fresh_real_cluster"}
_DRAWN_BY = ("textual", "rich")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to redraw snapshots with other versions than the pinned ones."""
    if not config.getoption("update_snapshots", default=False):
        return
    pinned = _pinned_versions(config.rootpath / "pyproject.toml")
    others = {name: version(name) for name in _DRAWN_BY if version(name) != pinned[name]}
    if others:
        found = ", ".join(f"{name} {number}" for name, number in others.items())
        wanted = ", ".join(f"{name}=={pinned[name]}" for name in others)
        raise pytest.UsageError(
            f"snapshots are drawn with {wanted}; {found} would redraw all of them"
        )


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Tests on real servers share one worker, so that one cluster runs at a time."""
    for item in items:
        if _REAL_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.real)
        if item.get_closest_marker("real"):
            item.add_marker(pytest.mark.xdist_group("real"))


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Configuration, state and cache of the test's own, empty at first."""
    for name in [name for name in os.environ if name.startswith("ELYSIADASH_")]:
        monkeypatch.delenv(name)
    for kind in ("config", "state", "cache"):
        folder = tmp_path / kind
        folder.mkdir()
        monkeypatch.setenv(f"ELYSIADASH_{kind.upper()}_DIR", str(folder))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def real_cluster() -> AsyncIterator[RealCluster]:
    """Three loaded nodes, searched a little, shared: a test leaves them as it found them."""
    _skip_without_server()
    async with RealCluster() as cluster:
        await load(cluster.url)
        await steady_queries(cluster.url, DOC, per_second=40, duration=0.5)
        yield cluster


@pytest_asyncio.fixture
async def fresh_real_cluster() -> AsyncIterator[RealCluster]:
    """Three loaded nodes for one test, to break as it likes."""
    _skip_without_server()
    async with RealCluster() as cluster:
        await load(cluster.url)
        yield cluster


def _skip_without_server() -> None:
    reason = skip_reason()
    if reason is not None:
        pytest.skip(reason)


def _pinned_versions(pyproject: Path) -> dict[str, str]:
    extras = tomllib.loads(pyproject.read_text())["project"]["optional-dependencies"]["dev"]
    return dict(line.split("==") for line in extras if "==" in line)
