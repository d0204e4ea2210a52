"""What a definition becomes on its way, and what of it counts as changed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.migrate.definitions import (
    BadTransformSchema,
    additions,
    changed,
    modules_of,
    translated,
    vectorizers,
    without_module,
)
from elysiadash.schema.setting import set_values

DOC: dict[str, Any] = {
    "class": "Doc",
    "moduleConfig": {"text2vec-openai": {"model": "x"}, "generative-openai": {}},
    "objectTtlConfig": {"enabled": True, "defaultTtl": 3600, "deleteOn": "_creationTimeUnix"},
    "replicationConfig": {"factor": 3, "asyncEnabled": True},
    "properties": [
        {"name": "title", "dataType": ["text"]},
        {"name": "next", "dataType": ["Doc"]},
        {"name": "by", "dataType": ["Author", "Robot"]},
        {
            "name": "where",
            "dataType": ["object"],
            "nestedProperties": [{"name": "street", "dataType": ["text"]}],
        },
    ],
    "vectorConfig": {
        "title": {
            "vectorIndexType": "hnsw",
            "vectorIndexConfig": {"ef": 64},
            "vectorizer": {"text2vec-openai": {}},
        },
        "small": {
            "vectorIndexType": "flat",
            "vectorIndexConfig": {"bq": {"enabled": True}},
            "vectorizer": {"none": {}},
        },
    },
}


def test_names_settings_ttl_and_quantizers() -> None:
    made = translated(
        DOC,
        {"Doc": "Paper", "Author": "Writer"},
        settings=["replicationConfig.factor=1"],
        target_version=(1, 39, 0),
    )
    assert made.name == "Paper"
    kinds = {one["name"]: one["dataType"] for one in made.target["properties"]}
    assert kinds["next"] == ["Paper"]
    assert kinds["by"] == ["Writer", "Robot"]
    assert made.target["replicationConfig"] == {"factor": 1}
    assert made.ttl == DOC["objectTtlConfig"]
    assert "objectTtlConfig" not in made.target
    vectors = made.target["vectorConfig"]
    assert vectors["title"]["vectorIndexConfig"]["skipDefaultQuantization"] is True
    assert "skipDefaultQuantization" not in vectors["small"]["vectorIndexConfig"]
    assert made.source is DOC


def test_a_ttl_that_is_off_or_switched_off_on_the_way_is_none() -> None:
    off = {**DOC, "objectTtlConfig": {"enabled": False}}
    assert translated(off, {}).ttl is None
    assert translated(DOC, {}, settings=["objectTtlConfig.enabled=false"]).ttl is None


def test_a_transform_sees_the_sources_names_and_may_change_in_place() -> None:
    def in_place(definition: dict[str, Any]) -> None:
        assert definition["class"] == "Doc"
        definition["properties"].append({"name": "at", "dataType": ["date"]})

    made = translated(DOC, {"Doc": "Paper"}, transform=in_place)
    assert made.target["properties"][-1]["name"] == "at"
    assert len(DOC["properties"]) == 4


@pytest.mark.parametrize(
    "given_back", [[], "text", {"class": "Other"}, {"class": "Doc", "x": object()}]
)
def test_a_transform_that_gives_rubbish_is_told(given_back: Any) -> None:
    with pytest.raises(BadTransformSchema):
        translated(DOC, {}, transform=lambda definition: given_back)


def test_modules_and_how_to_do_without() -> None:
    assert vectorizers(DOC) == {("vectorConfig", "title"): "text2vec-openai"}
    assert set(modules_of(DOC)) == {"text2vec-openai", "generative-openai"}
    without = set_values(DOC, without_module(DOC, "text2vec-openai"))
    assert vectorizers(without) == {}
    assert set(modules_of(without)) == {"generative-openai"}
    unnamed = {"class": "Old", "vectorizer": "text2vec-x", "vectorIndexType": "hnsw"}
    assert vectorizers(unnamed) == {(): "text2vec-x"}
    assert vectorizers(set_values(unnamed, without_module(unnamed, "text2vec-x"))) == {}


def test_new_is_a_delta_and_lost_or_retyped_is_not() -> None:
    grown = set_values(DOC, [])
    grown = {**grown, "properties": [*DOC["properties"], {"name": "late", "dataType": ["int"]}]}
    assert changed(DOC, grown).added == ("property late",)
    assert changed(DOC, grown).lost == ()
    assert changed(grown, DOC).lost == ("property late (int before, nothing now)",)
    other = {**DOC, "properties": [{"name": "title", "dataType": ["int"]}, *DOC["properties"][1:]]}
    assert changed(DOC, other).lost == ("property title (text before, int now)",)
    fewer = {**DOC, "vectorConfig": {"title": DOC["vectorConfig"]["title"]}}
    assert changed(DOC, fewer).lost == ("vector vectorConfig.small (a vector before, nothing now)",)
    assert [one["name"] for one in additions(grown, DOC)[0]] == ["late"]
    assert additions(DOC, fewer) == ([], True)
    assert additions(DOC, DOC) == ([], False)


_NAMES = st.text("abcdef", min_size=1, max_size=4)
_TYPES = st.sampled_from(["text", "int", "date", "Doc"])
_PROPERTIES = st.dictionaries(_NAMES, _TYPES, max_size=6)


@given(_PROPERTIES, _PROPERTIES)
def test_every_property_is_the_same_added_or_lost(
    before: dict[str, str], after: dict[str, str]
) -> None:
    def definition(kinds: dict[str, str]) -> dict[str, Any]:
        listed = [{"name": name, "dataType": [kind]} for name, kind in kinds.items()]
        return {"class": "Doc", "properties": listed}

    found = changed(definition(before), definition(after))
    assert {one.removeprefix("property ") for one in found.added} == after.keys() - before.keys()
    lost = {one.removeprefix("property ").partition(" ")[0] for one in found.lost}
    assert lost == {name for name in before if after.get(name) != before[name]}
