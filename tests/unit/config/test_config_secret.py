"""A secret is looked up when needed, and its value shows nowhere."""

from __future__ import annotations

import contextlib
import os
import time
import traceback
from pathlib import Path

import pytest
from rich.pretty import pretty_repr

from elysiadash.config import secret as secret_module
from elysiadash.config.profile import Auth, Profile, Secret, SecretUnavailable
from elysiadash.config.redaction import redact

VALUE = "hunter2-very-secret"


def test_each_source_gives_the_stripped_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_KEY", f" {VALUE}\n")
    file = tmp_path / "key"
    file.write_text(f"{VALUE}\n")

    assert Secret(kind="env", reference="SOME_KEY").reveal() == VALUE
    assert Secret(kind="file", reference=str(file)).reveal() == VALUE
    assert Secret(kind="command", reference=f"echo '{VALUE}'").reveal() == VALUE
    assert Secret(kind="clear", reference=VALUE).reveal() == VALUE


def test_a_given_environment_is_used_instead_of_the_process_s() -> None:
    secret = Secret(kind="env", reference="ELSEWHERE")
    assert secret.reveal({"ELSEWHERE": VALUE}) == VALUE


def test_the_home_folder_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "key").write_text(VALUE)
    assert Secret(kind="file", reference="~/key").reveal() == VALUE


def test_a_command_runs_without_a_shell(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    assert Secret(kind="command", reference=f"echo $HOME; touch {witness}").reveal() == (
        f"$HOME; touch {witness}"
    )
    assert not witness.exists()


def test_revealing_registers_the_value_for_redaction() -> None:
    assert redact(f"got {VALUE}") == f"got {VALUE}"
    Secret(kind="clear", reference=VALUE).reveal()
    assert redact(f"got {VALUE}") == "got ***"


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        (Secret(kind="env", reference="NAME"), "Secret(env:NAME)"),
        (Secret(kind="file", reference="/run/key"), "Secret(file:/run/key)"),
        (Secret(kind="command", reference="vault"), "Secret(command:vault)"),
        (Secret(kind="command", reference=f"curl -H {VALUE}"), "Secret(command:curl …)"),
        (Secret(kind="clear", reference=VALUE), "Secret(clear:***)"),
    ],
)
def test_text_forms_name_the_source_only(secret: Secret, shown: str) -> None:
    assert repr(secret) == str(secret) == f"{secret}" == shown
    profile = Profile(
        name="p", url="http://x", auth=Auth(method="bearer", key=secret), headers={"X-A": secret}
    )
    for text in (repr(profile), str(profile), pretty_repr(profile), pretty_repr([secret])):
        assert VALUE not in text


def unavailable(secret: Secret) -> SecretUnavailable:
    with pytest.raises(SecretUnavailable) as caught:
        secret.reveal({})
    printed = "".join(traceback.format_exception(caught.value))
    assert VALUE not in printed
    return caught.value


def test_what_a_source_lacks_is_said_with_a_way_out(tmp_path: Path) -> None:
    missing = unavailable(Secret(kind="env", reference="NOT_THERE"))
    assert str(missing) == (
        "env:NOT_THERE: the variable is not set; export NOT_THERE before the start"
    )
    assert "No such file" in str(unavailable(Secret(kind="file", reference=str(tmp_path / "no"))))
    assert "cannot be read" in str(unavailable(Secret(kind="file", reference=str(tmp_path))))
    absent = unavailable(Secret(kind="command", reference="no-such-program-here x"))
    assert str(absent).startswith("command:no-such-program-here …: cannot be started")
    assert "open quote" in str(unavailable(Secret(kind="command", reference='echo "')))
    assert "is empty" in str(unavailable(Secret(kind="command", reference=" ")))


def test_an_empty_value_is_none(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")
    assert "is empty" in str(unavailable(Secret(kind="file", reference=str(empty))))
    assert "is empty" in str(unavailable(Secret(kind="command", reference="true")))


def test_a_failing_command_is_told_by_its_code_not_by_its_words() -> None:
    secret = Secret(kind="command", reference=f"sh -c 'echo {VALUE}; echo {VALUE} >&2; exit 3'")
    assert "ended with code 3" in str(unavailable(secret))


def test_a_value_that_would_break_out_of_its_header_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{VALUE}\nSet-Cookie: a")
    assert "more than one line" in str(unavailable(Secret(kind="file", reference=str(file))))


def test_bytes_that_are_no_text_do_not_reach_the_traceback(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(VALUE.encode() + b"\xff")
    error = unavailable(Secret(kind="file", reference=str(file)))
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_an_endless_file_ends(tmp_path: Path) -> None:
    assert "longer than 64 KiB" in str(unavailable(Secret(kind="file", reference="/dev/zero")))


def test_a_command_that_hangs_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_module, "COMMAND_TIMEOUT_S", 0.3)
    witness = tmp_path / "witness"
    os.mkfifo(witness)
    reader = os.open(witness, os.O_RDONLY | os.O_NONBLOCK)
    secret = Secret(kind="command", reference=f"sh -c 'sleep 60 > {witness} & wait'")

    assert "gave no answer within 0.3 s" in str(unavailable(secret))

    # As long as the child lives it holds the other end open, and reading would block.
    for _ in range(500):
        with contextlib.suppress(BlockingIOError):
            assert os.read(reader, 1) == b""
            break
        time.sleep(0.01)
    else:
        pytest.fail("the command's child is still running")
    os.close(reader)
