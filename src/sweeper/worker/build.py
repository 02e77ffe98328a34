"""From a trial's parameters to an unfitted scikit-learn pipeline."""

from __future__ import annotations

from typing import Any

from sweeper.core.space import Params
from sweeper.core.specs import Candidate
from sweeper.ports import Job
from sweeper.worker.preprocess import preprocessor
from sweeper.worker.shared import shared_seed
from sweeper.worker.tree import resolve

SEED_LIMIT = 2**32


def build_estimator(job: Job, params: Params, seed: int) -> tuple[Any, Candidate]:
    """The chosen candidate as an unfitted Pipeline: preprocessing steps, then the model.

    The last step is the model itself, also when the user's estimator is a Pipeline: its
    steps are spliced in, so that sample weights and early stopping reach the model. `seed` is
    the model's; the steps before it draw by the sweep's alone (see `shared`).
    """
    from sklearn.pipeline import Pipeline

    assert job.spec.model is not None
    candidate = job.spec.model.candidate(dict(params))
    common = shared_seed(job)
    prepare = preprocessor(job, candidate.preprocess or job.spec.preprocess, params, common)
    estimator = resolve(candidate.estimator, params, job.directory)
    steps = list(estimator.steps) if isinstance(estimator, Pipeline) else [("model", estimator)]
    if prepare is not None:
        steps.insert(
            0, ("preprocess" if _free("preprocess", steps) else "preprocess_auto", prepare)
        )
    for _, step in steps[:-1]:
        seeded(step, common)
    name, model = steps[-1]
    steps[-1] = (name, seeded(_understanding_labels(model), seed))
    memory = estimator.memory if isinstance(estimator, Pipeline) else None
    return Pipeline(steps, memory=memory), candidate


def seeded(estimator: Any, seed: int) -> Any:
    """`estimator` with every `random_state` in it that nobody set, at any depth, set to `seed`.

    What has no parameters that could be asked for stays as it is.
    """
    if not hasattr(estimator, "get_params"):
        return estimator
    missing = {
        name: seed % SEED_LIMIT
        for name, value in estimator.get_params(deep=True).items()
        if value is None and name.rpartition("__")[2] == "random_state"
    }
    return estimator.set_params(**missing) if missing else estimator


def _free(name: str, steps: list[tuple[str, Any]]) -> bool:
    return all(name != taken for taken, _ in steps)


def _understanding_labels(estimator: Any) -> Any:
    """xgboost's classifiers take only 0…n-1 as labels; others come through as they are."""
    from sklearn.base import is_classifier

    if type(estimator).__module__.startswith("xgboost") and is_classifier(estimator):
        from sweeper.worker.transforms import EncodedLabels

        return EncodedLabels(estimator)
    return estimator
