"""Which cluster is used, what stands in its way, and that one mistake does not stop the rest."""

from __future__ import annotations

import pytest

from elysiadash.config.mistake import ConfigError
from tests.unit.config.house import House

TWO = """
default_profile = "prod"
[defaults]
environment = "any"
[profiles.prod]
url = "https://prod"
auth = { method = "api-key", key_env = "PROD_KEY" }
write = true
[profiles.staging]
url = "http://staging"
"""


def refused(house: House, name: str | None = None, **flags: object) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        house.load(flags).choose(name)
    return caught.value


def test_nothing_named_gives_none(house: House) -> None:
    house.user("[profiles.only]\nurl = 'http://only'")
    assert house.load().choose() is None


def test_an_unknown_profile_is_told_with_the_nearest(house: House) -> None:
    house.user(TWO)
    error = refused(house, "stagin")
    assert str(error) == (
        "there is no profile 'stagin'; did you mean staging? (known: prod, staging)"
    )
    assert "did you mean prod" in str(refused(house, profile="prd"))


def test_an_unknown_default_is_told_and_the_others_work(house: House) -> None:
    house.user(TWO.replace('"prod"', '"prodd"', 1))
    with pytest.raises(ConfigError, match="prodd"):
        house.load().choose()
    (mistake,) = house.load().check()
    assert (mistake.key, mistake.line, mistake.nearest) == ("default_profile", 2, "prod")
    assert house.load().choose("staging") is not None


def test_a_url_alone_is_a_cluster_without_another_profile_s_credentials(house: House) -> None:
    house.user(TWO)
    for configuration in (
        house.load({"url": "http://localhost:8080"}),
        house.load({"url": "http://localhost:8080"}, {"ELYSIADASH_PROFILE": "prod"}),
        house.load(env={"ELYSIADASH_URL": "http://localhost:8080"}),
    ):
        profile = configuration.choose()
        assert profile is not None
        assert profile.name == "localhost:8080"
        assert profile.url == "http://localhost:8080"
        assert profile.auth.method == "none"
        assert profile.write is False
        assert profile.environment == "any"
        assert set(configuration.profiles) == {"prod", "staging", "localhost:8080"}


@pytest.mark.parametrize(
    ("url", "name"), [("https://h", "h:443"), ("http://h/x", "h:80"), ("http://[::1]:9", "::1:9")]
)
def test_the_name_of_a_cluster_with_a_url_only(house: House, url: str, name: str) -> None:
    profile = house.load({"url": url}).choose()
    assert profile is not None
    assert profile.name == name


def test_a_profile_with_a_url_on_the_same_layer_moves_the_profile(house: House) -> None:
    house.user(TWO)
    for configuration in (
        house.load({"profile": "prod", "url": "http://tunnel:1"}),
        house.load(env={"ELYSIADASH_PROFILE": "prod", "ELYSIADASH_URL": "http://tunnel:1"}),
    ):
        profile = configuration.choose()
        assert profile is not None
        assert (profile.name, profile.url) == ("prod", "http://tunnel:1")
        assert profile.auth.method == "api-key"


def test_addresses_from_the_environment_do_not_follow_to_a_named_profile(house: House) -> None:
    house.user(TWO)
    env = {
        "ELYSIADASH_URL": "http://other",
        "ELYSIADASH_GRPC": "other:1",
        "ELYSIADASH_PROFILE": "staging",
    }
    configuration = house.load({"profile": "prod"}, env)
    profile = configuration.choose()
    assert profile is not None
    assert (profile.url, profile.grpc) == ("https://prod", None)
    assert configuration.notes == (
        "ELYSIADASH_URL has no effect: the command line names the cluster",
        "ELYSIADASH_GRPC has no effect: the command line names the cluster",
        "ELYSIADASH_PROFILE has no effect: the command line names the cluster",
    )
    assert house.load(env=env).notes == ()


def test_a_wrong_url_is_told_and_no_other_cluster_is_used_instead(house: House) -> None:
    house.user(TWO)
    error = refused(house, url="localhost:8080")
    assert "--url: expected an address" in str(error)
    assert error.mistakes[0].nearest == "http://localhost:8080"


@pytest.mark.parametrize(
    "line",
    [
        "url = 'nowhere'",
        "nodes = ['x']",
        "auth = { method = 'api-key' }",
        "headers = { Authorization = 'x' }",
        "tls = { verify = 'no' }",
        "tls = 3",
        "write = 'no'",
        "wrte = false",
        "proxy = 'x'",
    ],
)
def test_a_mistake_in_what_leads_or_guards_a_profile_stops_it_and_no_other(
    house: House, line: str
) -> None:
    address = "" if line.startswith("url") else "url = 'http://p'"
    # The defaults must not step in for what was said wrongly.
    house.user(
        "[defaults]\nwrite = true\nurl = 'http://defaults'\n"
        f"[profiles.p]\n{address}\n{line}\n[profiles.q]\nurl = 'http://q'"
    )
    error = refused(house, "p")
    assert "the profile p cannot be used" in str(error)
    assert f"{house.user_file}:6" in str(error)
    configuration = house.load()
    assert list(configuration.profiles) == ["q"]
    assert list(configuration.broken) == ["p"]
    assert configuration.broken["p"] == error.mistakes


