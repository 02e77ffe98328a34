"""Runs the cases, one after the other, and writes the report."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from chaos.kept import Kept
from chaos.report import write
from chaos.result import Result
from chaos.table import CASES, Case


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="CASE", help="only these cases")
    parser.add_argument("--scale", type=float, default=1.0, help="of the injections, this share")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report there")
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FOLDER",
        help="keep each case's result there; a case that has one there is not run again",
    )
    parser.add_argument(
        "--earlier",
        action="store_true",
        help="with --results: also those of earlier sources; the report names their commit",
    )
    parser.add_argument("--list", action="store_true", help="name the cases and leave")
    asked = parser.parse_args()
    known = {case.name for case in CASES}
    unknown = set(asked.only or ()) - known
    if unknown:
        parser.error(
            f"no case called {', '.join(sorted(unknown))}: there is {', '.join(sorted(known))}"
        )
    chosen = [case for case in CASES if not asked.only or case.name in asked.only]
    if asked.list:
        print("\n".join(f"{case.name:22} {case.injection}" for case in chosen))
        return 0
    of = {"scale": asked.scale, "seed": asked.seed, "earlier": asked.earlier}
    kept = Kept(asked.results, **of) if asked.results else None
    came = run(chosen, asked.scale, asked.seed, kept)
    if asked.report is not None:
        write(asked.report, came, asked.scale, asked.seed)
    return told(came)


def run(chosen: list[Case], scale: float, seed: int, kept: Kept | None) -> dict[str, Result | str]:
    """What came of all chosen cases, whether or not one before them held."""
    came: dict[str, Result | str] = {}
    for case in chosen:
        before = kept.read(case.name) if kept else None
        if before is not None:
            came[case.name] = before
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        left = [case for case in chosen if case.name not in came]
        if left:
            _prepare(Path(folder))
        for case in left:
            came[case.name] = found = _one(case, scale, seed, Path(folder) / case.name)
            if kept and isinstance(found, Result):
                kept.write(case.name, found)
    return {case.name: came[case.name] for case in chosen}


def told(came: dict[str, Result | str]) -> int:
    """Says how many hold; 1 when one does not."""
    broken = [name for name, result in came.items() if isinstance(result, str)]
    print(
        f"{len(came) - len(broken)} of {len(came)} cases hold"
        + "".join(f"\n  NOT: {n}" for n in broken)
    )
    return 1 if broken else 0


def _prepare(folder: Path) -> None:
    """One thread, and everything imported: what is forked from here is quick and sound.

    A suite in the background ignores SIGINT or SIGHUP, and so would all that it starts.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    from chaos.forked import import_everything

    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    import_everything(folder / "imports")


def _one(case: Case, scale: float, seed: int, folder: Path) -> Result | str:
    """Its result, or what did not hold."""
    folder.mkdir()
    count = max(1, round(case.count * scale))
    print(f"{case.name}: {count} injections …", flush=True)
    began = time.monotonic()
    try:
        found = importlib.import_module(f"chaos.cases.{case.module}").run(count, seed, folder)
    except Exception as wrong:
        traceback.print_exc(file=sys.stdout)
        print(f"{case.name}: DOES NOT HOLD after {time.monotonic() - began:.1f} s", flush=True)
        return str(wrong)
    print(
        f"{case.name}: {found.injections} done, {found.lost} lost, {found.repeated} repeated, {found.seconds:.1f} s"
    )
    for note in (*found.notes, *(f"left out: {text}" for text in found.left_out)):
        print(f"    {note}", flush=True)
    return found
