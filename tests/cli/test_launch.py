"""`sweeper launch` as typed: what it hands on, how it is stopped, how it ends."""

from __future__ import annotations

import json
import os
import signal
import types

import pytest

from sweeper.cli.main import main
from sweeper.cli.signals import Drain, installed
from sweeper.ports import JournalUnwritable


class Stop:
    urgent = False  # this process goes on after a launch, with the next test

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def ask(self, reason: str) -> None:
        self.reasons.append(reason)


@pytest.fixture
def launched(app, story):
    """An app whose launch tells `story`; `launched.asked` is what it was given."""

    def launch(config, **keywords):
        app.asked = {"config": config, **keywords}
        app.during(keywords)
        keywords["observer"](story.state)
        return types.SimpleNamespace(
            state=story.state, exit_code=app.code, directory=app.where / "income"
        )

    app.StopSignal = Stop
    app.launch = launch
    app.code = 0
    app.during = lambda keywords: keywords["notice"]("data: 1,000 rows")
    return app


def test_a_launch_hands_on_what_was_typed_and_ends_with_the_winner(
    launched, story, capsys, tmp_path
) -> None:
    story.complete(0, 0.9).finished()
    typed = ["launch", "c.yaml", "--as", "income", "--address", "auto", "--inline"]
    sets = ["--set", "search.sampler=gp", "--set", "budget.trials=3"]
    assert main([*typed, *sets, "--dir", str(tmp_path)]) == 0
    assert str(launched.asked["config"]) == "c.yaml"
    assert launched.asked["overrides"] == ("search.sampler=gp", "budget.trials=3")
    assert launched.asked["name"] == "income"
    assert launched.asked["address"] == "auto"
    assert launched.asked["root"] == tmp_path
    assert launched.asked["inline"] is True
    said = capsys.readouterr().out
    assert said.startswith("data: 1,000 rows\n")
    assert "winner: trial 0" in said
    assert "\x1b" not in said


def test_with_json_stdout_holds_one_document_and_stderr_the_rest(launched, story, capsys) -> None:
    story.complete(0, 0.9).finished()
    assert main(["launch", "c.yaml", "--json"]) == 0
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document["best"]["trial"] == 0
    assert document["exit_code"] == 0
    assert document["registered"]["version"] == 3
    assert "data: 1,000 rows" in said.err
    assert "winner: trial 0" in said.err


@pytest.mark.parametrize("code", [1, 3, 4])
def test_the_exit_code_is_the_outcomes(code, launched, story, capsys) -> None:
    launched.code = code
    story.failed(0).interrupted()
    assert main(["launch", "c.yaml"]) == code


def test_the_resume_command_is_the_one_that_was_typed(launched, story, capsys) -> None:
    launched.code = 3
    story.complete(0, 0.9).interrupted()
    typed = ["launch", "my c.yaml", "--set", "budget.trials=3", "--as", "other"]
    main([*typed, "--dir", "/the sweeps"])
    assert capsys.readouterr().out.endswith(
        "to resume:\n  sweeper launch 'my c.yaml' --as other --dir '/the sweeps' "
        "--set budget.trials=3\n"
    )


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_drains_the_next_one_stops_at_once(name, launched, story, capfd) -> None:
    def during(keywords) -> None:
        os.kill(os.getpid(), getattr(signal, name))
        os.kill(os.getpid(), getattr(signal, name))
        launched.stop = keywords["stop"]

    launched.during = during
    launched.code = 3
    story.interrupted()
    before = signal.getsignal(signal.SIGTERM)
    assert main(["launch", "c.yaml"]) == 3
    assert launched.stop.reasons == [f"{name} received", f"{name} received again"]
    assert signal.getsignal(signal.SIGTERM) is before
    said = capfd.readouterr().err
    assert "finishing the folds that run; press Ctrl-C again to stop at once" in said
    assert "stopping at once\nto resume: sweeper launch c.yaml\n" in said


def test_a_third_signal_ends_a_launch_that_does_not_listen(launched, story, capfd) -> None:
    def during(keywords) -> None:
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGINT)

    launched.during = during
    assert main(["launch", "c.yaml"]) == 3
    assert "stopped. To resume: sweeper launch c.yaml" in capfd.readouterr().err


def test_a_journal_that_cannot_be_written_ends_with_the_way_to_resume(launched, capsys) -> None:
    def during(keywords) -> None:
        raise JournalUnwritable("journal.jsonl: no space left on device")

    launched.during = during
    assert main(["launch", "c.yaml"]) == 3
    said = capsys.readouterr().err
    assert said == ("journal.jsonl: no space left on device\nTo resume: sweeper launch c.yaml\n")


def test_while_a_table_is_drawn_the_message_waits_for_the_next_drawing() -> None:
    drain = Drain(Stop(), "sweeper launch c.yaml")
    drain.drawing = True
    drain(signal.SIGINT, None)
    assert drain.told() == [
        "finishing the folds that run; press Ctrl-C again to stop at once",
        "to resume: sweeper launch c.yaml",
    ]
    assert drain.told() == []


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with installed(Drain(Stop(), "")):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert isinstance(signal.getsignal(signal.SIGTERM), Drain)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_passwords_in_the_tracking_address_are_not_printed(
    launched, story, capsys, monkeypatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@host/mlflow")
    story.complete(0, 0.9).finished()
    main(["launch", "c.yaml"])
    said = capsys.readouterr().out
    assert "secret" not in said
    assert "host/mlflow" in said
