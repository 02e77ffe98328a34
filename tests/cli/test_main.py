"""Parsing, exit codes, and how little `--help` loads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sweeper.cli.main import main
from sweeper.ports import ConfigError, JournalDamaged, SweepHeld

HEAVY = [
    "ray",
    "optuna",
    "mlflow",
    "sklearn",
    "torch",
    "numpy",
    "pandas",
    "yaml",
    "rich",
    "scipy",
    "sqlalchemy",
    "matplotlib",
]
SOURCE = str(Path(__file__).parents[2] / "src")


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True
    )


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys\nfrom sweeper.cli.main import main\n"
        "assert main(['--help']) == 0 and main(['launch', '--help']) == 0\n"
        f"print('loaded:', [m for m in {HEAVY} if m in sys.modules])"
    )
    assert python(code).stdout.endswith("loaded: []\n")


def test_importing_sweeper_loads_no_heavy_library_and_not_the_api() -> None:
    code = (
        "import sys, sweeper\n"
        f"print([m for m in {[*HEAVY, 'sweeper.api']} if m in sys.modules])\n"
        "print(sweeper.launch.__module__, sweeper.open.__module__, sweeper.Sweep.__name__)"
    )
    assert python(code).stdout == "[]\nsweeper.api sweeper.api Sweep\n"


def test_looking_at_a_sweep_loads_no_heavy_library_beyond_the_app() -> None:
    code = (
        "import sys\nfrom sweeper.cli import ending, inspect, launch, models, plain, sheets, signals\n"
        "from sweeper import api, view\n"
        f"print([m for m in {HEAVY} if m in sys.modules])"
    )
    assert python(code).stdout == "[]\n"


def test_the_package_runs_as_the_command() -> None:
    command = [sys.executable, "-m", "sweeper", "--versio"]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": SOURCE}, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: sweeper ")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["lanch"], "unknown command lanch. Did you mean launch or cancel?"),
        (["models", "shw"], "unknown command shw. Did you mean show?"),
        (["xyzzy"], "There is: cancel, doctor, edit"),
        (["ls", "--jsn"], "unknown option --jsn. Did you mean --json"),
        (["show", "income", "--sort", "valu"], "Did you mean value?"),
        (["show", "income", "first"], "'first' is not a whole number"),
        (["status", "income", "again"], "unknown argument again"),
        (["launch"], "CONFIG"),
        ([], "COMMAND"),
        (["launch", "a.yaml", "--addr", "x"], "unknown option --addr"),
    ],
)
def test_wrong_usage_names_the_nearest_and_exits_2(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert hint in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("config.yaml:3: data.target: unknown column"), 2),
        (SweepHeld("held by pid 4711"), 5),
        (JournalDamaged("journal.jsonl:7: checksum"), 1),
    ],
)
def test_an_error_the_user_can_mend_gives_its_code_and_no_traceback(
    error: Exception, code: int, app, capsys: pytest.CaptureFixture[str]
) -> None:
    app.states["income"] = error
    assert main(["status", "income", "--json"]) == code
    said = capsys.readouterr()
    assert said.err == f"{error}\n"
    assert said.out == ""


def test_a_defect_shows_its_traceback_and_where_to_report_it(app, capsys) -> None:
    app.states["income"] = ZeroDivisionError("oh")
    assert main(["status", "income"]) == 1
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "ZeroDivisionError: oh" in said
    assert "report it" in said


def test_ctrl_c_in_a_reading_command_is_quiet(app, capsys) -> None:
    app.states["income"] = KeyboardInterrupt()
    app.read = lambda directory: (_ for _ in ()).throw(KeyboardInterrupt)
    assert main(["status", "income"]) == 130
    assert capsys.readouterr().err == ""


def test_a_reader_that_goes_away_is_no_error() -> None:
    code = (
        "import sys\nfrom sweeper.cli import inspect, main, output\n"
        "inspect.run_ls = lambda arguments: output.lines(['x' * 100] * 100_000) or 0\n"
        "sys.exit(main.main(['ls']))"
    )
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    writer = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    assert writer.stderr is not None
    writer.stdout.readline()
    writer.stdout.close()
    assert writer.stderr.read() == ""
    assert writer.wait() == 0
    writer.stderr.close()


def test_the_common_options_are_understood_before_and_after_the_command(app, capsys, tmp_path):
    asked = []
    app.sweeps = lambda root: asked.append(root) or []
    assert main(["--dir", str(tmp_path), "--json", "ls"]) == 0
    assert main(["ls", "--json", "--dir", str(tmp_path)]) == 0
    assert asked == [tmp_path, tmp_path]
    assert capsys.readouterr().out == '{\n  "sweeps": []\n}\n' * 2
