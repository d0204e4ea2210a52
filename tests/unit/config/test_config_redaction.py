"""What looks like a credential is masked wherever it turns up."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elysiadash.config.redaction import forget_secrets, redact, register_secret

VALUE = "s3cr3t-value-x"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {VALUE}",
        f"authorization: Basic {VALUE}==",
        f"{{'Authorization': 'Bearer {VALUE}'}}",
        f'{{"authorization":"Bearer {VALUE}"}}',
        f"[(b'authorization', b'Bearer {VALUE}')]",
        f"Proxy-Authorization: {VALUE}",
        f"sent bearer {VALUE} to it",
        f"X-OpenAI-Api-Key: {VALUE}",
        f"api_key={VALUE}",
        f"client_secret={VALUE}&grant_type=client_credentials",
        f'{{"access_token": "{VALUE}", "expires_in": 300}}',
        f"cookie: {VALUE}",
        f"http://user:{VALUE}@host:8080/v1",
        f"https://{VALUE}@host/v1",
        f"http://user:p@{VALUE}@host",
        f"GET /v1/meta?token={VALUE}",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0" + VALUE + ".c2ln",
    ],
)
def test_credentials_are_masked(text: str) -> None:
    assert VALUE not in redact(text)
    assert "***" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://localhost:8080/v1/meta?output=minimal",
        "mail to ops@example.com about http://host/a@b",
        "3 tokens left in the queue",
        "the bearer of bad news",
        'methods: "none", "api-key", "bearer", "oidc"',
        "collection Authors, shard Keys",
    ],
)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_the_host_of_an_address_stays_readable() -> None:
    assert redact("http://user:pw@host:8080/v1") == "http://***@host:8080/v1"


def test_what_follows_a_credential_stays_readable() -> None:
    assert redact(f"Authorization: Bearer {VALUE}, status 401") == "Authorization: ***, status 401"


def test_a_value_inside_a_longer_one_does_not_leave_a_rest() -> None:
    register_secret("abcd")
    register_secret("abcdefgh")
    assert redact("x abcdefgh y") == "x *** y"


def test_short_values_would_mask_everything_and_are_not_kept() -> None:
    register_secret("1")
    assert redact("shard 1 of 11") == "shard 1 of 11"


def test_the_latest_values_are_kept() -> None:
    register_secret("the-very-first")
    for number in range(1024):
        register_secret(f"value-number-{number:05}")
    assert redact("the-very-first") == "the-very-first"
    assert redact("value-number-00000") == "***"


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="*"), min_size=4), st.text(), st.text())
def test_a_registered_value_never_survives(value: str, before: str, after: str) -> None:
    forget_secrets()
    register_secret(value)
    assert value not in redact(f"{before}{value}{after}")


@pytest.mark.parametrize(
    "unit", ["api-key", "a.a", "eyJ-", "://", "authorization", "bearer ", 'key"', "x"]
)
def test_long_texts_cost_linear_time(unit: str) -> None:
    def cost(length: int) -> float:
        text = unit * (length // len(unit))
        started = time.process_time()
        redact(text)
        return time.process_time() - started

    small = max(min(cost(10_000) for _ in range(3)), 1e-4)
    # Ten times the text; a hundred times the time would be quadratic.
    assert min(cost(100_000) for _ in range(2)) < 40 * small
