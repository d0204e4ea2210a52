"""A writer of the source, by whose eyes a freeze by roles is seen: taken before, refused after.

Where the server manages users, one is made with the writers' roles (it is owed and removed);
else the operator names where a writer's key is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, Literal

import msgspec

from elysiadash.config.profile import Auth, Profile
from elysiadash.config.secret import Secret
from elysiadash.migrate.errors import NotFrozen
from elysiadash.migrate.freeze.probing import VERB_OF, Verb, probe
from elysiadash.migrate.run import Run
from elysiadash.weaviate import roles
from elysiadash.weaviate.client import Client
from elysiadash.weaviate.errors import NotSupported, Rejected, WeaviateError
from elysiadash.weaviate.guard import Guard
from elysiadash.weaviate.transport import Transport

_WAIT_S: Final = 0.2
_ROUNDS: Final = 50


class Writer:
    """Probes as a writer, through every node that has an address."""

    def __init__(self, run: Run, key: Secret, bases: Sequence[str | None]) -> None:
        profile = _with_key(run.source.profile, key)
        guard = Guard(writable=True, audit=run.source.guard.audit)
        self._client = Client(Transport(profile, guard, budget=run.source.budget))
        self._permit = run.permit("see whether a writer is refused")
        self._bases = bases

    async def aclose(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def all_say(
        self,
        wanted: Literal["taken", "forbidden"],
        targets: Sequence[tuple[str, str]],
        verbs: Sequence[Verb],
    ) -> str:
        """Wait until every node says so of every target (collection, tenant); else what differs."""
        differs = ""
        for _ in range(_ROUNDS):
            differs = await self._differing(wanted, targets, verbs)
            if not differs:
                return ""
            await asyncio.sleep(_WAIT_S)
        return differs

    async def _differing(
        self, wanted: str, targets: Sequence[tuple[str, str]], verbs: Sequence[Verb]
    ) -> str:
        for base in self._bases:
            for collection, tenant in targets:
                for verb in verbs:
                    try:
                        said: str = await probe(
                            self._client, self._permit, collection, tenant, verb=verb, base=base
                        )
                    except WeaviateError as error:
                        said = error.kind
                    if said != wanted:
                        where = base or self._client.profile.url
                        return f"{verb} of an object of {collection} at {where} is {said}"
        return ""


def verbs_of(removed: Sequence[roles.Permission]) -> list[Verb]:
    """The probes that need one of these permissions."""
    return sorted({VERB_OF[action] for one in removed if (action := str(one["action"])) in VERB_OF})


@asynccontextmanager
async def a_writer(run: Run, user: str, names: Sequence[str]) -> AsyncIterator[Writer]:
    """A writer with these roles; ``user`` is the name of the one that is made, and removed again.

    Raises ``NotFrozen`` where there is neither a way to make one nor a key.
    """
    permit = run.permit("a writer to see the freeze with, removed again")
    client, given = run.source.client, run.spec.writer_key
    if given is not None:
        async with _opened(run, _secret(given)) as writer:
            yield writer
        return
    try:
        await roles.delete_user(client, user, permit)
        key = await roles.create_user(client, user, permit)
    except (Rejected, NotSupported) as error:
        raise NotFrozen(
            "a freeze by roles is only believed when a writer was seen refused, and none can be "
            f"made here ({error.detail or error.what}); name where a writer's key is "
            "(writer_key), or set AUTHENTICATION_DB_USERS_ENABLED"
        ) from None
    try:
        await roles.assign(client, user, names, permit)
        async with _opened(run, Secret(kind="clear", reference=key)) as writer:
            yield writer
    finally:
        await roles.delete_user(client, user, permit)


@asynccontextmanager
async def _opened(run: Run, key: Secret) -> AsyncIterator[Writer]:
    addresses = [run.source.profile.nodes.for_node(name) for name in await run.source.names()]
    writer = Writer(run, key, [one for one in addresses if one is not None] or [None])
    try:
        yield writer
    finally:
        await writer.aclose()


def _secret(given: str) -> Secret:
    kind, _, reference = given.partition(":")
    if kind not in ("env", "file", "command") or not reference:
        raise NotFrozen("the writer's key must be named as env:NAME, file:PATH or command:LINE")
    return Secret(kind=kind, reference=reference)  # type: ignore[arg-type]


def _with_key(profile: Profile, key: Secret) -> Profile:
    return msgspec.structs.replace(profile, auth=Auth(method="api-key", key=key))
