"""``template create``: a collection made of a template, and read back."""

from __future__ import annotations

import time
from typing import Literal

import msgspec

from elysiadash.cli.audit_log import audit_log
from elysiadash.cli.choosing import Chosen, chosen_cluster
from elysiadash.cli.consent import agreed
from elysiadash.cli.documents import (
    DifferenceItem,
    SchemaRequestItem,
    TemplateCreatedDocument,
    TemplateCreatedItem,
)
from elysiadash.cli.envelope import cluster_of
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.flags import ClusterFlags
from elysiadash.cli.named_template import needed, told, user_shelf, with_settings
from elysiadash.cli.output import say, say_demo, write_json
from elysiadash.cli.session import ask, run_to_end, watching
from elysiadash.cluster.lanes import FAST
from elysiadash.cluster.watch import Watch
from elysiadash.config.moments import rfc3339
from elysiadash.schema.checking import faults, unknown_settings
from elysiadash.schema.cleaning import clean
from elysiadash.schema.creation import SchemaRequest, creation_requests
from elysiadash.schema.definition import Definition, shown
from elysiadash.schema.diff import Difference, unexpected
from elysiadash.schema.names import collection_fault
from elysiadash.schema.ordering import creation_order
from elysiadash.schema.templates.template import Template
from elysiadash.weaviate.definitions import change_schema, stored_definition
from elysiadash.weaviate.errors import NotFound, WeaviateError
from elysiadash.weaviate.guard import Permit
from elysiadash.weaviate.versions import parse_version

State = Literal["planned", "created", "different", "refused", "unknown"]


