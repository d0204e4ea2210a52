"""Every mistake in a file is found at once, with its line, what was expected, the nearest name."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elysiadash.config.configuration import load
from elysiadash.config.document import read_document
from elysiadash.config.fields import TUNING, fields_of
from elysiadash.config.mistake import Mistake
from elysiadash.config.profile import Profile
from tests.unit.config.house import House

PASSWORD = "pa55word-in-the-file"


def one(house: House, text: str) -> Mistake:
    """The only mistake of a user file."""
    house.user(text)
    mistakes = house.load().check()
    assert len(mistakes) == 1, "\n".join(map(str, mistakes))
    assert mistakes[0].file == str(house.user_file)
    return mistakes[0]


def in_profile(line: str) -> str:
    return f'[profiles.p]\nurl = "http://h:1"\n{line}\n'


def test_a_right_file_has_no_mistakes(house: House) -> None:
    house.user(
        """
        default_profile = "prod"
        [log]
        level = "debug"
        max_bytes = 100_000
        [defaults]
        write = true
        [defaults.intervals]
        fast = 10
        [profiles.prod]
        url = "https://weaviate.example.com/base/"
        grpc = "[::1]:50051"
        nodes = "http://{node}.weaviate-headless:8080"
        metrics = ["http://a:2112/metrics", "http://b:2112/metrics"]
        prometheus = "http://prometheus:9090"
        auth = { method = "oidc", client_id = "me", client_secret_file = "secret", scopes = ["a"] }
        headers = { X-Team = "search", X-Api-Key = { env = "GATE" } }
        tls = { verify = true, ca_file = "ca.pem" }
        proxy = "http://proxy:3128"
        environment = "prod eu-1"
        colour = "#b02a37"
        [profiles.dev]
        url = "http://localhost:8080"
        nodes = { wv-0 = "http://a:8080" }
        auth = { method = "api-key", key_clear = "test-key", allow_clear = true }
        """
    )
    configuration = house.load()
    assert configuration.check() == []
    prod = configuration.choose()
    assert prod is not None
    assert prod.name == "prod"
    assert prod.url == "https://weaviate.example.com/base"
    assert prod.intervals.fast == 10.0
    assert isinstance(prod.intervals.fast, float)
    assert prod.write
    assert prod.tls.ca_file == str(house.user_file.parent / "ca.pem")
    assert prod.auth.client_secret is not None
    assert prod.auth.client_secret.reference == str(house.user_file.parent / "secret")
    assert prod.metrics.unnamed == ("http://a:2112/metrics", "http://b:2112/metrics")
    assert configuration.log.level == "debug"
    assert configuration.profiles["dev"].nodes.for_node("wv-0") == "http://a:8080"


def test_an_unknown_key_is_told_with_its_line_and_the_nearest_name(house: House) -> None:
    mistake = one(house, in_profile("[profiles.p.intervals]\nfst = 3"))
    assert (mistake.key, mistake.line, mistake.nearest) == ("profiles.p.intervals.fst", 4, "fast")
    assert str(mistake) == (
        f"{house.user_file}:4: profiles.p.intervals.fst: unknown key (did you mean fast?)"
    )


@pytest.mark.parametrize(
    ("text", "key", "line", "nearest"),
    [
        ("defalt_profile = 'x'", "defalt_profile", 1, "default_profile"),
        ("\n[profile.x]\nurl = 1", "profile", 2, "profiles"),
        ("[log]\nlvl = 'info'", "log.lvl", 2, "level"),
        ("[log]\nlevel = 'inof'", "log.level", 2, "info"),
        (in_profile("Write_ = false"), "profiles.p.Write_", 3, "write"),
        (in_profile("tls = { verfy = false }"), "profiles.p.tls.verfy", 3, "verify"),
        (in_profile("auth = { metod = 'none' }"), "profiles.p.auth.metod", 3, "method"),
        (
            in_profile("auth = { method = 'apikey', key_env = 'A' }"),
            "profiles.p.auth.method",
            3,
            "api-key",
        ),
        (in_profile("zzzzqqqq = 1"), "profiles.p.zzzzqqqq", 3, None),
        ("[profiles.p]\nurl = 'localhost:8080'", "profiles.p.url", 2, "http://localhost:8080"),
    ],
)
def test_nearest_valid_names(
    house: House, text: str, key: str, line: int, nearest: str | None
) -> None:
    mistake = one(house, text)
    assert (mistake.key, mistake.line, mistake.nearest) == (key, line, nearest)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("url = 3", "expected a text in quotes, found an integer"),
        ("write = 'yes'", "expected true or false, without quotes, found a text"),
        ("colour = 'Very Red'", 'expected a colour such as "#b02a37" or "red"'),
        ('environment = "a\\nb"', "holds a line break or control characters"),
        ("grpc = 'http://h:1'", "expected HOST:PORT without http://"),
        ("grpc = 'h:70000'", "expected HOST:PORT"),
        ("nodes = 1979-05-27", "found a date or time"),
        ("nodes = 'http://one:1'", "a template needs {node}"),
        ("tls = true", "expected a table, found a boolean"),
        ("intervals = [1]", "expected a table, found a list"),
        ("headers = 'x'", "expected a table, found a text"),
        ("intervals = { fast = '5' }", "expected a number from 1 to 3600, found a text"),
        ("intervals = { fast = true }", "expected a number from 1 to 3600, found a boolean"),
        ("intervals = { fast = 0.5 }", "expected a number from 1 to 3600, found 0.5"),
        ("intervals = { fast = nan }", "expected a number from 1 to 3600, found nan"),
        ("intervals = { fast = inf }", "expected a number from 1 to 3600, found inf"),
        ("timeouts = { read = 0 }", "expected a number above 0 and up to 600, found 0"),
        ("limits = { retries = 1.0 }", "expected an integer from 0 to 10, found a fraction"),
        ("limits = { retries = -1 }", "expected an integer from 0 to 10, found -1"),
        ("thresholds = { vector_queue_warn = -1 }", "expected an integer of at least 0"),
        (f"intervals = {{ fast = 1{'0' * 400} }}", "found a much larger one"),
    ],
)
def test_wrong_types_and_ranges_say_what_was_expected(
    house: House, line: str, message: str
) -> None:
    text = f"[profiles.p]\n{line}\n" if line.startswith("url") else in_profile(line)
    mistake = one(house, text)
    assert message in mistake.message
    assert mistake.line == text.split("\n").index(line) + 1


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://h", "http:// or https://"),
        ("h", "http:// or https://"),
        ("http:/h", "http:// or https://"),
        ("http://", "expected http://HOST:PORT"),
        ("http://h:0", "expected http://HOST:PORT"),
        ("http://h:99999", "no valid address"),
        ("http://[::1", "no valid address"),
        ("http://h a", "holds no spaces"),
        ("http://h?x=1", "without ?query"),
        ("http://h#", "without ?query and #fragment"),
        ("", "found an empty one"),
        (f"http://user:{PASSWORD}@h", "user name or password"),
        (f"http://{PASSWORD}@h", "user name or password"),
    ],
)
@pytest.mark.parametrize("form", ["url", "nodes", "prometheus", "proxy", "token_url"])
def test_addresses(house: House, url: str, message: str, form: str) -> None:
    lines = {
        "url": f'url = "{url}"',
        "nodes": f'url = "http://a"\nnodes = ["http://a:1", "{url}"]',
        "prometheus": f'url = "http://a"\nprometheus = "{url}"',
        "proxy": f'url = "http://a"\nproxy = "{url}"',
        "token_url": (
            'url = "http://a"\n'
            'auth = { method = "oidc", client_id = "a", client_secret_env = "B", '
            f'token_url = "{url}" }}'
        ),
    }
    mistake = one(house, f"[profiles.p]\n{lines[form]}\n")
    assert message in mistake.message
    assert PASSWORD not in str(mistake)


@pytest.mark.parametrize(
    ("auth", "key", "message"),
    [
        ("'none'", "auth", "expected a table such as"),
        ("{ method = 'api-key' }", "auth", "api-key needs key_env, key_command or key_file"),
        ("{ method = 'oidc', client_id = 'a' }", "auth", "oidc needs client_id and client_secret"),
        ("{ key_env = 'A' }", "auth", "method is missing"),
        ("{ method = 'none', key_env = 'A' }", "auth", "but the method is none"),
        ("{ method = 'oidc', key_env = 'A' }", "auth", "oidc takes client_id and client_secret"),
        (
            "{ method = 'bearer', key_env = 'A', key_file = 'b' }",
            "auth.key_file",
            "key_env and key_file are given; keep one",
        ),
        ("{ method = 'bearer', key = 'PW' }", "auth.key", "unknown key"),
        ("{ method = 'bearer', key_env = 'PW' }", "auth.key_env", "name of a variable"),
        ("{ method = 'bearer', key_clear = 'PW' }", "auth.key_clear", "to insist, add allow_clear"),
        ("{ method = 'bearer', key_file = '' }", "auth.key_file", "found an empty one"),
        (
            "{ method = 'oidc', client_id = 'a', client_secret_clear = 'PW' }",
            "auth.client_secret_clear",
            "better client_secret_env, client_secret_command or client_secret_file",
        ),
        ("{ method = 'none', scopes = 'a' }", "auth.scopes", "expected a list of texts"),
    ],
)
def test_credentials(house: House, auth: str, key: str, message: str) -> None:
    mistake = one(house, in_profile(f"auth = {auth.replace('PW', PASSWORD)}"))
    assert mistake.key == f"profiles.p.{key}"
    assert mistake.line == 3
    assert message in mistake.message
    assert PASSWORD not in str(mistake)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("Authorization = 'PW'", "looks like a secret and is refused as plain text"),
        ("X-OpenAI-Api-Key = 'PW'", "looks like a secret"),
        ("X-Token = 'PW'", "looks like a secret"),
        ("Cookie = 'PW'", "looks like a secret"),
        ("X-A = { clear = 'PW' }", "to insist, add allow_clear"),
        ("X-A = {}", "expected one source"),
        ("X-A = { env = 'A', file = 'b' }", "env and file are given"),
        ("X-A = { evn = 'A' }", "unknown key"),
        ("X-A = 3", "expected a text in quotes"),
        ("'X A' = 'b'", "no valid name of a header"),
        ("X-A = 'ü'", "ASCII"),
    ],
)
def test_headers(house: House, header: str, message: str) -> None:
    house.user(in_profile(f"headers = {{ {header.replace('PW', PASSWORD)} }}"))
    mistakes = house.load().check()
    assert any(message in mistake.message for mistake in mistakes)
    assert all(mistake.line == 3 for mistake in mistakes)
    assert PASSWORD not in "".join(map(str, mistakes))


def test_a_header_twice_is_told(house: House) -> None:
    mistake = one(house, in_profile("[profiles.p.headers]\nX-Team = 'a'\nx-team = 'b'"))
    assert (mistake.line, mistake.message) == (5, "is the same header as X-Team")


def test_all_mistakes_come_at_once_in_the_order_of_their_lines(house: House) -> None:
    house.user(
        """\
        colour = 1
        default_profile = "prud"
        [profiles.prod]
        url = "http://a b"
        write = 1
        [profiles."bad name"]
        url = "http://a"
        [profiles.empty]
        [profiles.prod.thresholds]
        tombstone_ratio_warn = 0.9
        [profiles.dev]
        url = "http://dev"
        tls.key_file = "k"
        """
    )
    found = [(m.line, m.key) for m in house.load().check()]
    assert found == [
        (1, "colour"),
        (2, "default_profile"),
        (4, "profiles.prod.url"),
        (5, "profiles.prod.write"),
        (6, 'profiles."bad name"'),
        (8, "profiles.empty.url"),
        (10, "profiles.prod.thresholds.tombstone_ratio_warn"),
        (13, "profiles.dev.tls.key_file"),
    ]


def test_a_syntax_error_has_its_line(house: House) -> None:
    mistake = one(house, 'a = 1\nb = "open\n')
    assert mistake.line == 2
    assert mistake.message.startswith("is no valid TOML")
    assert "line" not in mistake.message


def test_a_file_cut_off_has_its_last_line(house: House) -> None:
    assert one(house, "a = 1\nb = [1,\n").line == 3


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"a = 1\n\xff = 2", 2, "is not UTF-8 text"),
        (b"a = " + b"9" * 5000, None, "too long or nested too deeply"),
        (b"a = " + b"[" * 100_000, None, "too long or nested too deeply"),
        (b"#" * (1024 * 1024 + 1), None, "is larger than 1024 KiB"),
    ],
    ids=["bytes", "long number", "deep list", "long file"],
)
def test_files_that_no_one_meant(
    house: House, content: bytes, line: int | None, message: str
) -> None:
    house.user_file.write_bytes(content)
    (mistake,) = house.load().check()
    assert mistake.line == line
    assert message in mistake.message


def test_a_byte_order_mark_and_windows_line_ends_are_fine(house: House) -> None:
    house.user_file.write_bytes("\ufeff[profiles.p]\r\nurl = 3\r\n".encode())
    (mistake,) = house.load().check()
    assert (mistake.line, mistake.key) == (2, "profiles.p.url")


def test_a_file_that_cannot_be_read_is_told(house: House) -> None:
    house.user_file.mkdir()
    (mistake,) = house.load().check()
    assert mistake.message == "cannot be read: Is a directory"


def test_a_config_file_that_is_named_must_exist(house: House) -> None:
    (mistake,) = house.load(config_file=house.cwd / "absent.toml").check()
    assert mistake.file == str(house.cwd / "absent.toml")
    assert "No such file" in mistake.message


def test_no_file_at_all_is_fine(house: House) -> None:
    configuration = house.load()
    assert configuration.check() == []
    assert configuration.choose() is None


@pytest.mark.parametrize(("mode", "count"), [(0o600, 0), (0o640, 1), (0o604, 1), (0o660, 1)])
def test_clear_secrets_in_a_file_that_others_read(house: House, mode: int, count: int) -> None:
    house.user(
        in_profile(f"auth = {{method='bearer', key_clear='{PASSWORD}', allow_clear=true}}"), mode
    )
    mistakes = house.load().check()
    assert len(mistakes) == count
    if count:
        assert f"chmod 600 {house.user_file}" in mistakes[0].message
    assert house.load().choose("p") is not None


def test_a_file_without_clear_secrets_may_be_read_by_all(house: House) -> None:
    house.user(in_profile("auth = {method='bearer', key_env='A'}"), 0o644)
    assert house.load().check() == []


def test_flags_and_variables_are_checked_too(house: House) -> None:
    configuration = house.load(
        flags={"node": ["htp://x"], "auth": PASSWORD, "log_level": "loud"},
        env={"ELYSIADASH_URL": "nowhere", "ELYSIADASH_WRITE": "perhaps"},
    )
    assert [(m.file, m.key) for m in configuration.check()] == [
        ("command line", "--node"),
        ("command line", "--auth"),
        ("command line", "--log-level"),
        ("environment", "ELYSIADASH_URL"),
        ("environment", "ELYSIADASH_WRITE"),
    ]
    assert PASSWORD not in "".join(map(str, configuration.check()))


def test_a_flag_that_does_not_exist_is_the_caller_s_mistake(house: House) -> None:
    with pytest.raises(ValueError, match="unknown flags urls"):
        house.load(flags={"urls": "x"})


def test_odd_keys_print_on_one_line_without_escapes(house: House) -> None:
    house.user('"a\\u001b[31m\\nb" = 1')
    (mistake,) = house.load().check()
    assert str(mistake).isprintable()


# Names that mean something, so that arbitrary files get past the first table.
known_names = st.sampled_from(
    [
        *("default_profile", "log", "defaults", "profiles", "prod", "level", "X-A", "env", "clear"),
        *(field.name for field in fields_of(Profile)),
        *(field.name for struct in TUNING.values() for field in fields_of(struct)),
        *("method", "key_env", "key_clear", "allow_clear", "scopes", "verify", "ca_file"),
    ]
)
toml_values = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=12),
        st.sampled_from(["http://a:1", "http://{node}:1", "api-key", "prod", "a:b", "http://u@h"]),
        st.dates(),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(known_names, st.text(max_size=5)), inner, max_size=4),
    ),
    max_leaves=20,
)
toml_files = st.dictionaries(st.one_of(known_names, st.text(max_size=5)), toml_values, max_size=5)
profile_files = st.fixed_dictionaries(
    {},
    optional={
        "default_profile": toml_values,
        "log": toml_values,
        "defaults": st.dictionaries(known_names, toml_values, max_size=4),
        "profiles": st.dictionaries(
            st.sampled_from(["prod", "dev", "x y"]),
            st.dictionaries(known_names, toml_values, max_size=5),
            max_size=3,
        ),
    },
)


@pytest.fixture(scope="module")
def shared_house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("house"))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(user=st.one_of(toml_files, profile_files), project=profile_files)
def test_check_and_show_never_raise_on_any_toml(
    shared_house: House, user: dict[str, Any], project: dict[str, Any]
) -> None:
    house = shared_house
    house.user_file.write_text(tomli_w.dumps(user))
    house.project_file.write_text(tomli_w.dumps(project))
    configuration = house.load()
    lines = {str(path): len(path.read_text().split("\n")) for path in configuration.files}
    for mistake in configuration.check():
        assert str(mistake).isprintable()
        assert mistake.line is None or 1 <= mistake.line <= lines[mistake.file]
    for row in configuration.show():
        assert all(text.isprintable() for text in row)
    # Whatever else is wrong: a profile is either usable or says why it is not.
    assert not set(configuration.profiles) & set(configuration.broken)
    assert all(configuration.broken.values())


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.binary(max_size=80))
def test_check_never_raises_on_any_bytes(shared_house: House, content: bytes) -> None:
    shared_house.project_file.unlink(missing_ok=True)
    shared_house.user_file.write_bytes(content)
    mistakes = shared_house.load().check()
    try:
        data = tomllib.loads(content.decode("utf-8-sig"))
    except ValueError:
        assert mistakes
    else:
        assert bool(mistakes) == bool(data)


def test_relative_folders_are_those_of_the_process(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.project("[profiles.p]\nurl = 'http://here'")
    monkeypatch.chdir(house.cwd)
    configuration = load({}, {"ELYSIADASH_CONFIG_DIR": os.fspath(house.cwd)}, Path(), None)
    assert configuration.profiles["p"].url == "http://here"


def test_a_pipe_in_place_of_the_settings_is_told_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    os.mkfifo(path)
    document = read_document(path, "user")
    assert [mistake.message for mistake in document.mistakes] == ["is not a file"]
