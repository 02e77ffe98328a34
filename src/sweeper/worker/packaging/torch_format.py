"""Torch modules that sweeper trained: weights as safetensors, the whole as torch.export's or ONNX."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sweeper.core.space import Value
from sweeper.ports import TRAIN_MODULE, Job
from sweeper.worker.packaging import onnx_format
from sweeper.worker.packaging.unexportable import Unexportable, needed, reason


def is_network(model: Any) -> bool:
    """Also one that was stored with its class: that class is not the one here."""
    return any(kind.__name__ == "Network" for kind in type(model).__mro__) and hasattr(
        model, "module"
    )


def classes(network: Any) -> list[Value] | None:
    return onnx_format.classes(network)


def write_safetensors(
    network: Any, path: Path, prepared: Any, job: Job, params: Mapping[str, Value]
) -> Value:
    """Write the weights; how the module is made that they go into, as {path, arguments}."""
    from sweeper.worker.module import recipe
    from sweeper.worker.tree import arguments

    if job.spec.train is None or job.spec.train.function != TRAIN_MODULE:
        raise Unexportable(
            "the training function made this module itself, and nothing says how it is made "
            "again for its weights: --format pt2 holds it whole"
        )
    weights = network.module.state_dict()
    needed("safetensors.torch").save_file(
        {name: value.contiguous().clone() for name, value in weights.items()}, path
    )
    given = arguments(job.spec.train.parameters, dict(params), job.directory)
    module, told = recipe(given, prepared.shape[1], job)
    try:
        json.dumps(told)
    except TypeError as error:
        raise Unexportable(
            f"the module's arguments ({', '.join(told)}) hold more than numbers and text: "
            "--format pt2 holds it whole"
        ) from error
    return {"path": module, "arguments": told}


def write_pt2(network: Any, path: Path, prepared: Any) -> None:
    """Write the module as torch.export sees it. Unexportable when it cannot be traced."""
    torch = needed("torch")
    try:
        traced = torch.export.export(network.module, (_example(prepared),), dynamic_shapes=_rows())
        torch.export.save(traced, path)
    except Exception as error:  # a module is anybody's code
        raise Unexportable(
            f"torch.export cannot hold this module: {reason(error)}. --allow-pickle exports the "
            "model as it is"
        ) from error


def write_onnx(prepare: Any, network: Any, path: Path, X: Any, job: Job) -> dict[str, Value]:
    """Preparation and module as one graph; what its loader needs to know."""
    torch = needed("torch")
    needed("onnxscript")
    prepared = X if prepare is None else prepare.transform(X)
    try:
        program = torch.onnx.export(
            network.module,
            (_example(prepared),),
            dynamic_shapes=_rows(),
            opset_version=onnx_format.OPSET,
            input_names=["X"],
            output_names=["outputs"],
            verbose=False,
        )
    except Exception as error:  # a module is anybody's code
        raise Unexportable(f"torch cannot export this module to ONNX: {reason(error)}") from error
    graph, facts = program.model_proto, {"by_column": False, "text": [], "categories": []}
    if prepare is not None:
        before, facts = onnx_format.converted_to_onnx(prepare, X, job)
        graph = _joined(before, graph)
    path.write_bytes(graph.SerializeToString())
    return facts | {"logits": True, "classes": classes(network), "probabilities": True}


def _joined(before: Any, after: Any) -> Any:
    compose = needed("onnx.compose")
    before.ir_version = after.ir_version
    taken = compose.add_prefix(after, prefix="module_")
    links = [(before.graph.output[0].name, taken.graph.input[0].name)]
    return compose.merge_models(before, taken, io_map=links)


def _example(prepared: Any) -> Any:
    """Two rows, so that their number is seen to be any."""
    torch = needed("torch")
    return torch.as_tensor(np.asarray(prepared[:2], dtype=np.float32))


def _rows() -> Any:
    return ({0: needed("torch").export.Dim("rows")},)
