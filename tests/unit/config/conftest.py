"""What the tests of the settings share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from elysiadash.config.redaction import forget_secrets
from tests.unit.config.house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture(autouse=True)
def no_secret_outlives_its_test() -> Iterator[None]:
    yield
    forget_secrets()
