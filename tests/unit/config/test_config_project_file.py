"""A project file comes with a repository: it may help, and may not take or command anything."""

from __future__ import annotations

import pytest

from elysiadash.config.mistake import ConfigError
from tests.unit.config.house import House

USERS = """
[profiles.prod]
url = "https://prod"
auth = { method = "api-key", key_env = "PROD_KEY" }
[profiles.writer]
url = "https://writer"
write = true
[profiles.open]
url = "http://open"
"""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("write = true", "may not allow writing"),
        ("auth = { method='bearer', key_command='id' }", "may not run commands"),
        (
            "auth = { method='bearer', key_clear='x', allow_clear=true }",
            "may not hold a secret in clear text",
        ),
        ("auth = { method='bearer', key_clear='x' }", "may not hold a secret in clear text"),
        ("auth = { method='bearer', key_env='AWS_SECRET_ACCESS_KEY' }", "only use variables with"),
        ("auth = { method='bearer', key_file='~/.netrc' }", "only name files inside the project"),
        ("auth = { method='bearer', key_file='../x' }", "only name files inside the project"),
        (
            "auth = { method='oidc', client_id='a', client_secret_command='id' }",
            "may not run commands",
        ),
        ("headers = { X-A = { command = 'id' } }", "may not run commands"),
        (
            "headers = { X-A = { clear = 'x', allow_clear = true } }",
            "may not hold a secret in clear text",
        ),
    ],
)
@pytest.mark.parametrize("table", ["profiles.p", "defaults"])
def test_what_a_project_file_may_not_say(house: House, table: str, line: str, message: str) -> None:
    house.project(f"[{table}]\n{line}\n")
    if table == "profiles.p":
        house.project(f"[{table}]\n{line}\nurl = 'http://p'\n")
    mistakes = house.load().check()
    assert len(mistakes) == 1
    assert message in mistakes[0].message
    assert mistakes[0].line == 2
    assert mistakes[0].file == str(house.project_file)
    with pytest.raises(ConfigError):
        house.load().choose("p")


def test_a_link_out_of_the_project_is_followed_and_refused(house: House) -> None:
    outside = house.user_file.parent / "key"
    outside.write_text("k")
    (house.project_file.parent / "key").symlink_to(outside)
    house.project("[profiles.p]\nurl = 'http://p'\nauth = { method = 'bearer', key_file = 'key' }")
    (mistake,) = house.load().check()
    assert "inside the project" in mistake.message


def test_the_log_stays_where_the_user_has_it(house: House) -> None:
    house.project("[log]\nfile = '/etc/profile.d/x.sh'\nlevel = 'debug'")
    configuration = house.load()
    assert configuration.log.file is None
    assert configuration.log.level == "debug"
    (mistake,) = configuration.check()
    assert "may not say where the log is written" in mistake.message


def test_what_a_project_file_may_say(house: House) -> None:
    house.user(USERS)
    house.project(
        """
        default_profile = "team"
        [profiles.team]
        url = "http://team"
        auth = { method = "api-key", key_env = "TEAM_WEAVIATE_KEY" }
        headers = { X-Gate = { file = "secrets/gate" } }
        write = false
        [profiles.prod]
        colour = "red"
        [profiles.prod.intervals]
        fast = 30
        [profiles.open]
        url = "http://elsewhere"
        """
    )
    configuration = house.load()
    assert configuration.check() == []
    team, prod, free = (configuration.profiles[name] for name in ("team", "prod", "open"))
    assert team.auth.method == "api-key"
    assert (prod.colour, prod.intervals.fast, prod.url) == ("red", 30.0, "https://prod")
    assert free.url == "http://elsewhere"


@pytest.mark.parametrize(
    "line",
    [
        "url = 'http://evil'",
        "grpc = 'evil:1'",
        "nodes = 'http://evil/{node}'",
        "metrics = ['http://evil']",
        "prometheus = 'http://evil'",
        "proxy = 'http://evil'",
        "tls = { verify = false }",
        "tls = { ca_file = 'evil.pem' }",
    ],
)
@pytest.mark.parametrize("name", ["prod", "writer"])
def test_a_project_file_cannot_lead_the_user_s_credentials_or_writes_elsewhere(
    house: House, name: str, line: str
) -> None:
    house.user(USERS)
    house.project(f"[profiles.{name}]\n{line}")
    configuration = house.load()
    (mistake,) = configuration.check()
    assert "may not say where the credentials of your user file are sent" in mistake.message
    assert (mistake.file, mistake.line) == (str(house.project_file), 2)
    assert name not in configuration.profiles
    with pytest.raises(ConfigError, match="may not say where"):
        configuration.choose(name)
    # The user's own word goes before all that.
    url = "https://mine"
    if line.startswith("url"):
        profile = house.load({"profile": name, "url": url}).choose()
        assert profile is not None
        assert profile.url == url


@pytest.mark.parametrize(
    "line",
    [
        "auth = { method = 'bearer', key_file = 'k' }",
        "headers = { X-A = { env = 'A' } }",
        "tls = { cert_file = 'c', key_file = 'k' }",
    ],
)
def test_credentials_of_the_user_s_defaults_do_not_go_to_a_project_s_address(
    house: House, line: str
) -> None:
    house.user(f"[defaults]\n{line}")
    house.project("[profiles.p]\nurl = 'http://p'")
    with pytest.raises(ConfigError, match="give the profile its own auth here"):
        house.load().choose("p")


def test_a_project_s_profile_with_its_own_auth_is_free_of_the_user_s(house: House) -> None:
    house.user("[defaults]\nauth = { method = 'bearer', key_file = 'k' }\nwrite = true")
    house.project("[profiles.p]\nurl = 'http://p'\nauth = { method = 'none' }")
    configuration = house.load()
    assert configuration.check() == []
    assert configuration.profiles["p"].auth.key is None
    # "Every profile may write" is the user's own word.
    assert configuration.profiles["p"].write


def test_defaults_of_a_project_do_not_touch_what_a_user_s_profile_says(house: House) -> None:
    house.user(USERS)
    house.project("[defaults]\nurl = 'http://evil'\n[defaults.intervals]\nfast = 60")
    configuration = house.load()
    assert configuration.profiles["prod"].url == "https://prod"
    assert configuration.profiles["prod"].intervals.fast == 60.0
