"""`models export`: a registered version as a folder that runs without sweeper."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeper.app.outputs import new_folder
from sweeper.app.queries import registry
from sweeper.app.versions.again import Again, Lineage
from sweeper.app.versions.proving import answers
from sweeper.ports import SweeperError

if TYPE_CHECKING:
    from sweeper.app.prepare import Prepared
    from sweeper.registry.expected import Expected
    from sweeper.registry.versions import Version
    from sweeper.worker.packaging import Made

CONTAINERFILE = """\
FROM docker.io/library/python:{python}-slim
WORKDIR /model
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
USER nobody
ENTRYPOINT ["python", "/model/predict.py"]
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """`parity`: as `sweeper.worker.packaging.parity.compared` has it, with `of`: whose rows."""

    title: str
    format: str
    folder: Path
    files: tuple[str, ...]
    parity: dict[str, Any]


def export(
    root: Path,
    model: str,
    ref: str | None,
    into: Path,
    *,
    format: str | None = None,
    allow_pickle: bool = False,
    uri: str | None = None,
    folder: Path | None = None,
    notice: Callable[[str], None] = lambda text: None,
) -> Exported:
    """Write the package into `into`, a new or empty folder, once it has answered as the
    registered model does on the holdout's rows (on the training rows where there is no holdout).

    `format`: one of `sweeper.worker.packaging.FORMATS`, else the safest that holds the model;
    a pickle only with `allow_pickle`. `folder`: where the config's data and code are now.
    SweeperError when the version is not what was registered, the format cannot hold it, or the
    answers differ; nothing is written then.
    """
    from sweeper.registry import manifest
    from sweeper.registry.expected import expected
    from sweeper.worker import models, packaging

    registered = registry(root, uri)
    version = registered.show(model, ref)
    lineage = registered.lineage(version)
    with (
        registered.fetch(version) as copy,
        Again.of(lineage, root) as again,
        new_folder(into) as package,
    ):
        wanted = expected(copy, lineage, version.title)
        _refuse_hashed(wanted, lineage, version.title)
        why = f"{version.title} cannot be compared with its export"
        prepared = again.as_registered(folder, why)
        content = (copy / version.file).read_bytes()
        loaded = models.load(content, str(copy / "code"))
        of, X = _rows(prepared)
        chosen = packaging.PICKLE if allow_pickle else format
        params = lineage["trial"]["params"]
        made = packaging.write(chosen, loaded, content, package, X, prepared.job, params)
        _furnish(package, copy, made)
        _describe(package, version, wanted, made, prepared)
        _lock(package, copy, made, lineage, notice)
        _seal(package, manifest.written(package))
        report = _parity(package, again.directory.path, loaded, X, wanted, prepared, of)
        (package / "parity.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        files = manifest.written(package)
        del files[manifest.NAME]
        _seal(package, files)
    return Exported(version.title, made.format, into, tuple(sorted(files)), report)


def _refuse_hashed(wanted: Expected, lineage: Lineage, title: str) -> None:
    """A package that hashed its columns as training did would have to hold the key."""
    names = [name for name, _ in wanted.columns if name in lineage["data"]["hashed"]]
    if names:
        raise SweeperError(
            f"{title} was trained on hashed columns ({', '.join(names)}, `data.hash`), and a "
            "package must not hold the key: score files with `sweeper models predict`"
        )


def _rows(prepared: Prepared) -> tuple[str, Any]:
    dataset = prepared.dataset
    assert dataset is not None  # `expected` found columns
    if dataset.holdout is not None:
        return "holdout", dataset.holdout.X
    return "training", dataset.train.X


def _furnish(package: Path, copy: Path, made: Made) -> None:
    """What is in every package: the program, the reading of tables, and the code it needs."""
    from sweeper.data import scorable
    from sweeper.worker.packaging import shipped

    ours = Path(str(shipped.__file__)).parent
    shutil.copyfile(ours / "predict.py", package / "predict.py")
    shutil.copyfile(ours / made.loader, package / "loading.py")
    shutil.copyfile(str(scorable.__file__), package / "table.py")
    code = package / "code"
    if made.format != "onnx" and (copy / "code").is_dir():
        leave = shutil.ignore_patterns("__pycache__", "sweeper_model.py")
        shutil.copytree(copy / "code", code, ignore=leave)
    for name, source in made.code.items():
        code.mkdir(exist_ok=True)
        shutil.copyfile(source, code / name)


def _describe(
    package: Path, version: Version, wanted: Expected, made: Made, prepared: Prepared
) -> None:
    facts = {
        "model": version.title,
        "lineage": version.digest,
        "format": made.format,
        "task": prepared.job.task,
        "columns": [list(column) for column in wanted.columns],
        "known": list(wanted.known),
        "array": wanted.array,
        **made.facts,
    }
    text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
    (package / "package.json").write_text(text, encoding="utf-8")


TABLE = ("numpy", "pandas")


def _lock(
    package: Path, copy: Path, made: Made, lineage: Lineage, notice: Callable[[str], None]
) -> None:
    """What is pinned is what the package is tried with, here and now."""
    from sweeper.registry.pins import named, otherwise, pins

    whole = named((copy / "requirements.txt").read_text(encoding="utf-8")) if made.whole else ()
    roots = {*TABLE, *made.packages, *whole} - ({"cloudpickle"} - set(made.packages))
    found = pins(roots)
    for line in otherwise(found, lineage["environment"]["packages"]):
        notice(f"warning: {line}: the package is tried with, and pins, what is installed here")
    lines = [f"{name}=={version}\n" for name, version in found.items()]
    (package / "requirements.txt").write_text("".join(lines), encoding="utf-8")
    python = ".".join(str(lineage["environment"]["python"]).split(".")[:2])
    text = CONTAINERFILE.format(python=python)
    (package / "Containerfile").write_text(text, encoding="utf-8")


def _seal(package: Path, files: Mapping[str, str]) -> None:
    from sweeper.registry import manifest

    (package / manifest.NAME).write_bytes(manifest.text(files))


def _parity(
    package: Path,
    scratch: Path,
    model: Any,
    X: Any,
    wanted: Expected,
    prepared: Prepared,
    of: str,
) -> dict[str, Any]:
    from sweeper.data import scorable
    from sweeper.worker import packaging

    ours = scorable.scored(model, X)
    theirs = answers(package, scratch, X, [name for name, _ in wanted.columns])
    report = {"of": of, **packaging.compared(ours, theirs, prepared.job.task)}
    if not report["equal"]:
        raise packaging.Unexportable(
            f"the exported model does not answer as the registered one on the {of} rows: "
            f"{packaging.differences(report)}. Nothing was written; another --format may hold it"
        )
    return report
