"""Runs the measurements and writes docs/benchmarks.md from what they print.

    python benchmarks/report.py [--only CASE …] [--data DIR] [--problems DIR] [--write]

What each case prints is kept in benchmarks/results/ with the command and the day, so that one can be
run by itself; docs/benchmarks.in.md says what is told around them. `--write` only makes the page anew.
Nothing else should run on the machine.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "results"
PAGE = HERE.parent / "docs" / "benchmarks.md"

DATA, PROBLEMS = "--data", "--problems"

CASES: dict[str, tuple[str, tuple[str, ...]]] = {
    "overhead": ("overhead.py", ()),
    "busy": ("busy_workers.py", ()),
    "short": ("short_folds.py", ()),
    "score": ("time_to_score.py", (DATA,)),
    "quality": ("search_quality.py", (PROBLEMS,)),
    "suggestion": ("suggestion_cost.py", ()),
    "bounded": ("bounded_history.py", ()),
    "start": ("start.py", ()),
    "long": ("long_sweep.py", ()),
    "gangs": ("warm_gangs.py", ()),
    "cluster": ("simulated_cluster.py", ()),
    "tracking": ("tracking.py", ()),
    "racing": ("racing.py", (DATA, PROBLEMS)),
}
"""Script, and which folders it can make use of."""


def measure(case: str, folders: dict[str, str | None]) -> None:
    script, wants = CASES[case]
    given = [word for name in wants for word in (name, folders[name]) if folders[name]]
    command = [sys.executable, str(HERE / script), *map(str, given)]
    shown = " ".join(["python", f"benchmarks/{script}", *(f"{n} DIR" for n in wants if folders[n])])
    print(f"{case}: {shown}", file=sys.stderr, flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{case} failed with exit code {done.returncode}")
    day = datetime.date.today().isoformat()
    cores = os.cpu_count()
    told = f"`{shown}`, {day}, {cores} cores, Python {platform.python_version()}"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{case}.md").write_text(f"{told}\n\n{done.stdout.strip()}\n", encoding="utf-8")


def page() -> str:
    """docs/benchmarks.in.md with what was measured in place of each `<!-- CASE -->`."""

    def result(found: re.Match[str]) -> str:
        path = RESULTS / f"{found[1]}.md"
        return path.read_text(encoding="utf-8").strip() if path.exists() else "Not measured yet."

    text = PAGE.with_suffix(".in.md").read_text(encoding="utf-8")
    return re.sub(r"<!-- ([a-z_]+) -->", result, text)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*", choices=CASES, metavar="CASE")
    parser.add_argument(DATA, metavar="DIR", help="parquet files of more data sets")
    parser.add_argument(PROBLEMS, metavar="DIR", help="recorded search problems")
    parser.add_argument("--write", action="store_true", help="measure nothing")
    asked = parser.parse_args()
    for case in () if asked.write else asked.only or CASES:
        measure(case, {DATA: asked.data, PROBLEMS: asked.problems})
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
