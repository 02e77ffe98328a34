"""Model versions in MLflow's registry: written whole or not at all, read back and checked.

A version is uploaded, created with its tags, marked complete, and only then may the alias
move. Whatever a crash leaves behind is found by its tags and finished by the next call;
a version without the mark is shown to nobody.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sweeper.core.records import Registered
from sweeper.core.space import Value
from sweeper.mlflow_store import (
    CURSOR,
    SWEEP_ID,
    connect,
    exists,
    experiment_id,
    parent_run,
    refused,
)
from sweeper.names import suggest
from sweeper.ports import Champion, Registration, SweeperError
from sweeper.registry import lineage as lineages
from sweeper.registry import manifest, moves
from sweeper.registry.card import Origin
from sweeper.registry.card import store as cards
from sweeper.registry.checks import UnknownVersion, check_alias, check_artifact, check_model
from sweeper.registry.reading import (
    BESIDE,
    COMPLETE,
    FOLDER,
    LINEAGE_SHA256,
    MANIFEST_SHA256,
    MARKS,
    MODEL_FILE,
    MODEL_SHA256,
    aliases,
    changed,
    download,
    erased,
    pages,
    read_file,
    whole,
)
from sweeper.registry.storing import store
from sweeper.registry.verdict import decide

HOLDOUT_SHA256 = "sweeper.holdout_sha256"
DATA_SHA256 = "sweeper.data_sha256"
METRIC = "sweeper.metric"
METRICS = "sweeper.metrics"
SWEEP = "sweeper.sweep"
TRIAL = "sweeper.trial"
VERDICT = "sweeper.verdict"

PATIENCE = 5
"""How often a registration decides again when its alias is moved meanwhile."""

SCRATCH = ".model-"  # how the folders begin in which uploads are put together


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


class MlflowRegistry:
    """Implements `ports.Registry`. SweeperError for what MLflow refuses or cannot be reached."""

    def __init__(self, uri: str, artifacts: str | None, experiment: str) -> None:
        self._uri = uri
        self._artifacts = artifacts
        self._experiment = experiment

    def champion(self, model: str, alias: str) -> Champion | None:
        """The version that holds the alias; None when nobody does.

        `content` is None unless it is, by its SHA-256, the file that sweeper stored.
        """
        check_model(model)
        check_alias(alias)
        if not exists(self._uri):
            return None
        with refused(self._uri):
            found = moves.holder(self._client, model, alias)
            return None if found is None else self._as_champion(found, self._content(found))

    def register(self, registration: Registration) -> Registered:
        """The version of this sweep and model file, made, finished or found, and its alias.

        Calling again after a crash at any point makes no second version.
        """
        check_model(registration.model)
        check_alias(registration.alias)
        for name in registration.files:
            check_artifact(name)
        model = Path(registration.model_file)
        content = model.read_bytes()
        with refused(self._uri):
            for left in model.parent.glob(f"{SCRATCH}*"):  # by a crash inside an upload
                shutil.rmtree(left)
            own = self._own(registration, hashlib.sha256(content).hexdigest())
            if own is None or COMPLETE not in own.tags:
                own = self._make(registration, content, own)
            for _ in range(PATIENCE):
                with contextlib.suppress(moves.Overtaken):  # decided anew, by who holds it now
                    return self._settle(registration, own)
            return self._settle(registration, own)

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
        for tag, told in _said(lineage).items():
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

    def _own(self, registration: Registration, sha256: str) -> Any | None:
        """This sweep's version of this file; else one it left unfinished; else None."""
        mine = [
            version
            for version in pages(
                self._client.search_model_versions, f"name = '{registration.model}'"
            )
            if version.tags.get(SWEEP_ID) == registration.sweep_id
        ]
        same = [v for v in mine if v.tags.get(MODEL_SHA256) == sha256]
        unfinished = [v for v in mine if COMPLETE not in v.tags]
        return next(iter([*same, *unfinished]), None)

    def _make(self, registration: Registration, content: bytes, unfinished: Any | None) -> Any:
        """Upload everything, then create the version, or finish the one begun, and mark it."""
        client = self._client
        run = parent_run(
            client,
            self._uri,
            experiment_id(client, self._experiment, self._artifacts),
            registration.sweep_id,
            registration.sweep,
        )
        sha256 = hashlib.sha256(content).hexdigest()
        folder = f"models/{sha256[:16]}"
        name, listed = self._upload(run.info.run_id, registration, content)
        tags = _tags(registration, sha256) | {
            FOLDER: folder,
            MODEL_FILE: f"{folder}/{name}",
            MANIFEST_SHA256: listed,
        }
        if CURSOR not in run.data.tags:  # no tracker looks after this run
            client.set_terminated(run.info.run_id)
        if unfinished is not None and unfinished.tags.get(MODEL_SHA256) != sha256:
            client.delete_model_version(unfinished.name, unfinished.version)
            unfinished = None
        version = unfinished or self._create(registration, run, folder, tags)
        for key, value in {**tags, COMPLETE: "true"}.items():
            if version.tags.get(key) != value:
                client.set_model_version_tag(version.name, version.version, key, value)
        return client.get_model_version(version.name, version.version)

    def _upload(self, run_id: str, registration: Registration, content: bytes) -> tuple[str, str]:
        """Put the model and what belongs to it into the run; the name of the model's file, and
        the digest of the manifest of all."""
        near = Path(registration.model_file).parent  # the sweep's own directory, never /tmp
        with tempfile.TemporaryDirectory(dir=near, prefix=SCRATCH) as scratch:
            folder = Path(scratch) / "model"
            name = store(registration, content, folder)
            beside = folder / BESIDE
            beside.mkdir()
            (beside / "lineage.json").write_bytes(lineages.canonical(registration.lineage))
            for file, path in registration.files.items():
                shutil.copyfile(path, beside / file)
            listed = manifest.text(manifest.written(folder))
            (beside / manifest.NAME).write_bytes(listed)
            sha256 = hashlib.sha256(content).hexdigest()
            self._client.log_artifacts(run_id, str(folder), f"models/{sha256[:16]}")
        return name, hashlib.sha256(listed).hexdigest()

    def _create(self, registration: Registration, run: Any, folder: str, tags: Any) -> Any:
        from mlflow.exceptions import MlflowException

        client = self._client
        try:
            client.create_registered_model(registration.model)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        return client.create_model_version(
            registration.model,
            source=f"{run.info.artifact_uri}/{folder}",
            run_id=run.info.run_id,
            tags=tags,
            description=f"from sweep {registration.sweep}, trial {tags[TRIAL]}",
        )

    def _settle(self, registration: Registration, own: Any) -> Registered:
        """Move the alias if the rule says so, after the verdict is kept with the version."""
        client, version, alias = self._client, int(own.version), registration.alias
        holder = moves.holder(client, registration.model, alias)
        digest = own.tags[LINEAGE_SHA256]
        if holder is not None and int(holder.version) == version:
            verdict = own.tags.get(VERDICT, f"{alias} already names this version")
            return Registered(registration.model, version, digest, alias, verdict)
        champion = None if holder is None else self._as_champion(holder, None)
        decision = decide(registration, version, champion)
        client.set_model_version_tag(own.name, own.version, VERDICT, decision.verdict)
        if decision.moves:
            previous = None if champion is None else champion.version
            self.move(
                registration.model,
                alias,
                moves.Move(
                    version,
                    previous,
                    moves.REGISTERED,
                    registration.by,
                    decision.verdict,
                    time.time(),
                    own.tags[HOLDOUT_SHA256],
                ),
            )
        held = alias if decision.moves else ""
        return Registered(registration.model, version, digest, held, decision.verdict)

    def _content(self, version: Any) -> bytes | None:
        if MODEL_FILE not in version.tags:
            return None
        content = read_file(self._client, version, version.tags[MODEL_FILE])
        if content is None:
            return None
        same = hashlib.sha256(content).hexdigest() == version.tags.get(MODEL_SHA256)
        return content if same else None

    @staticmethod
    def _as_champion(version: Any, content: bytes | None) -> Champion:
        tags = version.tags
        return Champion(
            model=version.name,
            version=int(version.version),
            holdout=tags.get(HOLDOUT_SHA256, ""),
            data=tags.get(DATA_SHA256, ""),
            metric=tags.get(METRIC, ""),
            content=content,
        )


def _tags(registration: Registration, sha256: str) -> dict[str, str]:
    return {
        **_said(registration.lineage),
        SWEEP_ID: registration.sweep_id,
        SWEEP: registration.sweep,
        MODEL_SHA256: sha256,
        LINEAGE_SHA256: lineages.digest(registration.lineage),
    }


def _said(lineage: Mapping[str, Value]) -> dict[str, str]:
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
