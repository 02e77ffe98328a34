"""From a config file to a sweep that may start: everything is checked before anything is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeper.core.specs import DataSpec, PreprocessKind, SweepSpec
from sweeper.ports import Dataset, InvalidSpec, Job, Rows, Splits


@dataclass(frozen=True, slots=True)
class Prepared:
    """A checked config with its data. `dataset` is None for a function that needs none."""

    spec: SweepSpec
    text: str
    digest: str
    dataset: Dataset | None
    splits: Splits

    @property
    def recorded(self) -> SweepSpec:
        """The spec as journals hold it: without the secrets of a URL."""
        from sweeper.secrets import mask

        uri, journal = self.spec.tracking.uri, self.spec.journal
        return dataclasses.replace(
            self.spec,
            tracking=dataclasses.replace(self.spec.tracking, uri=mask(uri) if uri else None),
            journal=mask(journal) if journal else None,
        )

    @property
    def job(self) -> Job:
        """What every fold run shares; the holdout stays here."""
        data = self.dataset
        return Job(
            spec=self.recorded,
            rows=data.train if data else Rows(None),
            splits=self.splits,
            columns=data.columns if data else (),
            task=data.task if data else "none",
            classes=data.classes if data else (),
            positive=data.positive if data else None,
            directory=self.spec.directory,
        )


def prepare(
    config: Path,
    overrides: Sequence[str],
    name: str | None,
    notice: Callable[[str], None],
    folder: Path | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> Prepared:
    """Read and check a config with all it names. ConfigError lists every problem at once.

    `folder`: the config's own, where `config` is a copy kept elsewhere. `meanwhile` is called
    before what the config names is imported and the data are read, unless something is found
    wrong by then.
    """
    import sweeper.config as reading
    from sweeper import sampling

    directory = folder or config.resolve().parent
    loaded = reading.read(
        config,
        overrides,
        name,
        directory,
        lambda data: meanwhile() if _findable(data, directory) else None,
    )
    problems = list(loaded.problems)
    dataset, splits = None, None
    try:
        dataset, splits = _data(loaded.data, loaded.spec, loaded.task, directory)
    except InvalidSpec as error:
        problems += [loaded.locate(problem) for problem in error.problems]
    spec = loaded.spec
    if spec is not None:
        found = sampling.problems(spec.search.sampler, spec.space, spec.budget, len(spec.goals))
        problems += [loaded.locate(problem) for problem in found]
    if dataset is not None:
        problems += reading.check_data(loaded, dataset)
    if problems:
        reading.raise_problems(problems)
    if spec is None or splits is None:
        raise AssertionError("a config without problems has a spec and splits")
    if _toothless(spec, splits):
        notice(
            "warning: search.pruner: wilcoxon cannot stop anything on "
            f"{splits.digest.folds} folds: no sign test on the folds before the last one gets "
            f"under alpha {spec.search.pruner.alpha:g}. Use more folds, or racing"
        )
    for line in (*loaded.warnings, *(dataset.warnings if dataset else ()), *splits.warnings):
        notice(f"warning: {line}")
    for line in dataset.digest.notes if dataset else ():
        notice(f"data: {line}")
    return Prepared(spec, loaded.text, loaded.digest, dataset, splits)


def _findable(data: DataSpec | None, directory: Path) -> bool:
    """False for a source that looks like a file and is none, which a launch should say at once."""
    if data is None or ":" in data.source:
        return True
    return (directory / Path(data.source).expanduser()).exists()


def _toothless(spec: SweepSpec, splits: Splits) -> bool:
    """The signed-rank test's smallest p on n folds is 2⁻ⁿ."""
    pruner = spec.search.pruner
    return pruner.name == "wilcoxon" and 0.5 ** (splits.digest.folds - 1) >= pruner.alpha


def _data(
    data: object, spec: SweepSpec | None, task: str | None, directory: Path
) -> tuple[Dataset | None, Splits | None]:
    """Load and split as far as the config is good enough for it."""
    if not isinstance(data, DataSpec):
        return None, _one_fold() if spec is not None and spec.data is None else None
    from sweeper import data as sources

    split_by = spec.cv.column if spec is not None else ""
    raw = (
        spec is not None and spec.train is not None and spec.preprocess.kind is PreprocessKind.NONE
    )
    dataset = sources.load(data, task, directory, split_by or None, raw)
    if spec is None:
        return dataset, None
    return dataset, sources.split(spec.cv, dataset, spec.seed, directory)


def _one_fold() -> Splits:
    """For a training function that brings its own data: one run a trial."""
    from sweeper.core.records import SplitDigest

    return Splits(((None, None),), SplitDigest(1, (0,), ""))
