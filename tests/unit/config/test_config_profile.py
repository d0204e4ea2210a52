"""What a profile's parts promise to the rooms that use them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elysiadash.config.fields import TUNING, fields_of
from elysiadash.config.profile import Addresses, Profile, Secret, Tls
from elysiadash.config.tuning import LogSettings
from elysiadash.config.values import number

TEMPLATE = "http://{node}.weaviate-headless:8080"


def test_addresses_by_template_name_and_list() -> None:
    addresses = Addresses(
        template=TEMPLATE, named={"wv-1": "http://other:1"}, unnamed=("http://third:2",)
    )
    assert addresses.for_node("wv-0") == "http://wv-0.weaviate-headless:8080"
    assert addresses.for_node("wv-1") == "http://other:1"
    assert addresses.known() == (("wv-1", "http://other:1"), (None, "http://third:2"))


def test_without_a_template_an_unknown_node_has_no_address() -> None:
    assert Addresses(named={"a": "http://a"}).for_node("b") is None
    assert Addresses(unnamed=("http://a",)).for_node("a") is None


@pytest.mark.parametrize(
    ("addresses", "truth"),
    [
        (Addresses(), False),
        (Addresses(template=TEMPLATE), True),
        (Addresses(named={"a": "http://a"}), True),
        (Addresses(unnamed=("http://a",)), True),
    ],
)
def test_addresses_are_true_when_there_is_one(addresses: Addresses, truth: bool) -> None:
    assert bool(addresses) is truth


@pytest.mark.parametrize("name", ["", "evil.com/", "a@evil", "a#", "a?b", "a b", "a:1", ".a", "ä"])
def test_a_node_s_name_cannot_lead_a_request_elsewhere(name: str) -> None:
    assert Addresses(template=TEMPLATE).for_node(name) is None


def test_a_profile_cannot_be_changed() -> None:
    profile = Profile(name="p", url="http://x")
    with pytest.raises(AttributeError):
        profile.write = True  # type: ignore[misc]


def test_two_profiles_share_no_default() -> None:
    one, other = Profile(name="a", url="http://a"), Profile(name="b", url="http://b")
    assert one.headers is not other.headers
    assert one.nodes.named is not other.nodes.named


def test_read_only_and_checked_certificates_are_the_defaults() -> None:
    profile = Profile(name="p", url="http://x")
    assert profile.write is False
    assert profile.tls.verify is True
    assert profile.auth.method == "none"


def test_a_secret_may_be_given_by_position() -> None:
    assert Secret("env", "NAME") == Secret(kind="env", reference="NAME")


@pytest.mark.parametrize("struct", [*TUNING.values(), Tls, LogSettings, Profile])
def test_every_setting_has_a_meaning_and_every_number_a_range(
    struct: type[msgspec.Struct],
) -> None:
    for field in fields_of(struct):
        assert field.description.endswith("."), field.name
        if field.kind in ("int", "float"):
            assert field.least is not None or field.above is not None, field.name
            assert number(field.default, field) == field.default
        if field.default is None:
            assert field.examples, field.name


@settings(deadline=None)
@given(st.text())
def test_any_name_gives_an_address_at_the_template_s_host_or_none(name: str) -> None:
    url = Addresses(template="https://{node}.inside:8080/api").for_node(name)
    assert url is None or url == f"https://{name}.inside:8080/api"
    if url is not None:
        assert not set(name) & set("/@?#: \\")
