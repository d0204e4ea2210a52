"""``--set PATH=VALUE``."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elysiadash.schema.checking import faults, fits, unknown_settings
from elysiadash.schema.definition import Definition, lookup
from elysiadash.schema.known import known_settings
from elysiadash.schema.quantizers import without_default_quantizer
from elysiadash.schema.setting import SettingsRefused, set_values
from tests.unit.schema.recorded import definitions, recorded

DOC = recorded()["1.39.0/Doc"]


def refused(*assignments: str) -> list[str]:
    """What is wrong with them."""
    with pytest.raises(SettingsRefused) as raised:
        set_values(DOC, assignments)
    return [str(one) for one in raised.value.wrong]


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("replicationConfig.factor=1", 1),
        ("replicationConfig.deletionStrategy=DeleteOnConflict", "DeleteOnConflict"),
        ("invertedIndexConfig.bm25.k1=1.5", 1.5),
        ("invertedIndexConfig.bm25.b=1", 1),
        ("invertedIndexConfig.indexTimestamps=true", True),
        ("invertedIndexConfig.stopwords.additions=a, b", ["a", "b"]),
        ('invertedIndexConfig.stopwords.additions=["a,b"]', ["a,b"]),
        ("description=3", "3"),
        ("description=a=b", "a=b"),
        ("description=", ""),
        ("properties.title.tokenization=field", "field"),
        ("properties.author.nestedProperties.name.tokenization=field", "field"),
        ("vectorConfig.title.vectorIndexConfig.ef=-1", -1),
        ("moduleConfig.generative-x.model=gpt", "gpt"),
        ("moduleConfig.generative-x.temperature=0.5", 0.5),
        ("vectorConfig.title.vectorizer.text2vec-x.dimensions=256", 256),
        ("replicationConfig.asyncConfig.frequency=5000", 5000),
        ('vectorConfig.title.vectorizer={"text2vec-x": {}}', {"text2vec-x": {}}),
    ],
)
def test_values_get_the_kind_that_their_place_has(assignment: str, value: object) -> None:
    before = copy.deepcopy(DOC)
    found = lookup(set_values(DOC, [assignment]), assignment.partition("=")[0].split("."))
    assert found == value
    assert type(found) is type(value)
    assert before == DOC


def test_a_star_is_each_of_them() -> None:
    changed = set_values(DOC, ["vectorConfig.*.vectorIndexConfig.ef=99"])
    efs = [one["vectorIndexConfig"]["ef"] for one in changed["vectorConfig"].values()]
    assert efs == [99] * len(DOC["vectorConfig"])


def test_null_leaves_it_to_the_server() -> None:
    changed = set_values(DOC, ["shardingConfig=null", "properties.tags=null", "description=null"])
    assert not {"shardingConfig", "description"} & changed.keys()
    names = [one["name"] for one in changed["properties"]]
    assert names == [one["name"] for one in DOC["properties"] if one["name"] != "tags"]


def test_a_property_may_be_called_as_settings_are() -> None:
    nested = [{"name": "dataType"}, {"name": "name"}]
    odd = {"properties": [{"name": "name"}, {"name": "properties", "nestedProperties": nested}]}
    changed = set_values(
        odd, ["properties.name=null", "properties.properties.nestedProperties.name=null"]
    )
    assert changed == {
        "properties": [{"name": "properties", "nestedProperties": [{"name": "dataType"}]}]
    }
    for assignment in ("properties.properties.name=null", "properties.properties.name=x"):
        with pytest.raises(SettingsRefused):
            set_values(odd, [assignment])


def test_another_index_type_keeps_the_distance_only_whatever_the_order() -> None:
    place = "vectorConfig.body"
    both = [f"{place}.vectorIndexConfig.bq.cache=true", f"{place}.vectorIndexType=flat"]
    for assignments in (both, both[::-1]):
        changed = set_values(DOC, assignments)["vectorConfig"]["body"]
        assert changed["vectorIndexType"] == "flat"
        assert changed["vectorIndexConfig"] == {"distance": "cosine", "bq": {"cache": True}}


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("replicationConfig.faktor=3", "(did you mean replicationConfig.factor?)"),
        ("factor=3", "(did you mean replicationConfig.factor?)"),
        ("replicationConfig=3", "is a group of settings"),
        ("replicationConfig.factor=three", "is not a whole number"),
        ("replicationConfig.factor=3.0", "is not a whole number"),
        ("replicationConfig.factor=", "is not a whole number"),
        ("multiTenancyConfig.enabled=yes", "is not true or false"),
        ("multiTenancyConfig.enabled=1", "is not true or false"),
        ("invertedIndexConfig.bm25.b=NaN", "is not a number"),
        ("invertedIndexConfig.stopwords.additions=[1]", "is not a list of texts"),
        ("vectorConfig.title.vectorIndexConfig.distance=cosin", "(did you mean cosine?)"),
        ("vectorConfig.titel.vectorIndexConfig.ef=3", "did you mean vectorConfig.title."),
        ("vectorConfig.nope.vectorizer.x.y=3", "there is no such setting"),
        ("properties.title.name=headline", "there is no such setting"),
        ("properties.title.dataType=null", "there is no such setting"),
        ("class=Other", "there is no such setting"),
        ("class=null", "there is no such setting"),
        ("vectorConfig.title.vectorizer=none", "is not a JSON object"),
        ("**=null", "names too much"),
        ("vectorConfig.**=null", "names too much"),
        ("replicationConfig.factor", "is not PATH=VALUE"),
        ("=3", "is not PATH=VALUE"),
        ("", "is not PATH=VALUE"),
    ],
)
def test_mistakes_name_what_was_meant(assignment: str, words: str) -> None:
    (told,) = refused(assignment)
    assert told.startswith(f"{assignment}: ")
    assert words in told


def test_all_mistakes_are_told_at_once_and_nothing_is_done() -> None:
    assert len(refused("a=1", "description=x", "b=2")) == 2


@given(definitions(), st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_is_taken_is_there_and_fits(definition: Definition, data: st.DataObject) -> None:
    known = known_settings(definition)
    path = data.draw(st.sampled_from(sorted(known)))
    text = data.draw(st.sampled_from(("1", "0.5", "true", "word", "hnsw", "cosine", "x y", "[]")))
    try:
        changed = set_values(definition, [f"{path}={text}"])
    except SettingsRefused:
        return
    value = lookup(changed, path.split("."))
    assert value is not None or known[path] == "words"
    assert value is None or fits(known[path], value)


@given(definitions(), st.text(max_size=30))
@settings(max_examples=100, deadline=None)
def test_any_text_is_done_or_refused(definition: Definition, text: str) -> None:
    told: list[str] = []
    try:
        set_values(definition, [text])
    except SettingsRefused as error:
        told = [one.assignment for one in error.wrong]
    assert told in ([], [text])


# Quantizers


def test_where_no_quantizer_is_on_the_servers_own_is_kept_out() -> None:
    one = set_values(DOC, ["vectorConfig.title.vectorIndexConfig.rq.enabled=true"])
    kept = without_default_quantizer(one)["vectorConfig"]
    assert kept["title"]["vectorIndexConfig"]["skipDefaultQuantization"] is False
    assert kept["body"]["vectorIndexConfig"]["skipDefaultQuantization"] is True
    assert without_default_quantizer({"class": "A"})["vectorIndexConfig"] == {
        "skipDefaultQuantization": True
    }
    assert without_default_quantizer({"vectorIndexType": "hfresh"}) == {"vectorIndexType": "hfresh"}
    bq = {"hnsw": {"bq": {"enabled": True}}}
    stages = without_default_quantizer({"vectorIndexType": "dynamic", "vectorIndexConfig": bq})
    assert stages["vectorIndexConfig"] == {**bq, "flat": {"skipDefaultQuantization": True}}


# Checking


def test_values_that_a_server_would_misread_are_found() -> None:
    wrong = copy.deepcopy(DOC)
    wrong["vectorConfig"]["title"]["vectorIndexConfig"]["ef"] = "64"
    wrong["replicationConfig"]["factor"] = 1.0
    wrong["invertedIndexConfig"]["indexNullState"] = 1
    found = faults(wrong)
    assert len(found) == 3
    assert any("ef: '64' is not a whole number" in one for one in found)


def test_two_quantizers_at_once_are_refused() -> None:
    both = {"vectorIndexConfig": {"rq": {"enabled": True}, "bq": {"enabled": True}}}
    (fault,) = faults(both)
    assert fault == "vectorIndexConfig: only one of bq, rq can be enabled"
    stages = {"hnsw": {"rq": {"enabled": True}}, "flat": {"bq": {"enabled": True}}}
    assert faults({"vectorIndexType": "dynamic", "vectorIndexConfig": stages}) == ()


def test_settings_that_a_server_would_drop_are_found() -> None:
    strange = {**DOC, "repliationConfig": {"factor": 3}, "moduleConfig": {"x": {"y": 1}}}
    assert unknown_settings(strange) == ("repliationConfig.factor",)
    flat = {"vectorIndexType": "flat", "vectorIndexConfig": {"ef": 3}}
    assert unknown_settings(flat) == ("vectorIndexConfig.ef",)
    assert unknown_settings({"vectorIndexType": "new", "vectorIndexConfig": {"x": 3}}) == ()
