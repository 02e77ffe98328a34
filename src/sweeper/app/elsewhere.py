"""A sweep goes on in another directory than before: its journal came along, its files did not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sweeper.core.endings import winning_model
from sweeper.core.records import Artifact, Phase, State
from sweeper.ports import SweeperError


def refuse_missing(state: State, directory: Path) -> None:
    """SweeperError when a file that the sweep still needs is not in this directory.

    Told at the start of a launch: else the sweep would search for hours and fail at its end.
    """
    missing = sorted(a.path for a in _needed(state) if not (directory / a.path).is_file())
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise SweeperError(
            f"sweep {state.spec.name} needs {directory / missing[0]}{more}, which an earlier "
            "launch wrote. If that was on another machine or under another --dir, give the same "
            "--dir on shared storage, or copy the sweep's `checkpoints` and `report` here"
        )


def _needed(state: State) -> Iterable[Artifact]:
    if state.phase is Phase.DONE:
        return []
    if state.phase in (Phase.HOLDOUT, Phase.REGISTER):
        model = winning_model(state)
        reports = [a for a in state.artifacts.values() if a.path.startswith("report/")]
        return [*([model] if model else []), *(reports if state.phase is Phase.REGISTER else [])]
    # models of folds, and what the last winner left: it may win again
    return state.artifacts.values()
