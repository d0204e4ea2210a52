"""An object that changed just before it was read, by the servers' clocks, is read again."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import pytest

from elysiadash.config.profile import Addresses, Profile
from elysiadash.migrate import clocks
from elysiadash.migrate.clocks import Clocks, settled
from elysiadash.weaviate.answers import Answer
from elysiadash.weaviate.errors import NoAnswer


class _Site:
    """Nodes whose clocks are so many seconds behind ours; None answers nothing."""

    def __init__(self, **behind: float | None) -> None:
        self.behind = behind
        urls = {name: f"http://{name}" for name in behind}
        self.profile = Profile(name="p", url="http://contact", nodes=Addresses(named=urls))
        self.transport = self

    async def send(self, call: Any) -> Answer:
        name = "contact" if call.base is None else call.base.removeprefix("http://")
        behind = self.behind.get(name, 0.0)
        if behind is None:
            raise NoAnswer("no answer")
        date = formatdate(time.time() - behind, usegmt=True)
        return Answer(200, "", "", b"", "", 0.0, date)


async def test_the_slowest_clock_counts_and_a_second_is_never_missing() -> None:
    found = await Clocks(_Site(a=0.0, b=3.0, c=-7.0)).behind()  # type: ignore[arg-type]
    assert 3.0 <= found < 4.2


async def test_clocks_ahead_of_ours_do_not_make_it_later_than_it_is() -> None:
    site: Any = _Site(a=-7.0, contact=-7.0)
    assert -7.0 <= await Clocks(site).behind() < -5.8
    trusted = await Clocks(site).trusted_before()
    assert trusted <= (time.time() + 7.0 - clocks.MARGIN_S) * 1000 + 10


async def test_where_no_clock_is_known_much_is_read_again() -> None:
    site: Any = _Site(a=None, contact=None)
    assert await Clocks(site).behind() == 60.0


@pytest.mark.parametrize(("updated", "noted"), [(999, 999), (1_000, 0), (1_001, 0)])
def test_a_fresh_time_is_noted_as_to_be_read_again(updated: int, noted: int) -> None:
    assert settled(updated, 1_000) == noted
