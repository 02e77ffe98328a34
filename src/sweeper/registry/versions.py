"""What the registry holds: versions found, shown, fetched as they were registered, and named.

A version without the mark of completeness is shown to nobody.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sweeper.core.space import Value
from sweeper.mlflow_store import connect, exists, refused
from sweeper.names import suggest
from sweeper.ports import SweeperError
from sweeper.registry import lineage as lineages
from sweeper.registry import moves
from sweeper.registry.card import Origin
from sweeper.registry.card import store as cards
from sweeper.registry.checks import UnknownVersion, check_alias, check_model
from sweeper.registry.reading import (
    BESIDE,
    FOLDER,
    LINEAGE_SHA256,
    MARKS,
    MODEL_FILE,
    aliases,
    changed,
    download,
    erased,
    pages,
    read_file,
    whole,
)

HOLDOUT_SHA256 = "sweeper.holdout_sha256"
DATA_SHA256 = "sweeper.data_sha256"
METRIC = "sweeper.metric"
METRICS = "sweeper.metrics"
TRIAL = "sweeper.trial"
VERDICT = "sweeper.verdict"


@dataclass(frozen=True, slots=True)
class Version:
    """One version as the registry has it. `digest`: of its lineage document."""

    name: str
    version: int
    aliases: tuple[str, ...]
    digest: str
    metrics: dict[str, float]
    tags: dict[str, str]
    created: float  # seconds since the epoch

    @property
    def title(self) -> str:
        """As it is named on the command line."""
        return f"{self.name}/{self.version}"

    @property
    def file(self) -> str:
        """Where in its folder the model's own bytes are."""
        return self.tags[MODEL_FILE].removeprefix(f"{self.tags[FOLDER]}/")