@pytest.mark.parametrize(
    "line", ["intervals = { fast = 0 }", "colour = 3", "thresholds = 1", "nonsense_key = 1"]
)
def test_a_mistake_in_a_number_or_a_colour_does_not_stop_a_profile(house: House, line: str) -> None:
    house.user(f"[defaults.intervals]\nfast = 9\n[profiles.p]\nurl = 'http://p'\n{line}")
    configuration = house.load()
    profile = configuration.choose("p")
    assert profile is not None
    assert profile.intervals.fast == 9.0
    assert profile.colour is None
    assert len(configuration.check()) == 1


def test_a_flag_heals_what_it_replaces(house: House) -> None:
    house.user("default_profile = 'p'\n[profiles.p]\nurl = 'nowhere'")
    profile = house.load({"profile": "p", "url": "http://here"}).choose()
    assert profile is not None
    assert profile.url == "http://here"


def test_a_broken_user_file_leaves_the_project_s_profiles(house: House) -> None:
    house.user("[profiles.p\nurl")
    house.project("[profiles.q]\nurl = 'http://q'")
    configuration = house.load()
    assert configuration.choose("q") is not None
    assert len(configuration.check()) == 1
    error = refused(house, "p")
    assert "there is no profile 'p'" in str(error)
    assert f"{house.user_file}:1: is no valid TOML" in str(error)


def test_a_broken_file_is_not_mistaken_for_none(house: House) -> None:
    house.user("default_profile = ")
    error = refused(house)
    assert "no cluster is named, and the settings cannot be read" in str(error)
    assert house.load({"url": "http://h"}).choose() is not None


def test_a_target_has_flags_of_its_own(house: House) -> None:
    house.user(TWO)
    configuration = house.load({"profile": "prod", "node": ["http://n:1"], "write": False})
    target = configuration.choose("prod", {"grpc": "t:1", "auth": "env:TARGET_KEY"})
    assert target is not None
    assert (target.grpc, target.nodes.unnamed, target.write) == ("t:1", (), True)
    assert target.auth.key is not None
    assert target.auth.key.reference == "TARGET_KEY"
    source = configuration.choose()
    assert source is not None
    assert (source.grpc, source.nodes.unnamed, source.write) == (None, ("http://n:1",), False)


def test_a_cluster_by_its_url(house: House) -> None:
    house.user(TWO)
    configuration = house.load({"profile": "prod", "write": True})
    target = configuration.ad_hoc("http://t:8080/", {"node": ["http://n:1"]})
    assert (target.name, target.url, target.write) == ("t:8080", "http://t:8080", False)
    assert target.environment == "any"
    assert target.nodes.unnamed == ("http://n:1",)
    with pytest.raises(ConfigError, match="expected an address"):
        configuration.ad_hoc("t:8080")


def test_show_has_every_setting_with_its_origin_and_no_clear_secret(house: House) -> None:
    house.user(
        """
        default_profile = "prod"
        [profiles.prod]
        url = "http://prod"
        nodes = { wv-0 = "http://a:1" }
        auth = { method = "bearer", key_clear = "pa55-word", allow_clear = true }
        headers = { X-Gate = { command = "vault read pa55-word" } }
        [profiles.bad]
        url = "x"
        """
    )
    configuration = house.load({"profile": "prod", "write": True})
    shown = {key: (value, origin) for key, value, origin in configuration.show()}
    file = f"user file {house.user_file}"
    assert shown["default_profile"] == ('"prod"', "--profile")
    assert shown["profiles.prod.url"] == ('"http://prod"', f"{file}:4")
    assert shown["profiles.prod.nodes"] == ('{ wv-0 = "http://a:1" }', f"{file}:5")
    assert shown["profiles.prod.auth.key"] == ("clear:***", f"{file}:6")
    assert shown["profiles.prod.headers.X-Gate"] == ("command:vault …", f"{file}:7")
    assert shown["profiles.prod.write"] == ("true", "--write")
    assert shown["profiles.prod.grpc"] == ("not set", "default")
    assert shown["profiles.prod.limits.metrics_bytes"] == ("67108864", "default")
    assert shown["profiles.bad"][0] == "cannot be used: 1 mistake"
    assert "pa55" not in str(shown)


def test_origin_of_something_unknown_is_a_key_error(house: House) -> None:
    house.user(TWO)
    configuration = house.load()
    assert configuration.origin("profiles.prod.auth.method").line == 7
    assert configuration.origin("profiles.prod.tls").layer == "default"
    for key in ("profiles.nobody.url", "profiles.prod", "colour"):
        with pytest.raises(KeyError):
            configuration.origin(key)
