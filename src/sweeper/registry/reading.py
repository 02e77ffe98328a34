"""What a registry holds, read and never changed: versions, aliases, files."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeper.mlflow_store import SWEEP_ID, connect, exists, refused, there
from sweeper.registry import manifest
from sweeper.registry.checks import check_model

COMPLETE = "sweeper.complete"
MODEL_SHA256 = "sweeper.model_sha256"
LINEAGE_SHA256 = "sweeper.lineage_sha256"
MANIFEST_SHA256 = "sweeper.manifest_sha256"
MODEL_FILE = "sweeper.model_file"  # where in the run's artefacts the model's own bytes are
ERASED = "sweeper.erased"  # begins the tags of a model that tell of versions no longer there
FOLDER = "sweeper.folder"  # where in the run's artefacts the MLflow model is

MARKS = (COMPLETE, MODEL_SHA256, LINEAGE_SHA256, MANIFEST_SHA256, MODEL_FILE, FOLDER)
"""The tags of every version that sweeper registered whole."""

BESIDE = "sweeper"  # the folder in the model's own for lineage, report, config and pictures


@dataclass(frozen=True, slots=True)
class Kept:
    """One version of a model as it is there. `lacks`: what is not as sweeper leaves it, in words."""

    version: int
    sweep_id: str  # empty: others made it
    digest: str
    aliases: tuple[str, ...]
    lacks: tuple[str, ...]


def kept(uri: str, model: str, sweep_id: str) -> list[Kept]:
    """All versions of a model, half ones too; the files of those that this sweep made are read."""
    check_model(model)
    if not exists(uri):
        return []
    with refused(uri):
        client = connect(uri)
        text = f"name = '{model}'"
        held = aliases(client, text)
        return [
            _kept(client, version, held.get((model, int(version.version)), ()), sweep_id)
            for version in pages(client.search_model_versions, text)
        ]


def dangling(uri: str, model: str) -> dict[str, int]:
    """Aliases of the model that name no version: alias → the number it names."""
    if not exists(uri):
        return {}
    with refused(uri):
        client = connect(uri)
        text = f"name = '{check_model(model)}'"
        there = {int(v.version) for v in pages(client.search_model_versions, text)}
        named = aliases(client, text).items()
    return {a: number for (_, number), names in named if number not in there for a in names}


def erased(client: Any, model: str) -> dict[int, dict[str, Any]]:
    """What is told of erased versions, by their numbers: `at`, `by`, `why`."""
    registered = there(client.get_registered_model, model)
    tags = registered.tags if registered else {}
    prefix = f"{ERASED}."
    found = {key.removeprefix(prefix): text for key, text in tags.items() if key.startswith(prefix)}
    return {int(number): json.loads(text) for number, text in sorted(found.items())}


def pages(search: Callable[..., Any], text: str) -> Iterator[Any]:
    """Everything that a search finds, page by page."""
    token = None
    while True:
        page = search(text, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def aliases(client: Any, text: str) -> dict[tuple[str, int], tuple[str, ...]]:
    """(model, version) → its aliases, which a search for versions leaves out."""
    found: dict[tuple[str, int], tuple[str, ...]] = {}
    for model in pages(client.search_registered_models, text):
        for alias, version in sorted(model.aliases.items()):
            key = (model.name, int(version))
            found[key] = (*found.get(key, ()), alias)
    return found


def read_file(client: Any, version: Any, path: str) -> bytes | None:
    """One file of the run that made the version; None when it is not there."""
    folder = path.rpartition("/")[0]
    if path not in {file.path for file in client.list_artifacts(version.run_id, folder)}:
        return None
    with tempfile.TemporaryDirectory(prefix="sweeper-") as scratch:
        return Path(client.download_artifacts(version.run_id, path, scratch)).read_bytes()


def download(client: Any, version: Any, into: Path) -> Path | None:
    """The version's folder, copied into `into`; None when it is gone."""
    folder = version.tags[FOLDER]
    if not client.list_artifacts(version.run_id, folder):
        return None
    return Path(client.download_artifacts(version.run_id, folder, str(into)))


def changed(folder: Path, tags: Mapping[str, str]) -> Iterator[str]:
    """What of a copied folder is not as it was registered, a sentence for each file."""
    listed = folder / BESIDE / manifest.NAME
    content = listed.read_bytes() if listed.is_file() else None
    if content is None or hashlib.sha256(content).hexdigest() != tags[MANIFEST_SHA256]:
        how = "is gone" if content is None else "has been changed"
        yield f"{BESIDE}/{manifest.NAME} {how}: its SHA-256 was {tags[MANIFEST_SHA256]}"
        return
    found = manifest.written(folder)
    del found[f"{BESIDE}/{manifest.NAME}"]
    expected = manifest.load(content)
    yield from manifest.wrong(found, expected)
    told = {
        MODEL_SHA256: expected.get(tags[MODEL_FILE].removeprefix(f"{tags[FOLDER]}/")),
        LINEAGE_SHA256: expected.get(f"{BESIDE}/lineage.json"),
    }
    for tag, sha256 in told.items():
        if tags[tag] != sha256:
            yield f"the version's tag {tag} has been changed: it was {sha256}"


def whole(tags: dict[str, str]) -> bool:
    """False for a version that sweeper began and has not finished."""
    return SWEEP_ID not in tags or COMPLETE in tags


def _kept(client: Any, version: Any, names: tuple[str, ...], sweep_id: str) -> Kept:
    own = version.tags.get(SWEEP_ID, "")
    return Kept(
        version=int(version.version),
        sweep_id=own,
        digest=version.tags.get(LINEAGE_SHA256, ""),
        aliases=names,
        lacks=tuple(_lacks(client, version)) if own == sweep_id else (),
    )


def _lacks(client: Any, version: Any) -> Iterator[str]:
    tags = version.tags
    missing = [tag for tag in MARKS if tag not in tags]
    if missing or not version.source:
        yield f"it is half registered: no {missing[0] if missing else 'source'}"
        return
    with tempfile.TemporaryDirectory(prefix="sweeper-") as scratch:
        folder = download(client, version, Path(scratch))
        yield from ["its files are gone"] if folder is None else list(changed(folder, tags))
