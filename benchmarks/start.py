"""How long one waits: for help, for the first fold, for a long sweep that goes on.

    python benchmarks/start.py [--rounds 5]

`launch` is from the command to its first fold's start, beside `ray.init()` with a first task in a
process of its own. Coming back is from the command to the first fold that follows a journal of 10,000
complete trials: of five folds of iris, or of one run each of a function that brings its own data.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from side_by_side import SWEEPER, Contestant, arguments, run, spread, table, versions

TRIALS = 10_000
DATA = """
data: {source: "sklearn:iris", target: target, holdout: none}
cv: 5
"""

CONFIG = """
name: begin
train: begin_work:train
metric: {{name: score, goal: maximize}}
parameters: {{x: {{min: 0.0, max: 1.0}}}}
search: {{sampler: random, pruner: none}}
budget: {{trials: {trials}}}
refit: false
register: none
tracking: none
"""

WORK = """
import time
from pathlib import Path

def train(trial):
    mark = Path(__file__).with_name("first")
    if not mark.exists():
        mark.write_text(repr(time.time()))
    return {"score": trial.params["x"]}
"""


def help_text(asked: argparse.Namespace) -> float:
    begun = time.perf_counter()
    subprocess.run([*SWEEPER, "--help"], check=True, capture_output=True)
    return time.perf_counter() - begun


def ray_alone(asked: argparse.Namespace) -> float:
    code = (
        "import ray, time\n"
        "ray.init('local', num_cpus=2, logging_level='ERROR', include_dashboard=False)\n"
        "print(ray.get(ray.remote(lambda: time.time()).remote()))\n"
    )
    begun = time.time()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1]) - begun


def _first(folder: Path, *more: str) -> float:
    """Seconds from the command to the first fold."""
    (folder / "first").unlink(missing_ok=True)
    begun = time.time()
    command = [*SWEEPER, "launch", str(folder / "begin.yaml"), "--dir", str(folder / "sweeps")]
    subprocess.run([*command, *more], check=True, capture_output=True)
    return float((folder / "first").read_text()) - begun


def _lay(folder: Path, config: str) -> None:
    (folder / "begin.yaml").write_text(config)
    (folder / "begin_work.py").write_text(WORK)


def launch(asked: argparse.Namespace) -> float:
    return _launched(CONFIG.format(trials=2) + DATA)


def launch_without_data(asked: argparse.Namespace) -> float:
    return _launched(CONFIG.format(trials=2))


def _launched(config: str) -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _lay(folder, config)
        return _first(folder)


def resume(asked: argparse.Namespace) -> float:
    return _resumed(CONFIG.format(trials=TRIALS) + DATA)


def resume_without_data(asked: argparse.Namespace) -> float:
    return _resumed(CONFIG.format(trials=TRIALS))


def _resumed(config: str) -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _lay(folder, config)
        _first(folder, "--inline")
        return _first(folder, "--inline", "--set", f"budget.trials={TRIALS + 2}")


CONTESTANTS = {
    "sweeper --help": Contestant(help_text),
    "ray.init() and a task": Contestant(ray_alone),
    "sweeper launch, to the first fold": Contestant(launch),
    "the same, of a function that brings its own data": Contestant(launch_without_data),
    f"after {TRIALS:,} trials, to the next fold (inline)": Contestant(resume),
    f"after {TRIALS:,} trials of such a function (inline)": Contestant(resume_without_data),
}


def main() -> None:
    asked = arguments(__doc__).parse_args()
    found = run(CONTESTANTS, asked)
    print(table(("", "seconds"), [(name, spread(f, 2)) for name, f in found.items()]))
    ray, ours, without = (median(found[n]) for n in list(CONTESTANTS)[1:4])
    print(f"\nbeyond Ray's own start: {ours - ray:.2f} s, with its own data {without - ray:.2f} s")
    print(f"\n{versions('ray')}; {asked.rounds} alternating rounds")


if __name__ == "__main__":
    main()
