"""The examples in `configs/`: each launches as it is, and their tables are what the scripts make."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from sweeper import app
from sweeper.app.prepare import prepare
from sweeper.core.records import SweepState

CONFIGS = Path(__file__).parents[2] / "configs"
EXAMPLES = sorted(path.name for path in CONFIGS.glob("*.yaml"))
SCRIPTS = sorted(path.name for path in CONFIGS.glob("make_*.py"))
TRIALS = 2
"""Too few for any pruner to stop one, so that every trial sees all folds."""
MADE_AGAIN = {"mixed.yaml", "module.yaml", "own_function.yaml"}
"""One of each kind: an estimator with preprocessing, a torch module, a function."""
ON_TORCH = {"asha.yaml", "digits_ddp.yaml", "module.yaml", "single_run.yaml"}


def overrides(name):
    """Few trials and, as these run in this process, one worker."""
    if name in ON_TORCH:
        pytest.importorskip("torch")
    alone = ("resources.workers=1",) if "workers" in (CONFIGS / name).read_text() else ()
    return (f"budget.trials={TRIALS}", "tracking=none", *alone)


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory):
    """One home for all of them: making MLflow's database takes longer than a small sweep."""
    return tmp_path_factory.mktemp("sweeps")


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_ends_with_a_registered_model_and_its_holdout_report(name, sweeps, recwarn):
    said = []
    path = CONFIGS / name
    ended = app.launch(
        path, overrides=overrides(name), root=sweeps, inline=True, notice=said.append
    )
    state = ended.state
    assert (ended.exit_code, state.status) == (0, SweepState.FINISHED), state.reason
    assert len(state.trials) == (TRIALS if len(state.spec.space) else 1)
    assert not [t.reason for t in state.trials.values() if t.state == "failed"]
    assert state.registered is not None
    assert state.registered.version == 1
    figure = state.holdout["metrics"][state.spec.metric.name]
    assert figure["low"] <= figure["value"] <= figure["high"]
    free = [line for line in said if "nothing is searched" not in line]
    assert not [line for line in free if line.startswith("warning")]
    assert not [str(w.message) for w in recwarn if "sklearn" in str(w.filename)]
    if name in MADE_AGAIN:
        again = app.reproduce(sweeps, state.registered.model, inline=True)
        assert (again.verdict, again.differences) == (app.Verdict.BIT_EXACT, ())


@pytest.mark.parametrize("folder", [CONFIGS.parent, CONFIGS], ids=["root", "configs"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_finds_its_files_from_any_folder(name, folder, monkeypatch):
    monkeypatch.chdir(folder)
    prepared = prepare(
        (CONFIGS / name).relative_to(folder), overrides(name), None, lambda line: None
    )
    assert prepared.spec.name == Path(name).stem
    assert prepared.dataset.holdout is not None


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_writes_the_very_table_that_ships(script):
    made = runpy.run_path(str(CONFIGS / script))
    assert made["content"]() == made["FILE"].read_bytes()
    assert made["FILE"].stat().st_size < 300_000


def test_every_table_is_named_in_the_list_of_sources():
    told = (CONFIGS / "data" / "README.md").read_text(encoding="utf-8")
    tables = sorted(path.name for path in (CONFIGS / "data").glob("*.csv"))
    assert tables
    assert all(f"`{name}`" in told for name in tables)


def test_one_pump_in_twenty_fails_and_every_kind_of_column_is_there():
    prepared = prepare(CONFIGS / "mixed.yaml", (), None, lambda line: None)
    kinds = {column.kind for column in prepared.dataset.columns}
    gaps = [column.name for column in prepared.dataset.columns if column.missing]
    assert kinds == {"numeric", "categorical", "boolean", "date"}
    assert len(gaps) == 4
    assert (prepared.dataset.train.y == "fault").mean() == pytest.approx(0.05, abs=0.005)
