"""A migration's report as Markdown: first what was not checked, then what stands against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

Json = dict[str, Any]
_NAMED = 50


def as_markdown(document: Json) -> str:
    """The document for people; it says nothing that the JSON does not."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Json) -> Iterator[str]:
    job, when = document["job"], document["when"]
    yield f"# {_line(job['title'])}"
    yield ""
    yield "## Not checked"
    yield ""
    yield from _items(document["not_checked"]) if document["not_checked"] else ("- nothing",)
    yield ""
    yield "## Verdict"
    yield ""
    if document["verified"] and document["level"] is None:
        yield "**Definitions only**: they were read back as they were posted; no object was copied."
    elif document["verified"]:
        proofs = [one for one in (document["proof"], *document["waves"]) if one]
        same = sum(one["same"] for one in proofs)
        yield (
            f"**Verified ({document['level']})**: all {same:,} objects that the target has to hold "
            "are there and the same, and no others."
        )
    else:
        yield "**Not verified.**"
        yield ""
        yield from _items(document["against"])
    yield ""
    yield f"Ended as {document['ending']}. Job {job['id']}, asked for by "
    yield f"{_line(document['who']['created_by'])}, done by {document['who']['program']}."
    yield f"Created {when['created']}, started {when['started']}, reported {when['reported']}."
    yield ""
    yield from _about(document)
    yield from _differing(document["mismatches"])
    yield from _letters(document["dead_letters"])
    yield from _freeze(document["freeze"])
    yield from _section("Preflight", (_check(one) for one in document["preflight"]))
    yield from _section(
        "Warnings", (f"{one['at']} {one['kind']}: {one['text']}" for one in document["warnings"])
    )
    yield "## Seal"
    yield ""
    yield f"SHA-256 of the JSON document without this field: `{document['sha256']}`"
    yield "(`jq -cS 'del(.sha256)' report.json | tr -d '\\n' | sha256sum`)."


def _about(document: Json) -> Iterator[str]:
    what, clusters = document["what"], document["clusters"]
    yield "## What was done"
    yield ""
    for role in ("source", "target"):
        one = clusters[role]
        version = one["weaviate"] or "of unknown version"
        yield f"- {role}: {_line(one['name'])} at {_line(one['url'])}, Weaviate {version}"
    for one in what["collections"]:
        tenants = one["tenants"]
        which = "" if tenants is None else f", {len(tenants):,} tenants"
        yield f"- {_line(one['source'])} to {_line(one['target'])}{which}"
    yield f"- strategy {what['strategy']}, verify {what['verify']}, freeze {what['freeze']}"
    for setting in what["settings"]:
        yield f"- changed on the way: {_line(setting)}"
    if what["transform"]:
        yield f"- transform {_line(what['transform']['path'])} ({what['transform']['sha256']})"
    yield (
        f"- {document['copied']:,} objects copied, {document['deleted']:,} deletes replayed, "
        f"{document['dropped']:,} dropped and {document['added']:,} added by a transform"
    )
    if document.get("expired"):
        yield f"- {document['expired']:,} objects had expired in the source and were left behind"
    for old, kept in document["replaced"]:
        yield f"- {_line(old)} was replaced; the old one is kept as {_line(kept)}"
    for one in document["generations"]:
        yield (
            f"- generation {one['number']}: {one['scanned']:,} objects scanned, "
            f"{one['changed']:,} changed, {one['deleted']:,} deleted, {one['milliseconds']:,} ms"
        )
    for proof in filter(None, (*document["waves"], document["proof"])):
        yield (
            f"- proof {proof['number']} ({proof['level']}): {proof['source']:,} objects in the "
            f"source, {proof['target']:,} in the target, {proof['same']:,} the same, "
            f"{proof['missing']:,} missing, {proof['extra']:,} extra, {proof['different']:,} "
            f"different, {proof['pending']:,} pending, {proof['expired']:,} expired in the source; "
            f"{proof['rounds']} rounds of repair; {proof['at']}, {proof['milliseconds']:,} ms"
        )
        yield from _items(proof["searched"])
    yield ""


def _differing(found: Json) -> Iterator[str]:
    if not found["listed"]:
        return
    yield "## What differs"
    yield ""
    for title, counts in (("kind", found["by_kind"]), ("field", found["by_field"])):
        told = ", ".join(f"{_line(name)} {count:,}" for name, count in counts.items())
        if told:
            yield f"- by {title}: {told}"
    for one in found["first"][:_NAMED]:
        why = f" (dead letter: {one['dead_letter']})" if one["dead_letter"] else ""
        if one["kind"] == "extra" and not one["ours"]:
            why = " (the job did not write it, and does not touch it)"
        yield f"- {one['kind']} {one['id']} of {_line(one['part'])} {_line(why)}".rstrip()
        for field in one["fields"]:
            yield (
                f"  - {_line(field['field'])}: {_line(field['source'])} in the source, "
                f"{_line(field['target'])} in the target"
            )
    if found["listed"] > _NAMED:
        yield f"- and {found['listed'] - _NAMED:,} more"
    yield ""


def _letters(found: Json) -> Iterator[str]:
    if not found["objects"]:
        return
    yield "## Dead letters"
    yield ""
    for reason, count in found["by_reason"].items():
        yield f"- {count:,}: {_line(reason)}"
    yield ""


def _freeze(found: Json | None) -> Iterator[str]:
    if found is None:
        return
    yield "## Freeze"
    yield ""
    thawed = "not thawed yet"
    if found["thawed"]:
        thawed = f"thawed {found['thawed']} ({_line(found['thawed_by'] or 'by nobody known')})"
    yield f"- {_line(found['how'])} since {found['since']}, {thawed}"
    yield from _items(found["proven_by"])
    yield ""


def _check(one: Json) -> str:
    return f"{one['result']} {one['code']}: {one['about']}: {one['text']}"


def _section(title: str, items: Iterable[str]) -> Iterator[str]:
    found = list(_items(items))
    if found:
        yield from (f"## {title}", "", *found, "")


def _items(items: Iterable[str]) -> Iterator[str]:
    for one in items:
        yield f"- {_line(one)}"


def _line(text: str) -> str:
    """One line that Markdown shows as it is."""
    words = " ".join(str(text).split())
    return "".join(f"\\{sign}" if sign in "\\`*_<>[]#|" else sign for sign in words)