class Versions:
    """Those of one store. SweeperError for what MLflow refuses or cannot be reached."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def card(
        self,
        version: Version,
        lineage: dict[str, Value],
        pictures: Mapping[str, bytes],
        by: Mapping[str, Any] | None = None,
    ) -> dict[str, bytes]:
        """The version's card, by file name, also kept with its run in place of the one before.

        `by`: results by group (see `sweeper.worker.groups`).
        """
        verdict = version.tags.get(VERDICT, "")
        origin = Origin(
            version.title, version.aliases, verdict, version.digest, lineage, pictures, by
        )
        files = cards.made(origin)
        with refused(self._uri):
            run_id = self._client.get_model_version(version.name, str(version.version)).run_id
            cards.store(self._client, run_id, version.tags[FOLDER], files)
        return files

    def versions(self, model: str | None = None) -> list[Version]:
        """All versions, or one model's: by name, the newest first."""
        text = f"name = '{check_model(model)}'" if model else ""
        if not exists(self._uri):
            return []
        with refused(self._uri):
            held = aliases(self._client, text)
            found = [
                _version(v, held.get((v.name, int(v.version)), ()))
                for v in pages(self._client.search_model_versions, text)
                if whole(v.tags)
            ]
        return sorted(found, key=lambda v: (v.name, -v.version))

    def show(self, model: str, ref: str | None = None) -> Version:
        """One version: `@alias` or `/3` (marks may be left out), the newest without `ref`."""
        versions = self.versions(model)
        self._insist_there(model, ref, versions)
        if not versions:
            known = sorted({version.name for version in self.versions()})
            raise UnknownVersion(f"no model called {model} is registered.{suggest(model, known)}")
        if ref is None:
            return versions[0]
        wanted = ref.lstrip("@/")
        for version in versions:
            if wanted == str(version.version) or wanted in version.aliases:
                return version
        there = [str(v.version) for v in versions] + [a for v in versions for a in v.aliases]
        raise UnknownVersion(
            f"{model} has no version or alias {wanted}: there is {', '.join(there)}"
        )

    def _insist_there(self, model: str, ref: str | None, versions: list[Version]) -> None:
        """UnknownVersion when what is asked for was erased; the message says when, by whom, why."""
        if not exists(self._uri):
            return
        with refused(self._uri):
            gone = erased(self._client, model)
        wanted = (ref or "").lstrip("@/")
        newest = str(max(gone)) if gone and not versions and not wanted else wanted
        for number, told in gone.items():
            if newest == str(number):
                day = time.strftime("%Y-%m-%d %H:%M", time.localtime(told["at"]))
                raise UnknownVersion(
                    f"{model}/{number} was erased on {day} by {told['by']}: {told['why']}"
                )

    def lineage(self, version: Version) -> dict[str, Value]:
        """The version's lineage document. SweeperError when it is not the one registered."""
        name = version.title
        if not version.digest:
            raise SweeperError(f"{name} has no lineage: it was not registered by sweeper")
        with refused(self._uri):
            found = self._client.get_model_version(version.name, str(version.version))
            text = read_file(self._client, found, f"{found.tags[FOLDER]}/{BESIDE}/lineage.json")
        if text is None or hashlib.sha256(text).hexdigest() != version.digest:
            what = "is gone" if text is None else "has been changed"
            raise SweeperError(
                f"the lineage document of {name} {what}: expected the SHA-256 "
                f"{version.digest}. Nothing it says about this model can be relied on"
            )
        document: dict[str, Value] = json.loads(text)
        return document

    def changed(self, version: Version) -> list[str]:
        """What of the version's files is not as it was registered, in words."""
        with tempfile.TemporaryDirectory(prefix="sweeper-") as scratch:
            return self._copied(version, Path(scratch))[1]

    @contextmanager
    def fetch(self, version: Version) -> Iterator[Path]:
        """A copy of the version's folder for as long as the context lasts, verified first.

        SweeperError names what is not as it was registered.
        """
        with tempfile.TemporaryDirectory(prefix="sweeper-") as scratch:
            folder, wrong = self._copied(version, Path(scratch))
            if folder is None or wrong:
                raise SweeperError(
                    f"{version.title} is not what was registered, and nothing of it is used: "
                    f"{'; '.join(wrong)}. Restore it from a backup"
                )
            yield folder

    def move(self, model: str, alias: str, to: moves.Move) -> None:
        """Give an alias to a version; Overtaken when another than `to.previous` holds it."""
        with refused(self._uri):
            moves.move(self._client, self._uri, model, check_alias(alias), to)

    def holder(self, model: str, alias: str) -> Version | None:
        """The version that has the alias; None when there is none."""
        with refused(self._uri):
            found = moves.holder(self._client, check_model(model), check_alias(alias))
            if found is None:
                return None
            held = aliases(self._client, f"name = '{model}'")
        return _version(found, held.get((found.name, int(found.version)), ()))

    def looks(self, model: str, holdout: str) -> int:
        """How often versions of the model were compared on this holdout to move an alias."""
        every = [each for told in self.histories(model).values() for each in told]
        return sum(each.look > 0 and each.holdout == holdout for each in every)

    def content(self, version: Version) -> bytes:
        """The model's own bytes, verified first."""
        with self.fetch(version) as folder:
            return (folder / version.file).read_bytes()

    def insist(self, version: Version) -> None:
        """SweeperError when the version is not what was registered."""
        with self.fetch(version):
            pass

    def history(self, model: str, alias: str) -> list[moves.Move]:
        """All moves of a model's alias, the oldest first."""
        return self.histories(model).get(check_alias(alias), [])

    def histories(self, model: str) -> dict[str, list[moves.Move]]:
        """The same of every alias that the model has or had."""
        with refused(self._uri):
            return moves.histories(self._client, check_model(model))

    def contradictions(self, version: Version, lineage: dict[str, Value]) -> Iterator[str]:
        """Where the version's tags say something else than its lineage."""
        for tag, told in said(lineage).items():
            if version.tags.get(tag) != told:
                yield f"{tag} is {version.tags.get(tag)!r}, and the lineage says {told!r}"

    def note(self, version: Version, tag: str, text: str) -> None:
        """Keep something about the version with it, in place of what was kept there before."""
        with refused(self._uri):
            self._client.set_model_version_tag(version.name, str(version.version), tag, text)

    def _copied(self, version: Version, into: Path) -> tuple[Path | None, list[str]]:
        """The version's folder, and what of it is wrong."""
        lacking = [tag for tag in MARKS if tag not in version.tags]
        if lacking:
            raise SweeperError(
                f"{version.title} was not registered by sweeper, or lost its tag {lacking[0]}: "
                "there is nothing to verify it by"
            )
        with refused(self._uri):
            found = self._client.get_model_version(version.name, str(version.version))
            folder = download(self._client, found, into)
        return folder, ["its files are gone"] if folder is None else [*changed(folder, found.tags)]

    @cached_property
    def _client(self) -> Any:
        return connect(self._uri)


def said(lineage: Mapping[str, Value]) -> dict[str, str]:
    """The tags that repeat what the lineage says."""
    facts = lineages.facts(lineage)
    return {
        TRIAL: facts.trial,
        HOLDOUT_SHA256: facts.holdout,
        DATA_SHA256: facts.data,
        METRIC: facts.metric,
        METRICS: json.dumps(lineage.get("metrics") or {}, sort_keys=True),
    }


def _version(found: Any, aliases: tuple[str, ...]) -> Version:
    return Version(
        name=found.name,
        version=int(found.version),
        aliases=aliases,
        digest=found.tags.get(LINEAGE_SHA256, ""),
        metrics=_metrics(found.tags.get(METRICS, "{}")),
        tags=dict(found.tags),
        created=found.creation_timestamp / 1000,
    )


def _metrics(text: str) -> dict[str, float]:
    """None where the tag is no longer what was written: `verify` says so."""
    try:
        found: dict[str, float] = json.loads(text)
    except ValueError:
        return {}
    return found
