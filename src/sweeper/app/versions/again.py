"""The sweep that a version came from, prepared once more from its lineage alone."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeper.app import changes
from sweeper.app.directory import Directory
from sweeper.app.prepare import Prepared, prepare
from sweeper.core.records import HOLDOUT
from sweeper.core.seeds import derive
from sweeper.core.space import Value
from sweeper.ports import SweeperError

Lineage = dict[str, Any]


def holdout_seed(prepared: Prepared, lineage: Lineage) -> int:
    """Of the look at the holdout that the version came from."""
    return derive(prepared.spec.seed, int(lineage["trial"]["number"]), HOLDOUT)


@dataclass(frozen=True, slots=True)
class Difference:
    """What is otherwise now: `what` in words."""

    what: str
    before: Value
    now: Value


@dataclass(frozen=True, slots=True)
class Again:
    """`directory` is an empty one for what is made again; it goes when the context ends."""

    lineage: Lineage
    directory: Directory
    notice: Callable[[str], None]

    @staticmethod
    @contextmanager
    def of(
        lineage: Lineage, root: Path, notice: Callable[[str], None] = lambda text: None
    ) -> Iterator[Again]:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=".again-") as scratch:
            yield Again(lineage, Directory(Path(scratch).resolve()), notice)

    def prepare(self, folder: Path | None = None) -> Prepared:
        """The config as it was registered, checked, and with its data.

        `folder` takes the place of the config's own, which data and code are looked for in.
        SweeperError when it is not here or what it names cannot be read.
        """
        config = self.lineage["config"]
        place = folder or Path(config["directory"])
        if not place.is_dir():
            raise SweeperError(
                f"{place}, where the config's data and code were, is not here: name the folder "
                "that has them now with --folder DIR"
            )
        self.directory.config.write_text(config["text"], encoding="utf-8")
        name = self.lineage["sweep"]["name"]
        return prepare(self.directory.config, config["sets"], name, self.notice, place.resolve())

    def surroundings(self, prepared: Prepared) -> tuple[Difference, ...]:
        """What of code and packages is not as it was, told as well."""
        from sweeper.registry.environment import environment

        now = environment(Path(prepared.spec.directory))
        found = changes.surroundings(self.lineage["environment"], now)
        changes.tell(found, self.notice, "it was registered")
        return tuple(Difference(*change) for change in found)

    def as_registered(self, folder: Path | None, why: str) -> Prepared:
        """`prepare`, where data and folds are what they were. SweeperError, which begins with
        `why`, when they are not."""
        prepared = self.prepare(folder)
        for each in self.other_data(prepared):
            raise SweeperError(
                f"{why}: {each.what} was {each.before} and is {each.now}. Put the data back, or "
                "name its folder with --folder DIR"
            )
        return prepared

    def other_data(self, prepared: Prepared) -> Iterator[Difference]:
        """Where data or folds are others than the model was trained on: the first difference."""
        before, now = self.lineage["data"] or {}, prepared.dataset
        was, digest = before.get("sha256"), now.digest.sha256 if now else None
        folds = self.lineage["splits"]["sha256"], prepared.splits.digest.sha256
        if was != digest:
            yield Difference("the digest of the data", was, digest)
        elif now and before["holdout_sha256"] != now.digest.holdout:
            held = before["holdout_sha256"], now.digest.holdout
            yield Difference("the digest of the holdout", *held)
        elif folds[0] != folds[1]:
            yield Difference("the digest of the folds", *folds)
