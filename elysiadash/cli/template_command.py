"""``template``: definitions of collections kept for later; list, show, save, delete."""

from __future__ import annotations

import time

import msgspec

from elysiadash.cli.choosing import Chosen, chosen_cluster
from elysiadash.cli.documents import (
    LeftOutItem,
    TemplateDocument,
    TemplateFullItem,
    TemplateItem,
    TemplateSavedDocument,
    TemplateSavedItem,
    TemplatesDocument,
)
from elysiadash.cli.envelope import cluster_of
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.flags import ClusterFlags
from elysiadash.cli.named_template import needed, told, user_shelf, with_settings
from elysiadash.cli.output import say, write, write_json, write_line
from elysiadash.cli.session import ask, run_to_end, watching
from elysiadash.cli.tables import Column, Table, write_table
from elysiadash.cluster.lanes import FAST
from elysiadash.cluster.watch import Watch
from elysiadash.config.moments import rfc3339
from elysiadash.schema.cleaning import clean
from elysiadash.schema.definition import (
    Definition,
    is_multi_tenant,
    lookup,
    shown,
    vector_paths,
)
from elysiadash.schema.names import template_fault
from elysiadash.schema.quantizers import enabled_quantizers
from elysiadash.schema.templates.shelf import Damaged
from elysiadash.schema.templates.template import Template, template_bytes
from elysiadash.weaviate.definitions import stored_definition
from elysiadash.weaviate.errors import NotFound, WeaviateError


class SaveWish(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What ``template save`` is asked for."""

    name: str | None
    collection: str | None
    settings: tuple[str, ...] = ()
    about: str | None = None
    overwrite: bool = False
    as_json: bool = False


def template_list(as_json: bool) -> int:
    """Every template; the exit code is 1 when a file holds none."""
    shelf = user_shelf()
    items = tuple(map(_item, shelf.all()))
    if as_json:
        write_json(
            TemplatesDocument(at=rfc3339(time.time()), folder=str(shelf.folder), items=items)
        )
    else:
        rows = tuple(
            (item.template, item.origin, ", ".join(item.vectors), _about(item)) for item in items
        )
        columns = (Column("TEMPLATE"), Column("FROM"), Column("VECTORS"), Column("ABOUT"))
        write_table(Table(title="", columns=columns, rows=rows))
        say(f"your own are in {shelf.folder}")
    return Exit.FAILED if any(item.fault for item in items) else Exit.OK


def template_show(name: str | None, as_json: bool) -> int:
    """One template as a file that can be kept, or as a document."""
    with told():
        template = user_shelf().get(needed(name))
    if as_json:
        item = TemplateFullItem(
            **msgspec.structs.asdict(_item(template)), definition=template.definition
        )
        write_json(TemplateDocument(at=rfc3339(time.time()), items=(item,)))
    else:
        write(template_bytes(template).decode())
    return Exit.OK


def template_delete(name: str | None) -> int:
    """Remove one of the user's own."""
    name = needed(name)
    with told():
        path = user_shelf().delete(name)
    say(f"{name} is deleted")
    write_line(str(path))
    return Exit.OK


def template_save(flags: ClusterFlags, wish: SaveWish) -> int:
    """Keep a collection's definition as a template."""
    name = needed(wish.name)
    if not wish.collection:
        raise CommandFailed("which collection?", "name it with --collection NAME", Exit.USAGE)
    fault = template_fault(name)
    if fault:
        raise CommandFailed(fault, code=Exit.USAGE)
    with chosen_cluster(flags) as chosen:
        return run_to_end(_save(chosen, name, wish.collection, wish))


async def _save(chosen: Chosen, name: str, collection: str, wish: SaveWish) -> int:
    async with watching(chosen) as watch:
        definition = await read_definition(watch, collection)
        await ask(watch, FAST)
        cluster = cluster_of(watch, demo=chosen.demo)
    cleaned = clean(definition, "template")
    template = Template(
        name=name,
        about=wish.about or f"as {definition.get('class', collection)}",
        saved_from=f"{definition.get('class', collection)} of {cluster.name}, "
        f"Weaviate {cluster.version or '?'}",
        definition=with_settings(cleaned.definition, wish.settings),
    )
    with told():
        path = user_shelf().save(template, overwrite=wish.overwrite)
    left_out = tuple(
        LeftOutItem(path=shown(one.path), why=one.why, source=one.source)
        for one in cleaned.dropped
        if one.path != ("class",)
    )
    if wish.as_json:
        item = TemplateSavedItem(template=name, file=str(path), left_out=left_out)
        write_json(TemplateSavedDocument(at=rfc3339(time.time()), cluster=cluster, items=(item,)))
    else:
        for one in left_out:
            say(f"left out {one.path}: {one.why}")
        write_line(str(path))
    return Exit.OK


async def read_definition(watch: Watch, collection: str) -> Definition:
    """A collection of the cluster, by name or alias. Raises ``CommandFailed``."""
    name = watch.profile.name
    try:
        return await stored_definition(watch.client, collection)
    except NotFound:
        raise CommandFailed(
            f"there is no collection {collection!r} on {name}",
            "elysiadash collections lists them",
        ) from None
    except WeaviateError as error:
        raise CommandFailed(f"{name}: {error}") from None


def vector_words(definition: Definition) -> tuple[str, ...]:
    """``title: hnsw rq`` for each vector."""
    return tuple(
        " ".join(
            [
                f"{vector[-1]}:" if vector else "",
                str(lookup(definition, (*vector, "vectorIndexType")) or "hnsw"),
                *enabled_quantizers(definition, vector),
            ]
        ).strip()
        for vector in vector_paths(definition)
    )


def _item(one: Template | Damaged) -> TemplateItem:
    if isinstance(one, Damaged):
        return TemplateItem(template=one.name, file=one.place, fault=one.fault)
    return TemplateItem(
        template=one.name,
        origin=one.origin,
        about=one.about,
        why=one.why,
        saved_from=one.saved_from or None,
        file=one.place or None,
        multi_tenant=is_multi_tenant(one.definition),
        vectors=vector_words(one.definition),
        properties=len(one.definition.get("properties") or ()),
    )


def _about(item: TemplateItem) -> str:
    return f"no template: it {item.fault} ({item.file})" if item.fault else item.about
