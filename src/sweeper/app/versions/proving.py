"""A package tried as its user will run it: by its own program, where sweeper is not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sweeper.ports import SweeperError

WITHOUT_SWEEPER = """\
import runpy, sys
sys.modules["sweeper"] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""An import of sweeper fails in this process, wherever it is installed."""


def answers(package: Path, scratch: Path, X: Any, names: Sequence[str]) -> Any:
    """What the package's program answers to these rows, which it is given as a CSV: a DataFrame,
    its predictions as text.

    `scratch`: a folder of our own, for the rows and the answers. SweeperError when the program
    fails.
    """
    import pandas as pd

    rows, out = scratch / "rows.csv", scratch / "answers.csv"
    frame = X if hasattr(X, "columns") else pd.DataFrame(X, columns=list(names))
    frame.to_csv(rows, index=False)
    rows.chmod(0o600)
    call = [sys.executable, "-I", "-c", WITHOUT_SWEEPER, str(package / "predict.py")]
    done = subprocess.run([*call, str(rows), str(out)], capture_output=True, text=True)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
        raise SweeperError(
            f"the package does not run where sweeper is not installed: {said[-1]}. Nothing was "
            "written. Where it lacks a package: pip install 'sweeper[export]'"
        )
    return pd.read_csv(out, dtype={"prediction": str}, keep_default_na=False, na_values=[])
