"""What a launch says when it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sweeper.cli.ending import Ending, ending
from sweeper.cli.holdout import holdout_sheet
from sweeper.core import events as e
from sweeper.core.records import Phase
from sweeper.ports import TRACE

RESUME = "sweeper launch 'my config.yaml' --as income"


def said(story, code: int = 0, **more: Any) -> str:
    return "\n".join(ending(Ending(story.state, code, Path("sweeps/income"), RESUME, **more)))


def test_the_winner_comes_with_its_score_called_optimistic(story) -> None:
    story.complete(0, 0.9, 0.92).complete(1, 0.8).pruned(2, 0.7).failed(3).finished()
    text = said(story)
    assert "income finished: trial 0 won" in text
    assert "4 trials (2 complete, 1 pruned, 1 failed)" in text
    assert "winner: trial 0" in text
    assert "0.9100 ± 0.0141 over 5 folds   (optimistic: the best of 3)" in text
    assert "boosting.learning_rate  0.0512" in text


def test_a_single_trial_is_not_called_the_best_of_many(story) -> None:
    assert "optimistic" not in said(story.complete(0, 0.9).finished())


def test_the_holdout_stands_beside_its_baselines(story) -> None:
    text = said(story.complete(0, 0.9).finished())
    row = next(line for line in text.splitlines() if line.strip().startswith("roc_auc"))
    assert row.split() == ["roc_auc", "0.9271", "0.9212", "to", "0.9335", "failed", "0.5000"]
    assert "look 1, 6,512 rows" in text
    assert "the default baseline failed: ValueError: no default" in text
    assert ">50K                629   973" in text


def test_the_comparison_with_the_champion_is_told() -> None:
    versus = {"metric": "f1", "difference": 0.02, "low": -0.01, "high": 0.05, "better": False}
    lines = holdout_sheet({"metrics": {}, "versus_champion": versus}, looks=2)
    assert lines[-1].strip() == (
        "against the champion: f1 better by 0.0200 (-0.0100 to 0.0500): not shown to be better"
    )


def test_the_version_its_verdict_and_what_to_type_next(story) -> None:
    store = "sqlite:////s/mlflow.db"
    text = said(story.complete(0, 0.9).finished(), option=" --dir '/my sweeps'", tracking=store)
    assert "registered: income version 3, income@champion" in text
    assert "the first version: there was no champion to beat" in text
    assert "sweeper show income --sort value --dir '/my sweeps'" in text
    assert "sweeper models show income@champion --dir '/my sweeps'" in text
    assert "mlflow ui --backend-store-uri sqlite:////s/mlflow.db" in text


def test_a_version_without_the_alias_goes_by_its_number(story) -> None:
    text = said(story.complete(0, 0.9).finished(alias=""))
    assert "registered: income version 3, no alias" in text
    assert "sweeper models show income/3" in text


def test_failures_are_told_by_cause_with_a_command_that_shows_one(story) -> None:
    story.failed(0, "MemoryError", "no room").failed(1).failed(2).complete(3, 0.9).finished()
    text = said(story)
    assert "3 fold runs failed, 2 causes:" in text
    first = text.index("2 × error in 2 trials: 1, 2\n      ValueError: C is 0\n")
    assert first < text.index("1 × error in trial 0\n      MemoryError: no room\n")
    assert "      sweeper logs income 1 --fold 0 --attempt 1\n" in text


def test_each_cause_comes_with_a_traceback_cut_where_it_is_long(story) -> None:
    story.failed(0).failed(1)
    logs = {0: f"printed\n{TRACE}\nTraceback:\n" + "".join(f"  {i}\n" for i in range(99))}
    text = said(story, code=4, log=lambda key: logs.get(key.trial, ""))
    assert "printed" not in text
    assert "      │ Traceback:\n      │   0\n" in text
    assert "      │ … 60 lines left out …\n" in text
    assert "      │   98" in text


def test_beyond_five_causes_show_is_named(story) -> None:
    for number in range(8):
        story.failed(number, f"Error{number}")
    text = said(story, code=4, option=" --dir d")
    assert "Error4" in text
    assert "Error5" not in text
    assert "and 3 more causes: sweeper show income --dir d" in text


def test_ten_thousand_parameters_and_long_ones_are_cut(story) -> None:
    params = {"s": "x" * 10**6, **{f"p{i}": i for i in range(9_999)}}
    text = said(story.complete(0, 0.9, **params).finished())
    assert "and 9,960 more parameters: sweeper show income 0" in text
    assert len(text) < 6000
    again = said(story, code=3)
    assert len(again) < 2000


def test_an_interrupted_sweep_says_how_to_resume(story) -> None:
    text = said(story.complete(0, 0.9).interrupted(), code=3)
    assert "income interrupted: SIGINT received" in text
    assert "best so far: roc_auc 0.9000, trial 0" in text
    assert text.endswith(f"to resume:\n  {RESUME}")
    assert "winner" not in text


def test_a_sweep_without_a_successful_trial_says_so_and_why(story) -> None:
    story.failed(0).failed(1)
    story.tell(e.SweepFinished(story.t, "no trial succeeded"))
    text = said(story, code=4)
    assert "finished with no successful trial" in text
    assert "2 × error in 2 trials: 0, 1\n      ValueError: C is 0" in text


def test_a_failed_sweep_gives_its_reason(story) -> None:
    story.failed(0)
    story.tell(e.SweepFailed(story.t, "the first 3 trials all failed with ValueError"))
    assert "income failed: the first 3 trials all failed" in said(story, code=1)


def test_without_a_holdout_or_a_registry_it_says_so(tell, make_spec) -> None:
    story = tell(make_spec(register=None)).complete(0, 0.9)
    story.phase(Phase.REFIT).phase(Phase.DONE)
    story.tell(e.SweepFinished(story.t, "trial 0 won"))
    text = said(story)
    assert "no holdout was kept" in text
    assert "not registered" in text
    assert "sweeper models" not in text
