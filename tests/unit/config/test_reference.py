"""A profile goes through a job's spec and comes back as it was, and no credential with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.config import reference
from elysiadash.config.profile import (
    Addresses,
    Auth,
    Profile,
    Prometheus,
    Secret,
    Timeouts,
    Tls,
)
from elysiadash.config.reference import NotReferable, Unresolved
from elysiadash.jobs import specs
from tests.unit.config.house import House

words = st.text("abcXYZ-_:/.", min_size=1, max_size=12)
secrets = st.one_of(
    st.builds(lambda name: Secret("env", name), words),
    st.builds(lambda name: Secret("file", f"/keys/{name.replace(chr(47), chr(95))}x"), words),
    st.builds(lambda name: Secret("command", f"pass show {name}"), words),
)
auths = st.one_of(
    st.just(Auth()),
    st.builds(Auth, method=st.just("api-key"), key=secrets),
    st.builds(
        Auth,
        method=st.just("oidc"),
        client_id=words,
        client_secret=secrets,
        scopes=st.lists(words).map(tuple),
    ),
)
addresses = st.one_of(
    st.just(Addresses()),
    st.just(Addresses(template="http://{node}.headless:8080")),
    st.builds(Addresses, named=st.dictionaries(words, words)),
    st.builds(Addresses, unnamed=st.lists(words).map(tuple)),
)
profiles = st.builds(
    Profile,
    name=words,
    url=st.just("http://prod:8080"),
    grpc=st.none() | words,
    nodes=addresses,
    metrics=addresses,
    auth=auths,
    headers=st.dictionaries(words, words | secrets),
    prometheus=st.none() | st.builds(Prometheus, url=words, key=st.none() | secrets),
    tls=st.sampled_from([Tls(), Tls(verify=False), Tls(ca_file="/etc/ca.pem")]),
    write=st.booleans(),
    timeouts=st.sampled_from([Timeouts(), Timeouts(connect=9.0)]),
)


@given(profiles)
def test_it_comes_back_as_it_was(profile: Profile) -> None:
    found = reference.of(profile)
    through_a_row = msgspec.json.decode(msgspec.json.encode(found))
    assert found == through_a_row
    assert reference.resolve(through_a_row) == profile
    assert reference.of(profile) == found


def test_no_value_is_kept_and_a_spec_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEAVIATE_API_KEY", "s3cr3t-value")
    profile = Profile(
        name="prod",
        url="https://prod",
        auth=Auth(method="api-key", key=Secret("env", "WEAVIATE_API_KEY")),
        headers={"Authorization": Secret("env", "GATE"), "X-Team": "search"},
    )
    assert profile.auth.key is not None
    profile.auth.key.reveal()
    text = specs.encode({"source": reference.of(profile)})
    assert "s3cr3t-value" not in text
    assert "env:WEAVIATE_API_KEY" in text
    assert reference.resolve(specs.decode(text)["source"]) == profile


def test_a_client_secrets_source_passes_as_a_spec() -> None:
    auth = Auth(method="oidc", client_id="me", client_secret=Secret("file", "/run/secret"))
    specs.encode(reference.of(Profile(name="p", url="https://p", auth=auth)))


def test_what_is_relative_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    profile = Profile(
        name="p",
        url="https://p",
        auth=Auth(method="api-key", key=Secret("file", "key")),
        tls=Tls(ca_file="ca.pem"),
    )
    found = reference.resolve(reference.of(profile))
    assert found.auth.key == Secret("file", str(tmp_path / "key"))
    assert found.tls.ca_file == str(tmp_path / "ca.pem")


CLEAR = """
    [profiles.prod]
    url = "http://prod:8080"
    auth = { method = "api-key", key_clear = "s3cr3t-value", allow_clear = true }
"""


def test_a_clear_credential_is_named_by_its_file(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.user(CLEAR)
    profile = house.load().choose("prod")
    assert profile is not None
    with pytest.raises(NotReferable, match="clear text"):
        reference.of(profile)
    found = reference.of(profile, house.user_file)
    assert "s3cr3t-value" not in specs.encode(found)
    assert reference.resolve(found) == profile
    writing = msgspec.structs.replace(profile, write=True)
    assert reference.resolve(reference.of(writing, house.user_file)).write
    elsewhere = msgspec.structs.replace(profile, url="http://other:8080")
    with pytest.raises(NotReferable, match="differs from"):
        reference.of(elsewhere, house.user_file)
    house.user(CLEAR.replace("profiles.prod", "profiles.next"))
    with pytest.raises(Unresolved, match="no profile 'prod'"):
        reference.resolve(found)
    with pytest.raises(NotReferable, match="cannot be looked up"):
        reference.of(profile, house.user_file)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"profile": {}},
        {"profile": {"name": "p", "url": "u", "timeouts": {"connect": -1}}},
        {"profile": {"name": "p", "url": "u", "auth": {"method": "api-key", "key": "s3cr3t"}}},
        {"profile": {"name": "p", "url": "u", "headers": [["a"]]}},
        {"named": {"name": "p"}},
        {"named": {"name": "p", "settings": "/nonexistent", "folder": "/", "write": False}},
    ],
)
def test_what_leads_nowhere_is_told_without_its_values(broken: dict[str, Any]) -> None:
    with pytest.raises(Unresolved) as told:
        reference.resolve(broken)
    assert "s3cr3t" not in str(told.value)
