"""The Python API: what the command line does, as functions.

import sweeper

sweep = sweeper.launch("config.yaml")
sweep.best.params
sweeper.open("income").status()
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeper import view
from sweeper.core import stimuli
from sweeper.core.endings import winning_model
from sweeper.core.records import State, SweepState, Trial
from sweeper.core.space import Value
from sweeper.core.transitions import InvalidTransition
from sweeper.names import suggest
from sweeper.ports import JournalDamaged, SweeperError

if TYPE_CHECKING:
    from sweeper.app import Answer


class UnknownName(SweeperError):
    """There is no such sweep, trial, fold or model; the message names the nearest."""

    exit_code = 2


@dataclass(frozen=True)
class Sweep:
    """A sweep as its journal told it when it was opened. Open it again for later news."""

    directory: Path
    record: State

    @property
    def name(self) -> str:
        return self.record.spec.name

    @property
    def state(self) -> SweepState:
        """`running` only while a controller holds the sweep."""
        return view.standing(self.record, self.held)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Every trial by number, with its parameters, state, value, runs and fold scores."""
        return tuple(self.record.trials[number] for number in sorted(self.record.trials))

    @property
    def best(self) -> Trial | None:
        """The complete trial with the best mean over its folds; None when there is none."""
        return self.record.best

    def status(self) -> dict[str, Value]:
        """What `sweeper status NAME --json` prints."""
        return view.status(self.record, held=self.held, wall=time.time())

    def model(self) -> Any:
        """The winning model as an object; it takes raw rows.

        The file is read only if it is the very one the journal tells of: it is a pickle, and
        is trusted because this sweep made it. UnknownName when there is no model (yet),
        JournalDamaged when the file is gone or another one.
        """
        from sweeper.worker import models

        return models.load(self._model_file(), self.record.spec.directory)

    def _model_file(self) -> bytes:
        artifact = winning_model(self.record)
        if artifact is None:
            raise UnknownName(f"{self.name} has no model yet: it is {self.state.value}.")
        path = self.directory / artifact.path
        if not path.is_file():
            raise JournalDamaged(f"{path}: the journal tells of this model, but it is gone.")
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != artifact.sha256:
            raise JournalDamaged(f"{path}: not the file that the sweep wrote. It was not opened.")
        return content

    @property
    def held(self) -> bool:
        """Whether a controller is at work on it."""
        import sweeper.app as app

        return app.holder(self.directory) is not None

    def stop(self, now: bool = False) -> Answer:
        """Have the controller end; `now` ends running folds too. Refused when there is none."""
        return self._ask(stimuli.Stop(now))

    def pause(self) -> Answer:
        """Have the controller send out no new work. Refused when there is none."""
        return self._ask(stimuli.Pause())

    def resume(self) -> Answer:
        """Have a paused controller go on. Refused when it is not paused."""
        return self._ask(stimuli.Resume())

    def edit(self, *sets: str) -> Answer:
        """Change settings: `KEY=VALUE` as in the config, or `-KEY` to leave a key out.

        ConfigError for a wrong value and for what cannot change; Refused when nothing would.
        """
        from sweeper.app import control

        wish = control.edit(self.record, self.directory / "config.yaml", sets)
        return self._ask(wish)

    def enqueue(self, *trials: Mapping[str, Value]) -> Answer:
        """Add trials with these parameters, to be run before any that the sampler suggests.

        ConfigError for parameters that are missing or wrong.
        """
        from sweeper.app import control

        return self._ask(control.enqueue(self.record, [dict(params) for params in trials]))

    def enqueue_file(self, path: str | Path) -> Answer:
        """Add the trials of a CSV file, or of a YAML or JSON list. ConfigError as above."""
        from sweeper.config.by_hand import listed_in

        return self.enqueue(*listed_in(Path(path)))

    def cancel(self, trial: int) -> Answer:
        """End a running trial; it does not come back. Refused when it does not run."""
        return self._ask(stimuli.CancelTrial(trial))

    def _ask(self, wish: stimuli.Wish) -> Answer:
        from sweeper.app import control

        return control.ask(self.directory, wish)


def launch(
    config: str | Path,
    *,
    overrides: Sequence[str] = (),
    name: str | None = None,
    address: str | None = None,
    directory: str | Path | None = None,
    inline: bool = False,
    warm_start: Sequence[str] = (),
    allow_data_change: bool = False,
    notice: Callable[[str], None] = print,
) -> Sweep:
    """Starts, or resumes, the sweep of a config, and returns when it ends.

    `overrides` are `KEY=VALUE` as after `--set`, `directory` is where sweeps are kept, and
    `inline` runs everything in this process. `warm_start` names sweeps to learn from,
    `allow_data_change` goes on with other data than before. `notice` is given lines meant for people. Raises
    SweeperError for what a user can mend; a sweep without a successful trial is returned.
    """
    import sweeper.app as app

    outcome = app.launch(
        Path(config),
        overrides=overrides,
        name=name,
        address=address,
        root=root(directory),
        inline=inline,
        warm_start=warm_start,
        allow_data_change=allow_data_change,
        notice=notice,
    )
    return Sweep(outcome.directory, outcome.state)


def open(name: str, directory: str | Path | None = None) -> Sweep:
    """A sweep by name, running or not; needs neither Ray nor MLflow. UnknownName, JournalDamaged."""
    return at(find(name, root(directory)))


def at(directory: Path) -> Sweep:
    """The sweep in `directory`. JournalDamaged when its journal tells of none."""
    import sweeper.app as app

    try:
        return Sweep(directory, app.read(directory))
    except InvalidTransition as error:
        raise JournalDamaged(
            f"{directory}: the journal does not tell of a sweep: {error}. "
            f"`sweeper doctor {directory.name}` says more."
        ) from error


def root(directory: str | Path | None) -> Path:
    """Where sweeps are kept: `directory`, else SWEEPER_DIR, else `sweeps` here."""
    import sweeper.app as app

    return app.root(Path(directory) if directory is not None else None)


def find(name: str, root: Path) -> Path:
    """The directory of the sweep called `name`; UnknownName with the nearest names."""
    import sweeper.app as app

    there = {path.name: path for path in app.sweeps(root)}
    if name in there:
        return there[name]
    told = app.erased(root / name)
    if told is not None:
        raise UnknownName(f"{name} was erased on {told.day} by {told.by}: {told.why}")
    if not there:
        raise UnknownName(
            f"no sweep called {name}: there is none in {root}. `sweeper launch CONFIG` starts one; "
            "if yours are elsewhere, say --dir or set SWEEPER_DIR."
        )
    raise UnknownName(f"no sweep called {name} in {root}.{suggest(name, there)}")
