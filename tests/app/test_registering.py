"""What goes before registering."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from sweeper.app import registering
from sweeper.app.directory import Directory
from sweeper.app.registering import Registering
from sweeper.core.records import Phase
from sweeper.core.specs import TrackingSpec


def looks(monkeypatch, tmp_path, phases, register="m", uri=None):
    """What was imported for, by a launch that was in these phases."""
    asked = []
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(registering, "load", asked.append)
    spec = SimpleNamespace(register=register, tracking=TrackingSpec(uri=uri))
    ahead = Registering(SimpleNamespace(spec=spec), Directory(tmp_path / "s"), None, dict)
    before = set(threading.enumerate())
    for phase in phases:
        ahead.foresee(SimpleNamespace(spec=spec, phase=phase))
    for thread in set(threading.enumerate()) - before:
        thread.join()
    return asked


@pytest.mark.parametrize(
    ("phases", "register", "times"),
    [
        ([Phase.SEARCH, Phase.REVIVAL], "m", 0),
        ([Phase.SEARCH, Phase.REFIT, Phase.REFIT, Phase.HOLDOUT], "m", 1),
        ([Phase.HOLDOUT], "m", 1),
        ([Phase.REFIT], None, 0),
    ],
)
def test_mlflow_is_imported_once_beside_the_last_runs(
    monkeypatch, tmp_path: Path, phases, register, times
) -> None:
    asked = looks(monkeypatch, tmp_path, phases, register)
    assert asked == [f"sqlite:///{tmp_path}/mlflow.db"] * times


def test_a_store_that_cannot_be_is_news_of_registering_itself(monkeypatch, tmp_path: Path) -> None:
    assert looks(monkeypatch, tmp_path, [Phase.REFIT], uri="./mlruns") == []
