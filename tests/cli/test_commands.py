"""`init`, `doctor` and `models` as typed."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from sweeper.cli.main import main
from sweeper.cli.models import reference


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

    def lineage(self, model: str, ref: str | None) -> dict[str, object]:
        return {
            "sweep": "income",
            "scores": [0.9, float("nan")],
            "data": {"sha256": "ab" * 32, "rows": 569},
            "times": {"created": 1_700_000_000.0},
        }


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
    assert list(document) == ["name", "version", "aliases", "digest", "metrics", "lineage"]
    assert document["lineage"]["scores"] == [0.9, None]
    assert registry.asked == [("income", "champion")]
    assert main(["models", "show", "income/3"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("income version 3 · champion\n")
    assert "sweep   income" in said
    assert "data    sha256 abababababab, rows 569" in said
    assert "times   created 2023-11-" in said


def test_models_lineage_is_the_document_alone(registry, capsys) -> None:
    assert main(["models", "lineage", "income"]) == 0
    assert json.loads(capsys.readouterr().out)["sweep"] == "income"
