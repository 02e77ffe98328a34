"""When a launch may begin something else beside reading its data."""

from __future__ import annotations

import pytest

from sweeper.app.prepare import prepare
from sweeper.ports import ConfigError

CONFIG = """
name: small
data: {{source: {source}, target: {target}}}
cv: 3
metric: accuracy
model: {{estimator: {estimator}}}
search: {{sampler: random}}
budget: {{trials: {trials}}}
register: none
tracking: none
"""

ROWS = "a,b,kind\n" + "".join(f"{i},{i % 3},{'xy'[i % 2]}\n" for i in range(30))


def begun(folder, **words):
    """Whether it was called, and what was wrong."""
    calls = []
    given = {
        "source": "rows.csv",
        "target": "kind",
        "estimator": "sklearn.dummy.DummyClassifier",
        "trials": 2,
    } | words
    (folder / "rows.csv").write_text(ROWS)
    (folder / "c.yaml").write_text(CONFIG.format(**given))
    try:
        prepare(folder / "c.yaml", (), None, lambda line: None, meanwhile=lambda: calls.append(1))
    except ConfigError as error:
        return len(calls), str(error)
    return len(calls), ""


@pytest.mark.parametrize("source", ["rows.csv", "sklearn:iris"])
def test_it_may_once_the_config_says_nothing_wrong(tmp_path, source):
    target = "kind" if source == "rows.csv" else "target"
    assert begun(tmp_path, source=source, target=target) == (1, "")


def test_it_may_not_where_the_config_is_wrong(tmp_path):
    calls, said = begun(tmp_path, trials="many")
    assert calls == 0
    assert "budget.trials" in said


def test_it_may_not_where_there_is_no_such_file(tmp_path):
    calls, said = begun(tmp_path, source="nowhere.csv")
    assert calls == 0
    assert "nowhere.csv" in said


def test_what_is_wrong_with_the_model_is_found_beside_it(tmp_path):
    calls, said = begun(tmp_path, estimator="sklearn.dummy.DumyClassifier")
    assert calls == 1
    assert "`sklearn.dummy` has no `DumyClassifier`" in said


def test_it_may_before_anything_that_the_config_names_is_imported(tmp_path):
    """Such an import takes seconds, with scikit-learn or torch in it."""
    (tmp_path / "mine.py").write_text(
        "from pathlib import Path\n"
        "Path(__file__).with_name('imported').touch()\n"
        "def train(trial):\n"
        "    return {'score': 1.0}\n"
    )
    (tmp_path / "c.yaml").write_text(
        "{name: own, train: 'mine:train', metric: {name: score, goal: maximize}}"
    )
    seen = []
    imported = tmp_path / "imported"
    prepare(
        tmp_path / "c.yaml",
        (),
        None,
        lambda line: None,
        meanwhile=lambda: seen.append(imported.exists()),
    )
    assert seen == [False]
    assert imported.exists()


def test_what_is_wrong_with_the_data_is_found_beside_it(tmp_path):
    calls, said = begun(tmp_path, target="sort")
    assert calls == 1
    assert "'sort'" in said
