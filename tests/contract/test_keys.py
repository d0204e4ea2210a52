"""A server with API keys and RBAC, asked by each kind of user."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from elysiadash.weaviate.client import Client
from elysiadash.weaviate.errors import Forbidden, Unauthorized
from tests.contract.subjects import Subject
from tests.servers.settings import NOBODY, ROOT, VIEWER, WRONG, Key

Ask = Callable[[Client, str], Awaitable[object]]

ASKS: dict[str, Ask] = {
    "meta": lambda client, name: client.meta(),
    "nodes": lambda client, name: client.nodes(),
    "verbose nodes": lambda client, name: client.nodes(verbose=True),
    "nodes of one": lambda client, name: client.nodes(verbose=True, collection=name),
    "statistics": lambda client, name: client.statistics(),
    "schema": lambda client, name: client.schema(),
    "collection": lambda client, name: client.collection(name),
    "aliases": lambda client, name: client.aliases(),
    "operations": lambda client, name: client.replication_operations(),
    "tasks": lambda client, name: client.tasks(),
    "own info": lambda client, name: client.own_info(),
    "count": lambda client, name: client.exact_count(name),
}
# The Connect door answers 500 where the others answer 401.
REST_ASKS = {name: ask for name, ask in ASKS.items() if name != "count"}


@pytest.mark.parametrize("key", [None, WRONG], ids=["no key", "wrong key"])
async def test_without_a_valid_key_nothing_is_told(locked_server: Subject, key: Key | None) -> None:
    client = locked_server.client(key)
    for ask in REST_ASKS.values():
        with pytest.raises(Unauthorized):
            await ask(client, locked_server.roles.one_replica)


async def test_refusals_say_whether_a_key_is_missing_or_wrong(locked_server: Subject) -> None:
    with pytest.raises(Unauthorized) as missing:
        await locked_server.client().meta()
    with pytest.raises(Unauthorized) as wrong:
        await locked_server.client(WRONG).meta()
    assert "set auth in the profile" in (missing.value.hint or "")
    assert "check the key" in (wrong.value.hint or "")
    assert WRONG.key not in str(wrong.value)


async def test_readiness_needs_no_key(locked_server: Subject) -> None:
    assert (await locked_server.client().ready()).ready


@pytest.mark.parametrize("key", [ROOT, VIEWER], ids=["root", "viewer"])
async def test_viewer_and_root_may_watch_everything(locked_server: Subject, key: Key) -> None:
    client = locked_server.client(key)
    for ask in ASKS.values():
        await ask(client, locked_server.roles.one_replica)


@pytest.mark.parametrize(
    ("key", "role"), [(ROOT, "root"), (VIEWER, "viewer"), (NOBODY, None)], ids=lambda one: str(one)
)
async def test_server_says_who_we_are(locked_server: Subject, key: Key, role: str | None) -> None:
    info = await locked_server.client(key).own_info()
    assert info.username == key.user
    assert [entry["name"] for entry in info.roles or ()] == ([role] if role else [])


@pytest.mark.parametrize(
    "asked", ["nodes", "nodes of one", "statistics", "collection", "operations", "tasks", "count"]
)
async def test_user_without_a_role_is_forbidden_to_look(locked_server: Subject, asked: str) -> None:
    with pytest.raises(Forbidden):
        await ASKS[asked](locked_server.client(NOBODY), locked_server.roles.one_replica)


async def test_user_without_a_role_sees_emptiness_instead_of_a_refusal(
    locked_server: Subject,
) -> None:
    client = locked_server.client(NOBODY)
    assert not (await client.schema()).classes
    assert await client.aliases() == ()
    nodes = (await client.nodes(verbose=True)).nodes
    assert [node.shards for node in nodes] == [[]] * len(nodes)
