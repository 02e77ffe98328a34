"""The config's key `journal`."""

from __future__ import annotations

import pytest

import sweeper.config as config
from sweeper.config import differences
from sweeper.core.specs import SweepSpec

TEXT = """
name: toy
metric: {{name: m, goal: maximize}}
train: beside:train
parameters: {{x: {{min: 0.0, max: 2.0}}}}
{key}
"""


@pytest.fixture
def read(tmp_path):
    (tmp_path / "beside.py").write_text("def train(trial): ...\n")

    def from_key(key: str) -> config.Loaded:
        path = tmp_path / "config.yaml"
        path.write_text(TEXT.format(key=key))
        return config.read(path)

    return from_key


def spec(loaded: config.Loaded) -> SweepSpec:
    assert loaded.problems == ()
    return loaded.spec


@pytest.mark.parametrize("key", ["", "journal: file"])
def test_the_journal_is_a_file_unless_said_otherwise(read, key):
    assert spec(read(key)).journal is None


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me@db.example.org/sweeps",
        "postgresql://me:secret@db.example.org:5433/sweeps?sslmode=require",
        "postgresql:///sweeps?host=/run/postgresql",
    ],
)
def test_a_database_is_named_by_its_url(read, url):
    assert spec(read(f'journal: "{url}"')).journal == url


@pytest.mark.parametrize(
    "value",
    [
        "mysql://me:hunter2@host/db",
        "postgresql://me:hunter2@host",
        "postgresql://me:hunter2@host:port/db",
        "sqlite:///journal.db",
        "[1]",
        "5",
    ],
)
def test_anything_else_is_a_problem_that_shows_no_password(read, value):
    (problem,) = read(f"journal: {value}").problems
    assert "journal: found" in problem
    assert "postgresql://user@host/database" in problem
    assert "hunter2" not in problem


def test_a_password_is_masked_in_the_text_that_is_kept(read):
    kept = read('journal: "postgresql://me:hunter2@host/db?sslpassword=hunter2"').text
    assert "hunter2" not in kept
    assert "postgresql://me:***@host/db" in kept


def test_a_server_that_moved_is_a_change_that_a_sweep_may_take(read):
    old, new = (spec(read(f'journal: "postgresql://{host}/db"')) for host in ("a", "b"))
    allowed, forbidden = differences(old, new)
    assert [key for key, _, _ in allowed] == ["journal"]
    assert forbidden == ()
