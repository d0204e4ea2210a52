"""The same question to the server, for a shell: what one pastes into a terminal or a ticket.

Secrets are never written out: the line names the variable that the profile takes the key from, or
one to be set.
"""

from __future__ import annotations

import shlex
from urllib.parse import quote

from elysiadash.config.profile import Profile


def of_collection(profile: Profile, name: str) -> dict[str, str]:
    """How the definition of a collection is asked for."""
    return {
        "curl": curl(profile, f"/v1/schema/{quote(name, safe='')}"),
        "weaviate-cli": f"weaviate-cli get collection --collection {shlex.quote(name)}",
    }


def of_node(profile: Profile, name: str) -> dict[str, str]:
    """How the state of a node and its shards is asked for."""
    path = f"/v1/nodes/{quote(name, safe='')}?output=verbose"
    return {"curl": curl(profile, path), "weaviate-cli": "weaviate-cli get nodes"}


def curl(profile: Profile, path: str) -> str:
    """A GET as a line for a shell."""
    words = ["curl", "--fail-with-body", "--silent", "--show-error"]
    line = shlex.join(words)
    if profile.auth.method != "none":
        line += f' --header "Authorization: Bearer ${_variable(profile)}"'
    return f"{line} {shlex.quote(profile.url.rstrip('/') + path)}"


def _variable(profile: Profile) -> str:
    key = profile.auth.key
    named = key is not None and key.kind == "env" and key.reference.isidentifier()
    return key.reference if key is not None and named else "WEAVIATE_API_KEY"
