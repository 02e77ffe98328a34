"""A sweep of 100,000 empty trials in one process: memory, and what a trial costs first and last.

    python benchmarks/long_sweep.py [--trials 100000] [--sampler tpe]

One fold a trial, inline, with the journal on disk. Where the time goes at the beginning and at the
end is told by `--profile`.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from side_by_side import table
from sweeper import app
from sweeper.core.events import TrialCompleted
from sweeper.journal.file import read
from sweeps import WORK, empty


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--sampler", default="random")
    parser.add_argument("--profile", metavar="FILE", help="write cProfile's statistics there")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "long.yaml"
        config.write_text(empty(asked.trials, asked.sampler))
        (Path(folder) / "work.py").write_text(WORK)
        begun = time.perf_counter()

        def sweep():
            return app.launch(config, root=Path(folder) / "sweeps", inline=True)

        if asked.profile:
            import cProfile

            profile = cProfile.Profile()
            outcome = profile.runcall(sweep)
            profile.dump_stats(asked.profile)
        else:
            outcome = sweep()
        wall = time.perf_counter() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        journal = (outcome.directory / "journal.jsonl").stat().st_size / 2**20
        events = list(read(outcome.directory / "journal.jsonl"))
    ends = [e.t for e in events if isinstance(e, TrialCompleted)]
    assert len(ends) == asked.trials, outcome.state.reason
    rows = []
    part = min(1000, asked.trials // 4)
    for first in (0, asked.trials // 4, asked.trials // 2, asked.trials - part):
        some = ends[first : first + part]
        cost = 1000 * (some[-1] - some[0]) / (part - 1)
        rows.append((f"{first + 1:,} to {first + part:,}", f"{cost:.2f} ms"))
    print(table(("trials", "a trial"), rows))
    print(
        f"\n{asked.trials:,} trials in {wall:.0f} s; peak memory {peak:.0f} MiB; journal {journal:.0f} MiB"
    )


if __name__ == "__main__":
    main()
