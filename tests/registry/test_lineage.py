from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sweeper.core.codec import unplain
from sweeper.core.records import Artifact, DataDigest, SplitDigest, Trial
from sweeper.core.specs import Goal, Metric
from sweeper.registry.environment import environment, git, packages
from sweeper.registry.lineage import canonical, digest, document, facts


def sample(**changes: Any) -> dict[str, Any]:
    trial = Trial(3, {"C": 1.0, "weight": {0: 1, 1: 5}}, "sampler", 0.0, value=0.9)
    trial.scores = {1: {"auc": 0.8}, 0: {"auc": 1.0}}
    whole: dict[str, Any] = {
        "sweep": "income",
        "sweep_id": "s-1",
        "trial": trial,
        "model": Artifact("checkpoints/model.pkl", "m" * 64, 7),
        "metric": Metric("auc", Goal.MAXIMIZE, scorer="roc_auc"),
        "metrics": {"auc": 0.9},
        "seeds": {"sweep": 7},
        "config": "name: income\n",
        "sets": (),
        "directory": "/home/them",
        "data": DataDigest("d" * 64, 10, (("age", "int64"),), "h" * 64, 2),
        "hashed": ("name",),
        "splits": SplitDigest(2, (4, 4), "s" * 64),
        "holdout": {"look": 1, "odd": math.inf},
        "environment": {"python": "3.11"},
        "cluster": {"ray": "2.60"},
        "journal": {"length": 5, "sha256": "j" * 64},
        "parents": [{"model": "income", "version": 1, "alias": "champion"}],
        "times": {"finished": 1.0},
        "cost": {"total": {"money": 2.5}},
    }
    return document(**{**whole, **changes})


def test_the_document_holds_every_fold_score_and_the_config_with_its_digest() -> None:
    found = sample()
    assert found["trial"]["folds"] == {"0": {"auc": 1.0}, "1": {"auc": 0.8}}
    assert found["config"]["text"] == "name: income\n"
    assert len(found["config"]["sha256"]) == 64
    assert facts(found).holdout == "h" * 64


def test_the_same_facts_give_the_same_bytes_whatever_their_order() -> None:
    found = sample()
    backwards = dict(reversed(found.items()))
    assert canonical(found) == canonical(backwards)
    assert digest(found) == digest(json.loads(canonical(found)))


def test_a_different_fact_gives_another_digest() -> None:
    assert digest(sample()) != digest(sample(seeds={"sweep": 8}))


def test_what_json_cannot_hold_is_written_as_text() -> None:
    found = json.loads(canonical(sample()))
    assert found["holdout"]["odd"] == "inf"
    assert unplain(found["trial"]["params"])["weight"] == {0: 1, 1: 5}


def test_a_sweep_without_data_has_lineage_too() -> None:
    assert facts(sample(data=None)).holdout == ""


def run_git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    run_git(tmp_path, "init")
    (tmp_path / "train.py").write_text("one = 1\n")
    run_git(tmp_path, "add", ".")
    run_git(tmp_path, "commit", "-m", "first")
    return tmp_path


def test_a_clean_work_tree_has_a_commit_and_no_difference(repository: Path) -> None:
    found = git(repository)
    assert found is not None
    assert len(found["commit"]) == 40
    assert (found["dirty"], found["diff_sha256"]) == (False, None)


def test_changed_and_untracked_code_have_digests_of_their_own(repository: Path) -> None:
    (repository / "train.py").write_text("one = 2\n")
    changed = git(repository)
    (repository / "new.py").write_text("two = 2\n")
    more = git(repository)
    assert changed is not None
    assert more is not None
    assert changed["dirty"]
    assert changed["diff_sha256"] != more["diff_sha256"]


def test_other_untracked_files_are_not_code(repository: Path) -> None:
    (repository / "journal.jsonl").write_text("{}")
    found = git(repository)
    assert found is not None
    assert not found["dirty"]


def test_the_remote_is_told_without_its_token(repository: Path) -> None:
    run_git(repository, "remote", "add", "origin", "https://me:token@host/project.git")
    found = git(repository)
    assert found is not None
    assert found["remote"] == "https://***@host/project.git"


def test_outside_a_repository_there_is_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git(tmp_path) is None


def test_without_git_there_is_no_commit(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert git(repository) is None


def test_the_environment_names_packages_and_machine(tmp_path: Path) -> None:
    found = environment(tmp_path)
    assert found["packages"]["scikit-learn"] == packages()["scikit-learn"]
    assert found["cpus"] > 0
    assert json.loads(json.dumps(found)) == found
