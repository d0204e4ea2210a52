"""Who wins: flag, environment, project file, user file, default; and a profile over [defaults]."""

from __future__ import annotations

from typing import Any

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elysiadash.config.profile import Secret
from elysiadash.config.tables import Origin
from tests.unit.config.house import House

# The sources of a setting, the most important first.
SOURCES = (
    "flag",
    "env",
    "project profile",
    "user profile",
    "project defaults",
    "user defaults",
    "default",
)
LAYER_OF = {source: source.split()[0] for source in SOURCES}


@pytest.fixture(scope="module")
def shared_house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("house"))


def tables(source_values: dict[str, Any], place: str, key: tuple[str, ...]) -> dict[str, Any]:
    """The file of ``place`` ("user" or "project") with ``key`` set where a value is given."""
    document: dict[str, Any] = {"profiles": {"p": {}}}
    for table, target in (
        ("profile", document["profiles"]["p"]),
        ("defaults", document.setdefault("defaults", {})),
    ):
        if f"{place} {table}" in source_values:
            *above, last = key
            for part in above:
                target = target.setdefault(part, {})
            target[last] = source_values[f"{place} {table}"]
    return document


def write_files(house: House, given_values: dict[str, Any], key: tuple[str, ...]) -> None:
    user = tables(given_values, "user", key)
    user["profiles"]["p"].setdefault("url", "http://fallback")
    house.user_file.write_text(tomli_w.dumps(user))
    house.project_file.write_text(tomli_w.dumps(tables(given_values, "project", key)))


subsets = st.sets(st.sampled_from(SOURCES[:-1]))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sources=subsets)
def test_the_first_source_that_has_the_address_of_grpc_wins(
    shared_house: House, sources: set[str]
) -> None:
    house = shared_house
    values = {source: f"{source.replace(' ', '-')}:50051" for source in sources}
    write_files(house, values, ("grpc",))
    flags = {"grpc": values.get("flag")}
    env = {"ELYSIADASH_PROFILE": "p", "ELYSIADASH_GRPC": values.get("env", "")}

    configuration = house.load(flags, env)

    assert configuration.check() == []
    winner = next((source for source in SOURCES if source in sources), "default")
    profile = configuration.choose()
    assert profile is not None
    assert profile.grpc == values.get(winner)
    assert configuration.origin("profiles.p.grpc").layer == LAYER_OF[winner]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=st.dictionaries(st.sampled_from(SOURCES[2:-1]), st.integers(min_value=1, max_value=3600))
)
def test_the_first_source_that_has_an_interval_wins(
    shared_house: House, values: dict[str, int]
) -> None:
    house = shared_house
    write_files(house, values, ("intervals", "fast"))
    configuration = house.load()
    winner = next((source for source in SOURCES if source in values), "default")
    assert configuration.profiles["p"].intervals.fast == values.get(winner, 5.0)
    # A key beside it keeps its own origin.
    assert configuration.profiles["p"].intervals.slow == 15.0
    origin = configuration.origin("profiles.p.intervals.fast")
    assert origin.layer == LAYER_OF[winner]
    assert (origin.line is None) == (winner == "default")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sources=st.sets(st.sampled_from(["flag", "env", "user profile", "user defaults"])))
def test_the_first_source_that_speaks_of_writing_wins(
    shared_house: House, sources: set[str]
) -> None:
    house = shared_house
    # Alternating, so that each source differs from the next.
    values = {source: SOURCES.index(source) % 2 == 0 for source in sources}
    write_files(house, values, ("write",))
    env = {"ELYSIADASH_PROFILE": "p"}
    if "env" in values:
        env["ELYSIADASH_WRITE"] = "on" if values["env"] else "off"
    configuration = house.load({"write": values.get("flag")}, env)
    winner = next((source for source in SOURCES if source in values), "default")
    assert configuration.profiles["p"].write is values.get(winner, False)


def test_the_default_profile_and_the_log_follow_the_same_order(house: House) -> None:
    house.user(
        """
        default_profile = "users"
        [log]
        level = "error"
        backups = 7
        [profiles.users]
        url = "http://users"
        [profiles.third]
        url = "http://third"
        """
    )
    assert house.load().default == "users"
    house.project(
        """
        default_profile = "projects"
        log.level = "warning"
        [profiles.projects]
        url = "http://projects"
        """
    )
    configuration = house.load()
    assert configuration.default == "projects"
    assert (configuration.log.level, configuration.log.backups) == ("warning", 7)
    env = {"ELYSIADASH_PROFILE": "users", "ELYSIADASH_LOG_LEVEL": "DEBUG"}
    configuration = house.load(env=env)
    assert configuration.default == "users"
    assert configuration.log.level == "debug"
    configuration = house.load({"profile": "third", "log_level": "info"}, env)
    assert configuration.default == "third"
    assert configuration.log.level == "info"
    assert configuration.origin("log.level") == Origin(layer="flag", name="--log-level")
    assert configuration.origin("log.backups").layer == "user"
    assert configuration.origin("log.max_bytes").layer == "default"


