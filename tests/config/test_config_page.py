"""docs/config.md names every key that reading a config asks for, and its config is a good one."""

from __future__ import annotations

from pathlib import Path

import pytest

import sweeper.config as config
from sweeper.config import schema
from sweeper.config.cursor import Cursor

PAGE = Path(__file__).parents[2] / "docs" / "config.md"
FREE = ("model", "parameters", "preprocess")
"""Sections of names that users choose: their keys are told without the path before them."""


@pytest.fixture
def page():
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture
def asked(page, tmp_path, monkeypatch):
    """Every (path, known keys) that reading the page's config asks for."""
    found = set()
    fields = Cursor.fields

    def noted(self, known, required=()):
        found.update((self.path, key) for key in known)
        return fields(self, known, required)

    monkeypatch.setattr(Cursor, "fields", noted)
    path = tmp_path / "config.yaml"
    path.write_text(page.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    for overrides in ((), ("data.holdout={column: a, value: b}",), ("cv={split_by: a}",)):
        loaded = config.read(path, overrides)
        assert loaded.problems == ()
        assert loaded.warnings == ()
    return found


def test_every_top_level_key_is_told(page):
    for key in schema.KEYS:
        assert f"`{key}`" in page


def test_every_nested_key_is_told_by_its_path(page, asked):
    nested = {(path, key) for path, key in asked if path and path[0] not in FREE}
    assert len(nested) > 30
    for path, key in nested:
        parts = ("metric", key) if path[0] == "metrics" else (*path, key)
        assert f"`{'.'.join(parts)}`" in page


def test_every_key_of_a_model_and_a_parameter_is_told(page, asked):
    inner = {key for path, key in asked if path and path[0] in FREE}
    assert {"estimator", "parameters", "choose", "fit", "validation"} <= inner
    for key in inner:
        assert f"`{key}`" in page or f"{key}:" in page
