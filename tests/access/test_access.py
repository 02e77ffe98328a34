"""A cluster that others can reach is not spoken to without a token."""

from __future__ import annotations

import pytest

from sweeper.execution import access
from sweeper.execution.access import AccessRefused


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    """A machine without a token."""
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("address", ["192.0.2.7:6379", "http://192.0.2.7:8265", "[2001:db8::7]:1"])
def test_without_a_token_an_address_of_the_network_is_refused_with_the_way_to_set_one(address):
    with pytest.raises(AccessRefused, match=r"(?s)no token.*RAY_AUTH_MODE=token.*--generate") as e:
        access.require_token(address)
    assert e.value.exit_code == 2


@pytest.mark.parametrize("address", ["127.0.0.1:6379", "http://127.0.0.1:8265", "[::1]:6379"])
def test_loopback_needs_no_token(address):
    access.require_token(address)


def test_a_token_in_the_environment_is_taken(monkeypatch):
    monkeypatch.setenv("RAY_AUTH_TOKEN", "a" * 64)
    access.require_token("192.0.2.7:6379")
    assert access.token().source == "RAY_AUTH_TOKEN"


def test_a_token_in_the_file_that_is_named_is_taken(monkeypatch, tmp_path):
    path = tmp_path / "other"
    path.write_text("a" * 64)
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(path))
    assert access.token().source == str(path)


def test_a_named_file_that_is_missing_is_an_error_though_the_usual_one_is_there(
    monkeypatch, tmp_path
):
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("a" * 64)
    assert access.token().problem == ""
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "missing"))
    with pytest.raises(AccessRefused, match="missing, which RAY_AUTH_TOKEN_PATH names"):
        access.require_token("192.0.2.7:6379")


def test_a_token_that_the_mode_keeps_from_being_shown_is_none(monkeypatch):
    monkeypatch.setenv("RAY_AUTH_TOKEN", "a" * 64)
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with pytest.raises(AccessRefused, match="RAY_AUTH_MODE is 'disabled'"):
        access.require_token("192.0.2.7:6379")


def test_an_empty_token_is_none(tmp_path):
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("\n")
    with pytest.raises(AccessRefused, match="is empty"):
        access.require_token("192.0.2.7:6379")


def test_the_token_itself_is_never_told(monkeypatch):
    monkeypatch.setenv("RAY_AUTH_TOKEN", "secret-token")
    assert "secret-token" not in repr(access.token())
