"""The reading commands over a real journal, in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sweeper.journal.file import FileJournal
from sweeper.journal.lock import Lock

SOURCE = str(Path(__file__).parents[2] / "src")
HEAVY = ["ray", "optuna", "mlflow", "sklearn", "torch", "numpy", "pandas", "yaml", "rich"]
CODE = (
    "import sys\nfrom sweeper.cli.main import main\ncode = main(sys.argv[1:])\n"
    f"print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)\nsys.exit(code)"
)


@pytest.fixture
def sweeps(story, tmp_path) -> Path:
    directory = tmp_path / "sweeps" / "income"
    directory.mkdir(parents=True)
    story.complete(0, 0.9, 0.92).pruned(1, 0.7).failed(2)
    journal = FileJournal(directory / "journal.jsonl")
    journal.append([story.events])
    journal.close()
    return directory.parent


def sweeper(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": SOURCE, "SWEEPER_DIR": str(root)}
    command = [sys.executable, "-c", CODE, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    "command", [["ls"], ["status", "income"], ["show", "income"], ["show", "income", "0"]]
)
def test_reading_loads_nothing_heavy(command, sweeps) -> None:
    done = sweeper(sweeps, *command)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "[]\n"
    assert "0.91" in done.stdout


def test_a_sweep_is_running_for_as_long_as_its_lock_is_held(sweeps) -> None:
    lock = Lock(sweeps / "income" / "lock")
    held = sweeper(sweeps, "status", "income", "--json")
    lock.release()
    free = sweeper(sweeps, "status", "income", "--json")
    assert json.loads(held.stdout)["state"] == "running"
    assert json.loads(free.stdout)["state"] == "interrupted"


def test_a_torn_tail_is_read_past_and_damage_is_not(sweeps) -> None:
    journal = sweeps / "income" / "journal.jsonl"
    with journal.open("ab") as file:
        file.write(b'{"sum":"12')
    assert json.loads(sweeper(sweeps, "status", "income", "--json").stdout)["best"]["trial"] == 0
    journal.write_bytes(journal.read_bytes().replace(b"income", b"outcome", 1) + b"\n")
    damaged = sweeper(sweeps, "status", "income")
    assert damaged.returncode == 1
    assert "journal.jsonl:1" in damaged.stderr
    assert "Traceback" not in damaged.stderr


def test_a_journal_that_was_never_begun_hides_no_other_sweep(sweeps) -> None:
    (sweeps / "empty").mkdir()
    (sweeps / "empty" / "journal.jsonl").touch()
    done = sweeper(sweeps, "ls", "--json")
    states = {each["name"]: each["state"] for each in json.loads(done.stdout)["sweeps"]}
    assert states == {"empty": "damaged", "income": "interrupted"}
    alone = sweeper(sweeps, "status", "empty")
    assert alone.returncode == 1
    assert "Traceback" not in alone.stderr
