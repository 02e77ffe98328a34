"""Which format holds which model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweeper.core.space import Value
from sweeper.ports import Job
from sweeper.worker import network, transforms
from sweeper.worker.models import FILE
from sweeper.worker.packaging import onnx_format, skops_format, torch_format
from sweeper.worker.packaging.unexportable import Unexportable

FORMATS = ("skops", "onnx", "safetensors", "pt2")
PICKLE = "pickle"

TRANSFORMS, NETWORK = f"{skops_format.TRANSFORMS}.py", "sweeper_network.py"
"""What our own transforms and wrappers are called in a package."""

Facts = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Made:
    """What a format left in the package's folder.

    `facts`: what its loader needs to know, plain JSON. `loader`: the file of `shipped` that
    reads it. `code`: name in the package → our own file that it needs. `packages`: the
    distributions that it needs beside those of the table. `whole`: it also needs all that the
    registered model needs.
    """

    format: str
    facts: Facts
    loader: str
    packages: tuple[str, ...]
    code: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False


def write(
    format: str | None,
    model: Any,
    content: bytes,
    folder: Path,
    X: Any,
    job: Job,
    params: Mapping[str, Value],
) -> Made:
    """Put the model into `folder`. `content`: it as it is registered; `X`: some of its rows;
    `params`: its trial's. Without `format` the safest that holds it.

    Unexportable when the format cannot hold the model or its package is not installed.
    """
    writers: dict[str, Callable[[], Made]] = {
        "skops": lambda: _skops(model, folder),
        "onnx": lambda: _onnx(model, folder, X, job),
        "safetensors": lambda: _torch("safetensors", model, folder, X, job, params),
        "pt2": lambda: _torch("pt2", model, folder, X, job, params),
        PICKLE: lambda: _pickle(content, folder),
    }
    return writers[format or _safest(model)]()


def parts(model: Any) -> tuple[Any, Any]:
    """What prepares the rows (None: nothing) and the model behind it."""
    if type(model).__name__ == "Trained":  # stored with its class, which is not the one here
        if model.function is not None:
            raise Unexportable(
                "its predictions come from the config's `predict:` function, which no format but "
                "pickle can hold: --allow-pickle"
            )
        return model.prepare, model.model
    return None, model


def _safest(model: Any) -> str:
    return "safetensors" if torch_format.is_network(parts(model)[1]) else "skops"


def _own(*, torch: bool, prepared: bool) -> dict[str, str]:
    own = {TRANSFORMS: str(transforms.__file__)} if prepared else {}
    return own | ({NETWORK: str(network.__file__)} if torch else {})


def _skops(model: Any, folder: Path) -> Made:
    _, core = parts(model)
    if torch_format.is_network(core):
        raise Unexportable(
            "skops holds scikit-learn's estimators, and this model is a torch module: "
            "--format safetensors, or --format pt2"
        )
    trusted = skops_format.write(model, folder / "model.skops")
    code = _own(torch=False, prepared=True)
    return Made("skops", {"trusted": trusted}, "loading_skops.py", ("skops",), code, whole=True)


def _onnx(model: Any, folder: Path, X: Any, job: Job) -> Made:
    prepare, core = parts(model)
    if torch_format.is_network(core):
        facts = torch_format.write_onnx(prepare, core, folder / "model.onnx", X, job)
    else:
        facts = onnx_format.write(model, folder / "model.onnx", X, job)
    return Made("onnx", facts, "loading_onnx.py", ("onnxruntime",))


def _torch(
    format: str, model: Any, folder: Path, X: Any, job: Job, params: Mapping[str, Value]
) -> Made:
    prepare, core = parts(model)
    if not torch_format.is_network(core):
        raise Unexportable(
            f"{format} holds torch modules that sweeper was given as `train: {{module: …}}`, and "
            f"this model is a {type(core).__name__}: --format skops, or --allow-pickle"
        )
    facts: Facts = {"classes": torch_format.classes(core)}
    path, prepared = folder / f"model.{format}", X if prepare is None else prepare.transform(X)
    if format == "pt2":
        torch_format.write_pt2(core, path, prepared)
    else:
        facts["module"] = torch_format.write_safetensors(core, path, prepared, job, params)
    packages: tuple[str, ...] = ("torch", "safetensors")
    if prepare is not None:
        facts["trusted"] = skops_format.write(prepare, folder / "prepare.skops")
        packages += ("scikit-learn", "skops")
    code = _own(torch=True, prepared=prepare is not None)
    return Made(format, facts, "loading_torch.py", packages, code)


def _pickle(content: bytes, folder: Path) -> Made:
    (folder / FILE).write_bytes(content)
    return Made(PICKLE, {}, "loading_pickle.py", ("cloudpickle",), whole=True)
