from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sweeper.core.specs import Gate
from sweeper.ports import Champion, Registration
from sweeper.registry.verdict import Decision, decide

VERSUS = {"metric": "auc", "difference": 0.02, "low": 0.01, "high": 0.03, "better": True}
LINEAGE: dict[str, Any] = {
    "data": {"sha256": "data", "holdout_sha256": "same holdout"},
    "metric": {"name": "auc"},
    "parents": [{"model": "income", "version": 1, "alias": "champion"}],
}
REGISTRATION = Registration(
    sweep="income",
    sweep_id="s",
    model="income",
    alias="champion",
    when="better",
    gate=Gate(),
    by="her@there",
    model_file="",
    columns=(),
    task="classification",
    target="y",
    classes=(),
    lineage=LINEAGE,
    holdout={"versus_champion": VERSUS},
)
CHAMPION = Champion("income", 1, "same holdout", "data", "auc", None)


def after(champion: Champion | None = CHAMPION, **changes: Any) -> Decision:
    return decide(replace(REGISTRATION, **changes), 2, champion)


def versus(**changes: Any) -> dict[str, Any]:
    return {"versus_champion": {**VERSUS, **changes}}


def test_the_first_version_takes_the_alias() -> None:
    assert after(champion=None, holdout=None).moves


def test_a_better_one_takes_it_and_the_interval_is_told() -> None:
    decision = after()
    assert decision.moves
    assert "its auc is better by 0.02" in decision.verdict
    assert "95 % interval +0.01 to +0.03" in decision.verdict


def test_one_that_is_not_shown_to_be_better_does_not() -> None:
    decision = after(holdout=versus(better=False, low=-0.01))
    assert not decision.moves
    assert "-0.01 to +0.03" in decision.verdict
    assert "sweeper models promote income/2 --alias champion --force" in decision.verdict


@pytest.mark.parametrize(
    ("champion", "why"),
    [
        (replace(CHAMPION, holdout="other"), "another holdout"),
        (replace(CHAMPION, holdout=""), "not known"),
        (replace(CHAMPION, metric="f1"), "chosen by f1, this one by auc"),
        (replace(CHAMPION, version=7), "compared with version 1"),
    ],
)
def test_versions_that_cannot_be_compared_leave_the_alias(champion: Champion, why: str) -> None:
    decision = after(champion)
    assert not decision.moves
    assert why in decision.verdict
    assert "--force" in decision.verdict


@pytest.mark.parametrize(
    ("holdout", "why"),
    [
        (None, "not compared"),
        ({}, "not compared"),
        ({"versus_champion": {"error": "ValueError: 3 columns"}}, "failed (ValueError"),
    ],
)
def test_without_a_comparison_the_alias_stays(holdout: Any, why: str) -> None:
    decision = after(holdout=holdout)
    assert not decision.moves
    assert why in decision.verdict


def test_without_a_holdout_of_its_own_a_version_does_not_take_the_alias() -> None:
    assert not after(lineage={**LINEAGE, "data": None}).moves


def test_always_moves_and_never_does_not() -> None:
    worse = versus(better=False)
    assert after(when="always", holdout=worse).moves
    assert not after(when="never").moves
    assert not after(champion=None, when="never").moves
