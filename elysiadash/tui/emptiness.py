"""Why there is nothing to show, and what to do about it."""

from __future__ import annotations

from urllib.parse import urlsplit

from elysiadash.cluster.slices import Kind, Problem
from elysiadash.config.profile import Auth, Profile
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.numbers import span
from elysiadash.tui.source import Watched

Note = tuple[str, list[str]]
"""A title and lines."""

_NO_WAY = frozenset({"unreachable", "no answer", "connection lost", "bad answer"})


def why_no_rows(watch: Watched, fresh: Freshness) -> Note:
    """The note for a watch whose rows are empty."""
    store = watch.store
    schema, nodes = store.get(Kind.SCHEMA), store.get(Kind.NODES)
    problem = schema.problem or nodes.problem
    retry_in = fresh.trouble.retry_in if fresh.trouble else None
    if schema.value is None and problem is not None:
        return _of_problem(watch.profile, problem, retry_in)
    if schema.value is None:
        return "Connecting", [f"asking {shown_address(watch.profile.url)}"]
    if not _is_believed(watch, fresh):
        return "Waiting for the cluster to be ready", [
            "It answers with no collection; a node that starts, or is cut off, does that too.",
        ]
    if watch.profile.auth.method == "none":
        return "No collections yet", [
            "The cluster answers and has no collection.",
            "Create one with your own program, or import data; it appears here by itself.",
        ]
    return "No collections to be seen", [
        "The cluster answers and shows this user no collection: either there is none,",
        "or this user's roles do not allow to read any (permission read_collections).",
    ]


def _is_believed(watch: Watched, fresh: Freshness) -> bool:
    """Whether an empty schema means none: who is asked is ready, the nodes' list is new."""
    contact = watch.cluster().contact or watch.profile.url
    probe = watch.store.get(Kind.READY, contact)
    ready = probe.value is not None and probe.value.ready and probe.problem is None
    listed = watch.store.get(Kind.NODES).value is not None
    return ready and listed and Kind.NODES not in fresh.late


def _of_problem(profile: Profile, problem: Problem, retry_in: float | None) -> Note:
    again = []
    if retry_in is not None:
        when = f"Trying again in {span(retry_in)}" if retry_in >= 1 else "Trying again now"
        again = [f"{when}; r tries at once."]
    if problem.kind == "unauthorized":
        return "The key was refused", [
            f"{shown_address(profile.url)} answers 401: {problem.what}",
            f"The key comes from {_key_source(profile.auth)}.",
            "Check that source, or name another one in the profile's auth.",
            *again,
        ]
    if problem.kind == "no credentials":
        return "There is no key to send", [problem.what, *_hint(problem), *again]
    if problem.kind == "forbidden":
        return "This user may not see the collections", [
            problem.what,
            "It needs a role with read_collections; the role viewer has it.",
            *again,
        ]
    if problem.kind in _NO_WAY:
        return "No Weaviate answers", [
            f"Tried: {', '.join(_tried(profile))}",
            f"What happened: {problem.what}",
            *_hint(problem),
            "Another cluster: :profile NAME, or :fleet for all that are known.",
            "One that is not known: elysiadash --url URL, or a profile in the configuration file.",
            "No cluster at hand: elysiadash --demo shows a simulated one.",
            *again,
        ]
    return "The cluster does not show its collections", [problem.what, *_hint(problem), *again]


def _hint(problem: Problem) -> list[str]:
    return [f"{problem.hint[:1].upper()}{problem.hint[1:]}."] if problem.hint else []


def _tried(profile: Profile) -> list[str]:
    urls = [profile.url, *(url for _, url in profile.nodes.known())]
    return [shown_address(url) for url in dict.fromkeys(urls)]


def _key_source(auth: Auth) -> str:
    if auth.method == "none":
        return "nowhere: the profile names none"
    secret = auth.client_secret if auth.method == "oidc" else auth.key
    return secret.source if secret is not None else "nowhere: the profile names none"


def shown_address(url: str) -> str:
    """An address without what may stand before its ``@``."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rsplit("@", 1)[-1], query="").geturl()
