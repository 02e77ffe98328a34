"""Writes what the suite saw as a page: docs/chaos.md."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from chaos.result import Result
from chaos.sweeps import HERE
from chaos.table import CASES

MOST = 600
"""Characters of what is told of a case that does not hold."""

PACKAGES = ("ray", "optuna", "mlflow-skinny", "scikit-learn", "sqlalchemy")

HEAD = """# The chaos suite

`make chaos` injects every fault of the table below and looks at what is left: the journal, the registry, MLflow,
the processes, and what `sweeper doctor` says. A case that does not hold fails the run. A small slice of it is part of
`make test`. One module of `tests/chaos/cases/` a line; this page is written by the run itself.

How it is done: a parent imports everything once and forks a child for each injection, with a layer over the
calls that change files (or over MLflow's client), so that the N-th one is killed, refused or slowed. What needs Ray or a
tracker beside it is a real `sweeper launch` in a process of its own. *Lost* counts acknowledged results that are not
in the journal afterwards, *repeated* folds that were sent again after their success was there.
"""


def write(path: Path, came: Mapping[str, Result | str], scale: float, seed: int) -> None:
    """The page for these results; a text in place of a result says what did not hold."""
    path.write_text(
        "\n".join([HEAD, _circumstances(scale, seed), "", _table(came), "", _notes(came), ""])
    )


def _circumstances(scale: float, seed: int) -> str:
    machine = (
        f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} cores"
    )
    load = " ".join(f"{figure:.1f}" for figure in os.getloadavg())
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    share = "in full" if scale == 1 else f"at {scale:g} of the full number of injections"
    return (
        f"Run on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC {share}, seed {seed}, sources of commit {commit()}. "
        f"{machine}, load {load}, Python {platform.python_version()}, {packages}."
    )


def commit() -> str:
    """The commit that changed the sources last, and whether they differ from it now;
    CHAOS_COMMIT where there is no git."""
    git, sources = ["git", "-C", str(HERE)], ["--", "../../src"]
    try:
        last = subprocess.check_output([*git, "rev-list", "-1", "HEAD", *sources], text=True)
        changed = subprocess.check_output([*git, "status", "--porcelain", *sources], text=True)
    except (OSError, subprocess.CalledProcessError):
        return os.environ.get("CHAOS_COMMIT", "unknown")
    return f"`{last.strip()[:12]}`" + (" with changes" if changed.strip() else "")


def _table(came: Mapping[str, Result | str]) -> str:
    rows = [
        "| case | injection | what must be seen | injections | lost | repeated | seconds | holds | sources |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | --- | --- |",
    ]
    today = commit()
    for case in CASES:
        found = came.get(case.name)
        if isinstance(found, Result):
            numbers = (
                f"{found.injections} | {found.lost} | {found.repeated} | {found.seconds:.0f} | yes"
                f" | {found.commit or today}"
            )
        else:
            numbers = "– | – | – | – | " + ("not run | –" if found is None else "**no** | –")
        rows.append(f"| {case.name} | {case.injection} | {case.must} | {numbers} |")
    return "\n".join(rows)


def _notes(came: Mapping[str, Result | str]) -> str:
    """What each case has to say beside its numbers."""
    lines = ["## What was seen", ""]
    for name, found in came.items():
        if isinstance(found, str):
            why = " ".join(found.split())[:MOST] or "no reason given"
            lines.append(f"- **{name}** does not hold: {why}")
        else:
            lines += [f"- {name}: {note}" for note in found.notes]
    left = [
        f"- {name}: {text}"
        for name, found in came.items()
        if isinstance(found, Result)
        for text in found.left_out
    ]
    if left:
        lines += ["", "## What could not be injected here, and why", "", *left]
    return "\n".join(lines)