def test_auth_is_replaced_as_a_whole_and_headers_are_merged_by_name(house: House) -> None:
    house.user(
        """
        [defaults]
        auth = { method = "oidc", client_id = "me", client_secret_env = "S", scopes = ["a"] }
        headers = { X-Team = "search", X-Env = "any" }
        [profiles.p]
        url = "http://p"
        auth = { method = "bearer", key_file = "k" }
        headers = { x-env = "prod" }
        [profiles.q]
        url = "http://q"
        """
    )
    profiles = house.load().profiles
    assert profiles["p"].auth.client_id is None
    assert profiles["p"].auth.scopes == ()
    assert profiles["p"].headers == {"X-Team": "search", "x-env": "prod"}
    assert profiles["q"].auth.client_id == "me"
    assert profiles["q"].headers == {"X-Team": "search", "X-Env": "any"}


def test_the_key_in_the_environment_is_named_not_read(house: House) -> None:
    house.user("[profiles.p]\nurl = 'http://p'\nauth = { method = 'bearer', key_env = 'B' }")
    env = {"ELYSIADASH_API_KEY": "the-value-itself", "ELYSIADASH_PROFILE": "p"}
    configuration = house.load(env=env)
    profile = configuration.choose()
    assert profile is not None
    assert profile.auth.method == "api-key"
    assert profile.auth.key == Secret(kind="env", reference="ELYSIADASH_API_KEY")
    assert configuration.origin("profiles.p.auth").name == "ELYSIADASH_API_KEY"
    assert "the-value-itself" not in str(configuration.show())


def test_flags_and_variables_only_touch_the_profile_in_use(house: House) -> None:
    house.user("[profiles.p]\nurl = 'http://p'\n[profiles.q]\nurl = 'http://q'")
    env = {"ELYSIADASH_API_KEY": "x", "ELYSIADASH_WRITE": "1"}
    configuration = house.load({"profile": "p", "node": ["http://n:1"]}, env)
    p, q = configuration.choose("p"), configuration.choose("q")
    assert p is not None
    assert q is not None
    assert (p.write, p.nodes.unnamed, p.auth.method) == (True, ("http://n:1",), "api-key")
    assert (q.write, q.nodes.unnamed, q.auth.method) == (False, (), "none")


def test_addresses_on_the_command_line(house: House) -> None:
    flags = {
        "url": "http://h:1/",
        "node": ["wv-0=http://a:1", "http://b:1", "https://{node}.in:1"],
        "metrics_url": ["http://a:2112/metrics?"[:-1]],
    }
    profile = house.load(flags).choose()
    assert profile is not None
    assert profile.url == "http://h:1"
    assert profile.nodes.named == {"wv-0": "http://a:1"}
    assert profile.nodes.unnamed == ("http://b:1",)
    assert profile.nodes.for_node("wv-7") == "https://wv-7.in:1"
    assert profile.metrics.known() == ((None, "http://a:2112/metrics"),)


def test_empty_variables_and_absent_flags_say_nothing(house: House) -> None:
    env = dict.fromkeys(
        ("ELYSIADASH_PROFILE", "ELYSIADASH_URL", "ELYSIADASH_WRITE", "ELYSIADASH_API_KEY"), ""
    )
    configuration = house.load({"profile": None, "url": None, "node": [], "write": None}, env)
    assert configuration.choose() is None
    assert configuration.check() == []


def test_a_named_config_file_stands_in_for_the_user_s(house: House) -> None:
    house.user("[profiles.hidden]\nurl = 'http://hidden'")
    other = house.cwd / "other.toml"
    other.write_text("[profiles.p]\nurl = 'http://other'\nwrite = true")
    configuration = house.load(config_file=other)
    assert list(configuration.profiles) == ["p"]
    assert configuration.origin("profiles.p.url").layer == "user"


def test_the_nearest_project_file_is_read(house: House) -> None:
    house.project("[profiles.far]\nurl = 'http://far'")
    near = house.cwd.parent / "elysiadash.toml"
    near.write_text("[profiles.near]\nurl = 'http://near'")
    assert list(house.load().profiles) == ["near"]


def test_a_project_file_that_is_named_counts_as_the_user_s_and_once(house: House) -> None:
    house.project("[profiles.p]\nurl = 'http://p'\nwrite = true")
    configuration = house.load(config_file=house.project_file)
    assert configuration.files == (house.project_file,)
    assert configuration.profiles["p"].write
