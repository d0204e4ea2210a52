"""Every recorded definition, of every release; and definitions made up by hypothesis."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from elysiadash.schema.definition import Definition

_ROOT = Path(__file__).resolve().parents[3]
_OWN = _ROOT / "tests" / "contract" / "recordings"
_WIDE = _ROOT.parent / "shared" / "recordings"
"""The wide set lies beside the project where that is developed; a clone has its own only."""


def recorded() -> dict[str, Definition]:
    """``release/collection`` -> definition."""
    found: dict[str, Definition] = {}
    for folder, name in ((_OWN, "*/healthy/schema-leader.json"), (_WIDE, "*/schema.json")):
        for path in sorted(folder.glob(name)):
            release = path.relative_to(folder).parts[0]
            for one in json.loads(path.read_text("utf-8"))["classes"]:
                found.setdefault(f"{release}/{one['class']}", one)
    return found


NAMES = st.sampled_from(("Doc", "Event", "Author", "Place", "Thing"))
PROPERTY_NAMES = st.sampled_from(("title", "year", "tags", "author", "name", "properties"))
_TYPES = st.sampled_from(("text", "int", "number", "date", "text[]"))


@st.composite
def definitions(draw: st.DrawFn, *, refer: bool = True) -> Definition:
    """A plausible definition: properties with references, unnamed or named vectors."""
    names = draw(st.lists(PROPERTY_NAMES, unique=True, max_size=4))
    types = st.lists(NAMES, min_size=1, max_size=2, unique=True)
    one_type = _TYPES.map(lambda kind: [kind])
    definition: Definition = {
        "class": draw(NAMES),
        "properties": [
            {
                "name": name,
                "dataType": draw(one_type | types if refer else one_type),
                "indexFilterable": draw(st.booleans()),
            }
            for name in names
        ],
        "replicationConfig": {"factor": draw(st.integers(1, 5))},
        "multiTenancyConfig": {"enabled": draw(st.booleans())},
    }
    if draw(st.booleans()):
        definition["description"] = draw(st.text(max_size=20))
    if draw(st.booleans()):
        definition["shardingConfig"] = {"desiredCount": draw(st.integers(0, 9)), "actualCount": 3}
    index: dict[str, Any] = {
        "ef": draw(st.integers(-1, 900)),
        "rq": {"enabled": draw(st.booleans())},
    }
    if draw(st.booleans()):
        definition |= {"vectorIndexType": "hnsw", "vectorIndexConfig": index}
    else:
        definition["vectorConfig"] = {
            name: {
                "vectorIndexType": "hnsw",
                "vectorIndexConfig": index,
                "vectorizer": {"none": {}},
            }
            for name in draw(st.lists(st.sampled_from(("title", "body")), unique=True))
        }
    return definition
