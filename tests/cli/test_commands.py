"""`init`, `doctor` and `models` as typed."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from sweeper.app.replaying import Difference, Package, Replayed
from sweeper.cli.main import main
from sweeper.cli.versions import reference
from sweeper.registry.moves import Move


@dataclass
class Check:
    name: str
    ok: bool
    found: str
    mend: str = ""


@dataclass
class Version:
    name: str = "income"
    version: int = 3
    aliases: tuple[str, ...] = ("champion",)
    digest: str = "a" * 64
    created: float = 1_700_000_000.0

    @property
    def metrics(self) -> dict[str, float]:
        return {"roc_auc": 0.9271}

    @property
    def tags(self) -> dict[str, str]:
        return {}


class Registry:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []

    def versions(self, model: str | None = None) -> list[Version]:
        return [Version()] if model in (None, "income") else []

    def show(self, model: str, ref: str | None) -> Version:
        self.asked.append((model, ref))
        return Version()

    def lineage(self, version: Version) -> dict[str, object]:
        return {
            "sweep": "income",
            "scores": [0.9, float("nan")],
            "data": {"sha256": "ab" * 32, "rows": 569},
            "times": {"created": 1_700_000_000.0},
        }

    def histories(self, model: str) -> dict[str, list[Move]]:
        return {"champion": [Move(3, 2, "promoted", "her@there", "it is better", 1_700_000_000.0)]}


@pytest.fixture
def registry(app) -> Registry:
    found = Registry()
    app.registry = lambda root, uri=None: found
    return found


def test_init_writes_a_config_and_says_what_to_type(app, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    app.describe = lambda path, config, target: f"# {path} {target}\n"
    assert main(["init", "data/my income.csv", "--target", "y"]) == 0
    assert (tmp_path / "my income.yaml").read_text() == "# data/my income.csv y\n"
    assert "sweeper launch 'my income.yaml'" in capsys.readouterr().out


def test_init_does_not_overwrite_unless_told_to(app, capsys, tmp_path) -> None:
    app.describe = lambda path, config, target: "new\n"
    config = tmp_path / "c.yaml"
    config.write_text("old\n")
    assert main(["init", "d.csv", "--output", str(config)]) == 2
    assert config.read_text() == "old\n"
    assert "--force" in capsys.readouterr().err
    assert main(["init", "d.csv", "--output", str(config), "--force", "--json"]) == 0
    assert config.read_text() == "new\n"
    assert json.loads(capsys.readouterr().out)["config"] == str(config)


def test_init_into_a_folder_that_is_not_there_is_no_traceback(app, capsys, tmp_path) -> None:
    app.describe = lambda path, config, target: "new\n"
    assert main(["init", "d.csv", "--output", str(tmp_path / "no" / "c.yaml")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_doctor_says_what_is_wrong_and_how_to_mend_it(app, capsys) -> None:
    checks = [Check("disk", True, "40 GB free"), Check("lock", False, "none", "mkdir it")]
    app.doctor = lambda root, name, address: checks
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out == (
        "ok     disk: 40 GB free\nWRONG  lock: none\n       mend: mkdir it\n"
    )
    checks.pop()
    assert main(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "checks": [{"name": "disk", "ok": True, "found": "40 GB free", "mend": ""}]
    }


def test_doctor_of_an_unknown_sweep_names_the_nearest(app, story, capsys) -> None:
    app.states["income"] = story.state
    assert main(["doctor", "incme"]) == 2
    assert "Did you mean income?" in capsys.readouterr().err


@dataclass
class Saved:
    path: str = "sweeps/income/journal.salvaged.jsonl"
    records: int = 55
    events: int = 1121
    trials: int = 15
    ended: int = 12
    lost: int = 26
    damage: str = "journal.jsonl:56: this record is damaged"
    commands: tuple[str, ...] = ("mv a b", "sweeper launch CONFIG")


def test_doctor_salvages_and_says_what_to_type(app, story, capsys) -> None:
    app.states["income"] = story.state
    app.salvage = lambda directory: Saved()
    assert main(["doctor", "income", "--salvage"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "saved  sweeps/income/journal.salvaged.jsonl: 1,121 events in 55 records, 15 trials, "
        "12 of them ended",
        "lost   26 records: the first of them is damaged",
        "",
        "The damaged journal is as it was. To go on with what was saved:",
        "  mv a b",
        "  sweeper launch CONFIG",
    ]
    assert main(["doctor", "income", "--salvage", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["salvaged"] == {
        "path": "sweeps/income/journal.salvaged.jsonl",
        "records": 55,
        "events": 1121,
        "trials": {"total": 15, "ended": 12},
        "lost_records": 26,
        "damage": "journal.jsonl:56: this record is damaged",
        "next": ["mv a b", "sweeper launch CONFIG"],
    }
    app.salvage = lambda directory: None
    assert main(["doctor", "income", "--salvage"]) == 0
    assert "nothing was written" in capsys.readouterr().err


def test_doctor_catches_up_before_it_looks(app, story, capsys) -> None:
    app.states["income"] = story.state
    done: list[str] = []
    app.catch_up = lambda directory: done.append("caught up")
    app.doctor = lambda root, name, address: done.append("looked") or []
    assert main(["doctor", "income", "--catch-up"]) == 0
    assert done == ["caught up", "looked"]


@pytest.mark.parametrize("option", ["--salvage", "--catch-up"])
def test_what_doctor_does_to_a_sweep_needs_its_name(app, capsys, option) -> None:
    assert main(["doctor", option]) == 2
    assert "NAME" in capsys.readouterr().err


def replayed(*differences: Difference, then: str = "4.9.0") -> Replayed:
    return Replayed(
        sampler="tpe",
        identical=38,
        differing=len({d.trial for d in differences}),
        enqueued=2,
        unanswered=1,
        differences=list(differences),
        packages=(Package("optuna", (then,), "5.0.0"), Package("numpy", ("2.4.0",), "2.4.0")),
    )


def test_replay_says_that_all_is_identical(app, story, capsys) -> None:
    app.states["income"] = story.state
    app.replay = lambda directory, progress: replayed()
    assert main(["replay", "income"]) == 0
    assert capsys.readouterr().out == (
        "identical  38 suggestions of tpe, derived again from the journal\n"
        "not compared: 2 by hand, 1 asked for, without an answer\n"
    )


def test_replay_names_what_differs_and_which_packages_changed(app, story, capsys) -> None:
    app.states["income"] = story.state
    many = [Difference(n, "C", 0.5, 0.25) for n in range(12)]
    app.replay = lambda directory, progress: replayed(*many, Difference(12, "", None, {"C": 1}))
    assert main(["replay", "income"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["DIFFERENT  13 of 51 suggestions of tpe", "  trial 0: C was 0.5, now 0.25"]
    assert said[11:] == [
        "  and 3 more differences",
        "optuna: 4.9.0 then, 5.0.0 now",
        "not compared: 2 by hand, 1 asked for, without an answer",
    ]
    app.replay = lambda directory, progress: replayed(many[0], then="5.0.0")
    assert main(["replay", "income"]) == 1
    assert "No package that samplers compute with has changed" in capsys.readouterr().out


def test_replay_has_the_documented_keys(app, story, capsys) -> None:
    app.states["income"] = story.state
    app.replay = lambda directory, progress: replayed(Difference(3, "C", 0.5, 0.25))
    assert main(["replay", "income", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "identical": False,
        "sampler": "tpe",
        "suggestions": {"identical": 38, "different": 1},
        "enqueued": 2,
        "unanswered": 1,
        "differences": [{"trial": 3, "parameter": "C", "then": 0.5, "now": 0.25}],
        "packages": [
            {"name": "optuna", "then": ["4.9.0"], "now": "5.0.0"},
            {"name": "numpy", "then": ["2.4.0"], "now": "2.4.0"},
        ],
    }


@pytest.mark.parametrize(
    ("text", "name", "ref"),
    [
        ("income", "income", None),
        ("income@champion", "income", "champion"),
        ("income/3", "income", "3"),
    ],
)
def test_a_version_is_named_by_alias_or_number(text, name, ref) -> None:
    assert reference(text) == (name, ref)


def test_models_ls_lists_versions(registry, capsys) -> None:
    assert main(["models", "ls"]) == 0
    row = capsys.readouterr().out.splitlines()[1]
    assert row.startswith("income        3  champion")
    assert row.endswith("roc_auc=0.9271")
    assert main(["models", "ls", "--json"]) == 0
    (model,) = json.loads(capsys.readouterr().out)["models"]
    assert list(model) == ["name", "version", "aliases", "digest", "metrics", "created"]


def test_models_ls_of_nothing_is_an_empty_list(registry, capsys) -> None:
    assert main(["models", "ls", "other"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "no model" in said.err


def test_models_show_has_the_documented_keys_with_the_lineage(registry, capsys) -> None:
    assert main(["models", "show", "income@champion", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document) == [
        "name",
        "version",
        "aliases",
        "digest",
        "metrics",
        "history",
        "lineage",
    ]
    assert document["lineage"]["scores"] == [0.9, None]
    assert registry.asked == [("income", "champion")]
    assert main(["models", "show", "income/3"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("income version 3 · champion\n")
    assert "champion: version 3 promoted by her@there: it is better" in said
    assert "sweep   income" in said
    assert "data    sha256 abababababab, rows 569" in said
    assert "times   created 2023-11-" in said
