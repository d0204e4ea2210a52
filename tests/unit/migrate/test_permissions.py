"""What roles lose while collections are frozen: all writes there, none elsewhere, and all of it
comes back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.migrate.freeze.permissions import is_write, narrowed, writers
from elysiadash.weaviate.roles import Role

NAMES = ("Doc", "Docs", "Event", "Other", "Draft")
ACTIONS = ("create_data", "update_data", "delete_data", "read_data")


def data(action: str, collection: str, tenant: str = "*") -> dict[str, Any]:
    return {"action": action, "data": {"collection": collection, "object": "*", "tenant": tenant}}


PERMISSIONS = st.builds(
    data,
    st.sampled_from(ACTIONS),
    st.sampled_from(("*", "D*", "Doc", "Docs", "*s", "Event", "O*r")),
    st.sampled_from(("*", "t1")),
) | st.just({"action": "read_collections", "collections": {"collection": "*"}})


def may(permissions: list[dict[str, Any]], action: str, collection: str, tenant: str) -> bool:
    """What a server with these permissions decides."""
    return any(
        one["action"] == action
        and re.fullmatch(one["data"]["collection"].replace("*", ".*"), collection)
        and one["data"]["tenant"] in ("*", tenant)
        for one in permissions
        if "data" in one
    )


@given(
    st.lists(PERMISSIONS, max_size=8, unique_by=repr),
    st.sets(st.sampled_from(NAMES), min_size=1, max_size=3),
)
def test_writes_go_there_and_stay_elsewhere(has: list[dict[str, Any]], frozen: set[str]) -> None:
    others = [name for name in NAMES if name not in frozen]
    found = narrowed([Role("writer", has)], frozen, others)
    left = list(has)
    for role in found:
        left = [one for one in left if one not in role.removed] + list(role.added)
    for action in ACTIONS:
        for name in NAMES:
            for tenant in ("t1", "t2"):
                before = may(has, action, name, tenant)
                kept = name not in frozen or action == "read_data"
                assert may(left, action, name, tenant) == (before and kept)
    assert not writers([Role("writer", left)], frozen)
    # Put back: what was removed is added, what was added is removed.
    for role in found:
        left = [one for one in left + list(role.removed) if one not in role.added]
    assert sorted(map(repr, left)) == sorted(map(repr, has))


@pytest.mark.parametrize("name", ["admin", "root", "viewer"])
def test_built_in_roles_are_left_alone(name: str) -> None:
    assert narrowed([Role(name, [data("create_data", "*")])], ["Doc"], []) == ()


def test_pattern_that_is_not_understood_counts_as_fitting() -> None:
    strange = data("update_data", "(Doc|Other)")
    assert is_write(strange, ["Doc"])
    (found,) = narrowed([Role("writer", [strange])], ["Doc"], ["Other"])
    assert (found.removed, found.added) == ((strange,), ())


def test_unknown_writing_action_counts_as_writing() -> None:
    assert is_write(data("manage_data", "Doc"), ["Doc"])
    assert not is_write(data("read_data", "Doc"), ["Doc"])
    assert not is_write({"action": "update_collections", "collections": {}}, ["Doc"])
