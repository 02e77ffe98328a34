from __future__ import annotations

import pytest

from sweeper.config import differences


@pytest.fixture
def base(read, svc):
    return lambda *overrides: read(svc, *overrides).spec


@pytest.mark.parametrize(
    ("override", "change"),
    [
        ("budget.trials=80", ("budget.trials", 40, 80)),
        ("search.concurrency=4", ("search.concurrency", None, 4)),
        ("resources.cpus=2", ("resources.cpus", 1, 2)),
        ("retries.error=2", ("retries.error", 1, 2)),
        ("timeout=10m", ("timeout", None, 600.0)),
        ("tracking=none", ("tracking.enabled", True, False)),
        ("refit=false", ("refit", True, False)),
        ("register.alias=best", ("register.alias", "champion", "best")),
        ("search.pruner=none", ("search.pruner.name", "racing", "none")),
        ("model.parameters.C.max=10.0", ("space.C", "0.1 to 100.0, log", "0.1 to 10.0, log")),
    ],
)
def test_what_does_not_touch_trials_may_change(base, override, change):
    assert differences(base(), base(override)) == ((change,), ())


@pytest.mark.parametrize(
    ("override", "change"),
    [
        ("seed=1", ("seed", 0, 1)),
        ("cv=4", ("cv.n_splits", 5, 4)),
        ("data.holdout=0.3", ("data.holdout.fraction", 0.2, 0.3)),
        ("preprocess=none", ("preprocess", "auto", "none")),
        ("search.sampler=tpe", ("search.sampler", "auto", "tpe")),
        (
            "model.parameters.C={min: 0.1, max: 100.0}",
            ("space.C", "0.1 to 100.0, log", "0.1 to 100.0"),
        ),
        ("model.parameters.kernel=linear", ("model.parameters.kernel", None, "linear")),
        ("model.estimator=sklearn.svm.NuSVC", None),
        ("metric.name=f1", None),
    ],
)
def test_what_trials_mean_may_not_change(base, read, svc, override, change):
    if override == "metric.name=f1":
        override, change = "metric=f1_macro", ("metric.name", "accuracy", "f1_macro")
    if override.startswith("model.estimator"):
        override = "model={estimator: sklearn.svm.SVC, parameters: {C: 1.0}}"
        change = ("space.C", "0.1 to 100.0, log", None)
    allowed, forbidden = differences(base(), base(override))
    assert change in forbidden
    assert all(key.startswith("budget") for key, _, _ in allowed)


def test_equal_configs_have_no_differences(base):
    assert differences(base(), base()) == ((), ())


def test_a_config_read_elsewhere_is_the_same(base):
    from dataclasses import replace

    assert differences(base(), replace(base(), directory="/elsewhere")) == ((), ())
