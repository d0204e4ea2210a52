"""The four main screens, and the places that a command leads to from any of them."""

from __future__ import annotations

from collections.abc import Callable

from elysiadash.tui.screens.live import LiveScreen
from elysiadash.tui.screens.stats import StatsScreen


def _health() -> LiveScreen:
    from elysiadash.tui.screens.health import HealthScreen

    return HealthScreen()


def _migrate() -> LiveScreen:
    from elysiadash.tui.screens.migrate.jobs import MigrateScreen

    return MigrateScreen()


def _optimize() -> LiveScreen:
    from elysiadash.tui.screens.unbuilt import OptimizeScreen

    return OptimizeScreen()


MODES: dict[str, Callable[[], LiveScreen]] = {
    "stats": StatsScreen,
    "health": _health,
    "migrate": _migrate,
    "optimize": _optimize,
}
"""The base screen of each mode, by the name of the command that leads there."""


def _collection(name: str) -> LiveScreen:
    from elysiadash.tui.screens.collection import CollectionScreen

    return CollectionScreen(name)


def _events(argument: str) -> LiveScreen:
    from elysiadash.tui.screens.events import EventsScreen

    return EventsScreen(argument)


def _nodes(_argument: str) -> LiveScreen:
    from elysiadash.tui.screens.nodes import NodesScreen

    return NodesScreen()


def _node(argument: str) -> LiveScreen:
    from elysiadash.tui.screens.node import NodeScreen

    return NodeScreen(argument)


def _fleet(_: str) -> LiveScreen:
    from elysiadash.tui.screens.fleet import FleetScreen

    return FleetScreen()


def _job(argument: str) -> LiveScreen:
    from elysiadash.tui.screens.migrate.job import JobScreen

    return JobScreen(argument)


def _audit(argument: str) -> LiveScreen:
    from elysiadash.tui.screens.audit import AuditScreen

    return AuditScreen(argument)


def _draft(argument: str) -> LiveScreen:
    from elysiadash.tui.screens.migrate.wizard import WizardScreen

    return WizardScreen(argument)


PLACES: dict[str, Callable[[str], LiveScreen]] = {
    "collection": _collection,
    "events": _events,
    "nodes": _nodes,
    "node": _node,
    "fleet": _fleet,
    "job": _job,
    "audit": _audit,
    "draft": _draft,
}
"""Command -> its screen, from what stands after the command."""
