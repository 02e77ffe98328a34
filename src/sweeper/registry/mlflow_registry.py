"""Model versions made in MLflow's registry: written whole or not at all.

A version is uploaded, created with its tags, marked complete, and only then may the alias
move. Whatever a crash leaves behind is found by its tags and finished by the next call.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from sweeper.core.records import Registered
from sweeper.mlflow_store import CURSOR, SWEEP_ID, exists, experiment_id, parent_run, refused
from sweeper.ports import Champion, Registration
from sweeper.registry import lineage as lineages
from sweeper.registry import manifest, moves
from sweeper.registry.checks import check_alias, check_artifact, check_model
from sweeper.registry.reading import (
    BESIDE,
    COMPLETE,
    FOLDER,
    LINEAGE_SHA256,
    MANIFEST_SHA256,
    MODEL_FILE,
    MODEL_SHA256,
    pages,
    read_file,
)
from sweeper.registry.storing import store
from sweeper.registry.verdict import decide
from sweeper.registry.versions import (
    DATA_SHA256,
    HOLDOUT_SHA256,
    METRIC,
    TRIAL,
    VERDICT,
    Versions,
    said,
)

SWEEP = "sweeper.sweep"

PATIENCE = 5
"""How often a registration decides again when its alias is moved meanwhile."""

SCRATCH = ".model-"  # how the folders begin in which uploads are put together


class MlflowRegistry(Versions):
    """Implements `ports.Registry`: the versions of a store, to which a sweep adds its own."""

    def __init__(self, uri: str, artifacts: str | None, experiment: str) -> None:
        super().__init__(uri)
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
        **said(registration.lineage),
        SWEEP_ID: registration.sweep_id,
        SWEEP: registration.sweep,
        MODEL_SHA256: sha256,
        LINEAGE_SHA256: lineages.digest(registration.lineage),
    }
