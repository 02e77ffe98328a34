"""Early stopping: each estimator is given the rows to watch in the way it wants them."""

from __future__ import annotations

from typing import Any

import numpy as np

from sweeper.worker.rows import take

PATIENCE = 20
"""Rounds without improvement before boosting stops, where the user says nothing."""

Part = tuple[Any, Any, Any]
"""X, y and weights (or None) of some rows."""


class CannotStopEarly(Exception):
    """`fit: {validation}` was asked of an estimator that has no use for it."""


def watches(model: Any) -> bool:
    """Whether it can be given rows to watch; else it sets some aside by itself, if anything."""
    return _way(model) is not None


def fit_watched(pipeline: Any, learn: Part, watch: Part) -> None:
    """Fit on `learn` a pipeline whose model `watches`: `watch`, prepared by what was fitted on
    `learn`."""
    from sklearn.pipeline import Pipeline

    model = pipeline[-1]
    give = _way(model)
    assert give is not None
    (X, y, weights), (X_watch, y_watch, w_watch) = learn, _known(model, learn, watch)
    if len(pipeline.steps) > 1:
        prepare = Pipeline([*pipeline.steps[:-1], ("rows", "passthrough")], memory=pipeline.memory)
        X = prepare.fit_transform(X, y)
        X_watch = prepare.transform(X_watch)
        pipeline.steps[:-1] = prepare.steps[:-1]
    give(model, (X, y, weights), (X_watch, y_watch, w_watch))


def _known(model: Any, learn: Part, watch: Part) -> Part:
    """`watch` without rows of classes that `learn` does not have: no model can judge them."""
    from sklearn.base import is_classifier

    if not is_classifier(model):
        return watch
    known = np.flatnonzero(np.isin(watch[1], np.unique(learn[1])))
    return take(watch[0], known), take(watch[1], known), take(watch[2], known)


def _way(model: Any) -> Any:
    from sklearn.utils.validation import has_fit_parameter

    library = type(_booster(model)).__module__.partition(".")[0]
    if library == "xgboost":
        return _xgboost
    if library == "lightgbm":
        return _lightgbm
    return _histogram if has_fit_parameter(model, "X_val") else None


def _booster(model: Any) -> Any:
    from sweeper.worker.transforms import EncodedLabels

    return model.estimator if isinstance(model, EncodedLabels) else model


def _xgboost(model: Any, learn: Part, watch: Part) -> None:
    booster = _booster(model)
    if booster.get_params().get("early_stopping_rounds") is None:
        booster.set_params(early_stopping_rounds=PATIENCE)
    weights = {"sample_weight": learn[2], "sample_weight_eval_set": [watch[2]]}
    given = weights if learn[2] is not None else {}
    model.fit(*learn[:2], eval_set=[watch[:2]], verbose=False, **given)


def _lightgbm(model: Any, learn: Part, watch: Part) -> None:
    import lightgbm

    weights = {"sample_weight": learn[2], "eval_sample_weight": [watch[2]]}
    given = weights if learn[2] is not None else {}
    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    # not eval_X and eval_y, which 4.7 prefers: there string labels fail
    model.fit(*learn[:2], eval_set=[watch[:2]], callbacks=[stop], **given)


def _histogram(model: Any, learn: Part, watch: Part) -> None:
    model.set_params(early_stopping=True)
    weights = {"sample_weight": learn[2], "sample_weight_val": watch[2]}
    given = weights if learn[2] is not None else {}
    model.fit(*learn[:2], X_val=watch[0], y_val=watch[1], **given)


def keep_own_share(model: Any, share: float) -> None:
    """Turn early stopping on where the estimator sets its own validation rows aside.
    CannotStopEarly where there is no way."""
    known = model.get_params(deep=False)
    if "validation_fraction" not in known:
        raise CannotStopEarly(
            f"{type(model).__name__} cannot stop early: leave `fit: {{validation: …}}` out, or use "
            "an estimator that can (HistGradientBoosting*, GradientBoosting*, MLP*, SGD*, "
            "xgboost's and lightgbm's)"
        )
    settings: dict[str, Any] = {"validation_fraction": share}
    if "early_stopping" in known:
        settings["early_stopping"] = True
    if known.get("n_iter_no_change", 0) is None:
        settings["n_iter_no_change"] = 10
    model.set_params(**settings)
