"""`ls`, `status`, `show` and `logs` as typed."""

from __future__ import annotations

import json

import pytest

from sweeper.cli.main import main
from sweeper.core.records import Phase, RunKey
from sweeper.ports import TRACE, JournalDamaged


def out(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


@pytest.fixture
def income(app, story):
    app.states["income"] = story.state
    return story


def test_ls_names_each_sweep_with_its_state_and_best(app, tell, make_spec, income, capsys) -> None:
    app.states["digits"] = tell(make_spec("digits")).complete(0, 0.5).state
    app.holders.add("digits")
    income.complete(0, 0.9).finished()
    assert main(["ls"]) == 0
    header, first, second = out(capsys).splitlines()
    assert header.split() == ["sweep", "state", "trials", "failed", "best", "metric", "time"]
    assert first.split()[:5] == ["income", "finished", "1", "0", "0.9000"]
    assert second.split()[:5] == ["digits", "running", "1", "0", "0.5000"]


def test_ls_shows_a_damaged_journal_beside_the_sound_ones(app, income, capsys) -> None:
    app.states["old"] = JournalDamaged("journal.jsonl:7: checksum")
    assert main(["ls"]) == 0
    assert "damaged" in out(capsys)
    assert main(["ls", "--json"]) == 0
    sound, damaged = json.loads(out(capsys))["sweeps"]
    assert sound["state"] == "interrupted"
    assert sound["directory"].endswith("income")
    assert (damaged["name"], damaged["state"]) == ("old", "damaged")
    assert damaged["reason"] == "journal.jsonl:7: checksum"


def test_ls_of_nothing_says_how_to_begin(app, capsys) -> None:
    assert main(["ls"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "sweeper launch CONFIG" in said.err


def test_status_says_running_only_while_somebody_holds_the_sweep(app, income, capsys) -> None:
    main(["status", "income", "--json"])
    assert json.loads(out(capsys))["state"] == "interrupted"
    app.holders.add("income")
    main(["status", "income", "--json"])
    assert json.loads(out(capsys))["state"] == "running"
    assert main(["status", "income"]) == 0
    assert "state      running" in out(capsys)


@pytest.mark.parametrize("command", [["status"], ["show"], ["logs"], ["show", "--json"]])
def test_an_unknown_sweep_is_answered_with_the_nearest(command, app, income, capsys) -> None:
    name = [command[0], "incom", *command[1:]] + (["0"] if command == ["logs"] else [])
    assert main(name) == 2
    said = capsys.readouterr()
    assert "no sweep called incom" in said.err
    assert "Did you mean income?" in said.err
    assert said.out == ""


def test_without_any_sweep_an_unknown_name_says_where_was_looked(app, capsys) -> None:
    assert main(["status", "income"]) == 2
    assert str(app.where) in capsys.readouterr().err


def test_an_unknown_trial_is_answered_with_those_there_are(income, capsys) -> None:
    income.complete(0, 0.9).complete(1, 0.8)
    assert main(["show", "income", "7"]) == 2
    assert "its trials are 0 to 1" in capsys.readouterr().err


def test_show_lists_trials_by_number_or_best_first(income, capsys) -> None:
    income.complete(0, 0.8, 0.82).complete(1, 0.9, 0.92).pruned(2, 0.95).failed(3)
    main(["show", "income", "--json"])
    assert [t["number"] for t in json.loads(out(capsys))["trials"]] == [0, 1, 2, 3]
    main(["show", "income", "--sort", "value"])
    table, cost, failures = out(capsys).split("\n\n", 2)
    _, *rows = table.splitlines()
    assert [row.split()[:2] for row in rows] == [
        ["1", "complete"],
        ["0", "complete"],
        ["2", "pruned"],
        ["3", "failed"],
    ]
    assert "0.9100 ± 0.0141    2/5" in rows[0]
    assert "~0.9500" in rows[2]
    assert "boosting: learning_rate=0.0512" in rows[0]
    assert cost == "cost\n  taken    5 s of CPUs\n  went to  80 % useful, 20 % pruned"
    assert failures.startswith("1 fold run failed, 1 cause:")


def test_show_gives_each_cause_with_its_traceback(app, income, capsys) -> None:
    income.failed(0).failed(1)
    write_log(app, 0, 0, 1, f"printed\n{TRACE}\nTraceback\n  File mine.py\n")
    main(["show", "income"])
    text = out(capsys)
    assert "2 × error in 2 trials: 0, 1\n      ValueError: C is 0\n" in text
    assert "      │ Traceback\n      │   File mine.py\n" in text
    main(["show", "income", "1", "--json"])
    (group,) = json.loads(out(capsys))["failures"]
    assert (group["count"], group["trials"], group["kind"]) == (1, [1], "error")


def test_show_says_of_a_revived_trial_that_it_was(income, capsys) -> None:
    income.pruned(0, 0.8).phase(Phase.REVIVAL).revived(0)
    main(["show", "income"])
    assert "running (revived)" in out(capsys)


def test_show_of_a_trial_tells_every_attempt(income, capsys) -> None:
    income.sampled(0).broken(0, 0, "ValueError", "C is 0")
    income.scored(0, 0, 0.9, accuracy=0.7)
    assert main(["show", "income", "0"]) == 0
    text = out(capsys)
    runs, costs = text.split("\n\n")[1:]
    header, failed, succeeded = runs.splitlines()
    assert header.split() == [
        "fold", "attempt", "state", "roc_auc", "accuracy", "seconds", "node", "reason",
    ]  # fmt: skip
    assert failed.split(maxsplit=7)[7] == "ValueError: C is 0; run again"
    assert succeeded.split() == ["0", "2", "succeeded", "0.9000", "0.7000", "0.50", "node-0"]
    assert "boosting.learning_rate  0.0512" in text
    assert costs.splitlines()[0].split()[:4] == ["fold", "attempt", "queue", "wall"]
    assert costs.splitlines()[2].split() == (
        ["0", "2", "0.5", "s", "0.5", "s", "-", "-", "1", "s", "0", "s"]
    )


def test_an_error_cannot_move_the_cursor(income, capsys) -> None:
    income.failed(0, "ValueError", "\x1b[2Jgone\rover")
    main(["show", "income", "0"])
    assert "\x1b" not in out(capsys)


def write_log(app, trial: int, fold: int, attempt: int, text: str) -> None:
    path = app.log_path(app.where / "income", RunKey(trial, fold, attempt))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_logs_prints_the_last_attempt_of_each_fold(app, income, capsys) -> None:
    income.sampled(0).broken(0, 0, "ValueError", "C is 0")
    income.scored(0, 0, 0.9).scored(0, 1, 0.8)
    write_log(app, 0, 0, 1, "first\n")
    write_log(app, 0, 0, 2, "second\n")
    write_log(app, 0, 1, 1, "other")
    assert main(["logs", "income", "0"]) == 0
    assert out(capsys) == (
        "== fold 0, attempt 2: succeeded\nsecond\n== fold 1, attempt 1: succeeded\nother\n"
    )
    assert main(["logs", "income", "0", "--fold", "0", "--attempt", "1"]) == 0
    assert out(capsys) == "first\n"


def test_logs_of_the_refit_and_the_holdout_go_by_name(app, income, capsys) -> None:
    income.complete(0, 0.9).finished()
    write_log(app, 0, -2, 1, "looked\n")
    assert main(["logs", "income", "0", "--fold", "holdout"]) == 0
    assert out(capsys) == "looked\n"
    assert main(["logs", "income", "0", "--fold", "refit"]) == 2
    assert "There is (fold/attempt): holdout/1, 0/1" in capsys.readouterr().err


def test_a_run_without_a_log_is_said_and_null_in_json(app, income, capsys) -> None:
    income.sampled(0).sent(0, 0)
    assert main(["logs", "income", "0"]) == 0
    assert "fold 0, attempt 1 has no log yet: it is running" in capsys.readouterr().err
    assert main(["logs", "income", "0", "--json"]) == 0
    (entry,) = json.loads(out(capsys))["logs"]
    assert (entry["state"], entry["text"]) == ("running", None)
    income.complete(1, 0.9)
    assert main(["logs", "income", "1"]) == 0
    assert "fold 0, attempt 1 printed nothing" in capsys.readouterr().err


def test_plain_output_has_no_escape_codes(app, income, capsys) -> None:
    income.complete(0, 0.9).pruned(1, 0.8).failed(2)
    for command in (["ls"], ["status", "income"], ["show", "income"], ["show", "income", "2"]):
        assert main(command) == 0
        assert "\x1b" not in out(capsys)
