"""Who may import what: the contracts in pyproject.toml, held in every test run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports; exit(lint_imports())",
    ]
    env = {**os.environ, "PYTHONPATH": str(folder / "src")}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


def test_the_arrows_hold():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_a_core_that_imports_numpy_would_be_found(tmp_path):
    import shutil

    shutil.copytree(ROOT / "src", tmp_path / "src")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    scoring = tmp_path / "src" / "sweeper" / "core" / "scoring.py"
    scoring.write_text(scoring.read_text() + "\nimport numpy\n")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert "1 broken" in done.stdout