class CreateWish(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What ``template create`` is asked for."""

    name: str | None
    collection: str | None
    settings: tuple[str, ...] = ()
    dry_run: bool = False
    yes: bool = False
    as_json: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of the requests, as reading back decides."""

    refused: str | None = None
    """What was said against a request."""
    found: Definition | None = None
    unread: str | None = None
    """Why it could not be read back."""


def template_create(flags: ClusterFlags, wish: CreateWish) -> int:
    """Create a collection, or print what would be sent."""
    name = needed(wish.name)
    if not wish.collection:
        raise CommandFailed(
            "which name shall the collection have?", "give it with --collection NAME", Exit.USAGE
        )
    with told():
        template = user_shelf().get(name)
    definition = with_settings(template.named(wish.collection), wish.settings)
    wrong = faults(definition)
    if wrong:
        raise CommandFailed("\n".join(wrong), "nothing was sent", Exit.USAGE)
    with chosen_cluster(flags) as chosen:
        return run_to_end(_create(chosen, template, definition, wish))


async def _create(
    chosen: Chosen, template: Template, definition: Definition, wish: CreateWish
) -> int:
    name = definition["class"]
    audit = None if wish.dry_run else audit_log(chosen)
    async with watching(chosen, audit) as watch:
        await _fail_where_taken(watch, definition)
        await ask(watch, FAST)
        cluster = cluster_of(watch, demo=chosen.demo)
        cleaned = clean(definition, target=parse_version(cluster.version)).definition
        requests = creation_requests(cleaned)
        if wish.dry_run:
            outcome = Outcome()
        else:
            _fail_unless_writable(chosen)
            if not agreed(f"create {name} on {cluster.name} ({cluster.url})?", yes=wish.yes):
                say("nothing was sent")
                return Exit.FAILED
            permit = Permit(reason=f"template create {template.name} --collection {name}")
            outcome = await _carried_out(watch, name, requests, permit)
    differences = () if outcome.found is None else unexpected(cleaned, outcome.found)
    item = TemplateCreatedItem(
        collection=name,
        template=template.name,
        state="planned" if wish.dry_run else _state(outcome, differences),
        requests=tuple(
            SchemaRequestItem(method=one.method, path=one.path, body=one.body, why=one.why)
            for one in requests
        ),
        differences=tuple(
            DifferenceItem(path=shown(one.path), posted=one.left, read=one.right)
            for one in differences
        ),
        unknown_settings=unknown_settings(cleaned),
        message=outcome.refused or outcome.unread,
    )
    _tell(item)
    if wish.as_json:
        write_json(TemplateCreatedDocument(at=rfc3339(time.time()), cluster=cluster, items=(item,)))
    else:
        _print(item, outcome, demo=cluster.demo)
    return Exit.OK if item.state in ("planned", "created") else Exit.FAILED


async def _carried_out(
    watch: Watch, name: str, requests: tuple[SchemaRequest, ...], permit: Permit
) -> Outcome:
    """Send the requests until one is refused, then read back, whatever was answered."""
    refused = None
    for request in requests:
        try:
            await change_schema(watch.client, request.method, request.path, request.body, permit)
        except WeaviateError as error:
            refused = str(error)
            break
    try:
        return Outcome(refused=refused, found=await stored_definition(watch.client, name))
    except NotFound:
        return Outcome(refused=refused)
    except WeaviateError as error:
        return Outcome(refused=refused, unread=str(error))


def _state(outcome: Outcome, differences: tuple[Difference, ...]) -> State:
    if outcome.unread:
        return "unknown"
    if outcome.found is None:
        return "refused"
    return "different" if differences or outcome.refused else "created"


async def _fail_where_taken(watch: Watch, definition: Definition) -> None:
    """Raise ``CommandFailed`` where the name is taken, or a reference leads nowhere."""
    name = watch.profile.name
    try:
        schema = await watch.client.schema(leader=True)
    except WeaviateError as error:
        raise CommandFailed(f"{name}: {error}") from None
    collections = [one.name for one in schema.classes or ()]
    try:
        aliases = [one.alias for one in await watch.client.aliases()]
    except WeaviateError:
        # None on this release, or none for us to see: the server refuses a taken name itself.
        aliases = []
    fault = collection_fault(definition["class"], [*collections, *aliases])
    if fault:
        raise CommandFailed(f"{name}: {fault}", "nothing was sent", Exit.USAGE)
    for one in creation_order([definition], collections).unmet:
        raise CommandFailed(
            f"{one.property['name']} refers to {', '.join(one.targets)}, "
            f"and {name} has no such collection",
            f"create it first, or leave the property out with "
            f"--set properties.{one.property['name']}=null",
        )


def _fail_unless_writable(chosen: Chosen) -> None:
    if not chosen.profile.write:
        raise CommandFailed(
            f"{chosen.profile.name} is read-only: nothing was sent",
            "set write = true in the profile, or pass --write; --dry-run shows what would be sent",
        )


def _tell(item: TemplateCreatedItem) -> None:
    for path in item.unknown_settings:
        say(f"{path}: no release known to us has it, a server drops it without a word")
    if item.message:
        say(item.message)
    if item.state == "created":
        say(f"{item.collection} is created, and reads as it was posted")
    elif item.state == "different":
        so = "is not as it was posted:" if item.differences else "was refused all the same"
        say(f"{item.collection} exists, and {so}")
    elif item.state == "refused":
        say(f"{item.collection} was not created")
    elif item.state == "unknown":
        say(f"whether {item.collection} exists is not known: it could not be read back")
    for one in item.differences:
        say(f"  {one.path}: posted {_said(one.posted)}, reads {_said(one.read)}")


def _print(item: TemplateCreatedItem, outcome: Outcome, *, demo: bool) -> None:
    """What would be sent, or what is there now, as JSON for other programs."""
    if demo:
        say_demo()
    if item.state == "planned":
        for request in item.requests:
            say(f"{request.method} {request.path}: {request.why}")
            write_json(request.body)
        say("nothing was sent")
    elif outcome.found is not None:
        write_json(outcome.found)


def _said(value: object) -> str:
    return "nothing" if value is None else msgspec.json.encode(value).decode()
