"""`cv:`, `data:` and the sections that say how a sweep is run."""

from __future__ import annotations

import pytest

from sweeper.core.specs import (
    Budget,
    CvKind,
    CvSpec,
    DataSpec,
    Goal,
    HoldoutKind,
    HoldoutSpec,
    Prices,
    PrunerSpec,
    RegisterSpec,
    Resources,
    Retries,
    SearchSpec,
    TrackingSpec,
)


@pytest.mark.parametrize(
    ("text", "cv"),
    [
        ("3", CvSpec(n_splits=3)),
        ("{repeats: 3}", CvSpec(repeats=3)),
        ("{n_splits: 4, repeats: 2}", CvSpec(n_splits=4, repeats=2)),
        ("none", CvSpec(CvKind.NONE, n_splits=1)),
        ("{split_by: fold}", CvSpec(CvKind.COLUMN, column="fold")),
        ("GroupKFold", CvSpec(CvKind.SPLITTER, splitter="GroupKFold")),
        (
            "{splitter: StratifiedKFold, n_splits: 4, shuffle: true}",
            CvSpec(CvKind.SPLITTER, 4, "StratifiedKFold", (("n_splits", 4), ("shuffle", True))),
        ),
        (
            "{splitter: sklearn.model_selection.KFold, n_splits: 3}",
            CvSpec(CvKind.SPLITTER, 3, "KFold", (("n_splits", 3),)),
        ),
        (
            "{splitter: own_code:Halves, gap: 2}",
            CvSpec(CvKind.SPLITTER, 5, "own_code:Halves", (("gap", 2),)),
        ),
        ("own_code.Halves", CvSpec(CvKind.SPLITTER, splitter="own_code:Halves")),
    ],
)
def test_every_form_of_cv_is_read(read, svc, text, cv):
    loaded = read(f"{svc}cv: {text}\n")
    assert loaded.problems == ()
    assert loaded.spec.cv == cv


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1", "a whole number of at least 2"),
        ("2.5", "expected a number of folds"),
        ("StratifedKFold", "did you mean `StratifiedKFold`?"),
        ("{splitter: KFold, n_split: 3}", "did you mean `n_splits`?"),
        ("{splitter: KFold, n_splits: 1}", "KFold refuses these arguments"),
        ("{splitter: LeavePOut}", "LeavePOut refuses these arguments"),
        ("{splitter: PredefinedSplit}", "expected `cv: {split_by: column}`"),
        ("{splitter: own_code:cost}", "splits nothing"),
        ("{splitter: GroupKFold, repeats: 1.5}", "a whole number of at least 1"),
        ("{splitter: TimeSeriesSplit, repeats: 3}", "repeats would all be the same"),
        ("{folds: 3}", "unknown key `folds`"),
    ],
)
def test_a_cv_that_cannot_split_is_a_problem(read, svc, text, words):
    problems = read(f"{svc}cv: {text}\n").problems
    assert words in problems[0]
    assert ":7: cv" in problems[0]


def test_the_data_section_is_read_whole(read, svc):
    section = (
        '{source: t.csv, target: y, positive: ">50K", drop: [a, 5], groups: g, time: t,'
        " weights: w, id: i, duplicates: drop, holdout: {column: split, value: test}}"
    )
    loaded = read(svc.replace('{source: "sklearn:digits"}', section))
    assert loaded.spec.data == DataSpec(
        source="t.csv", target="y", positive=">50K", drop=("a", "5"), groups="g", time="t",
        weights="w", id="i", duplicates="drop",
        holdout=HoldoutSpec(HoldoutKind.COLUMN, column="split", value="test"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "holdout"),
    [
        ("0.3", HoldoutSpec(fraction=0.3)),
        ("none", HoldoutSpec(HoldoutKind.NONE)),
        ("null", HoldoutSpec(HoldoutKind.NONE)),
        ("test.parquet", HoldoutSpec(HoldoutKind.FILE, path="test.parquet")),
    ],
)
def test_a_holdout_has_four_forms(read, svc, text, holdout):
    loaded = read(svc, f"data.holdout={text}")
    assert loaded.spec.data.holdout == holdout


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("data.holdout=20", "0.2 for 20 %"),
        ("data.holdout=1.0", "a share between 0 and 1"),
        ("data.holdout=test", "a share as 0.2, a file"),
        ("data.duplicates=remove", "expected one of keep, drop, error"),
        ("data.tagret=y", "did you mean `target`?"),
        ("data.source=income.csv", "the key `target` is missing"),
        ("data.source=5", "expected a file"),
        ("data.positive=[1]", "the label of the positive class"),
        ("data.target=", "nothing stands here"),
        ("seed=-1", "a whole number of at least 0"),
        ("name=a/b", "letters, digits"),
        ("name=..", "letters, digits"),
        ("name=artifacts", "taken by sweeper's own files"),
        ("search.sampler=gpp", "expected one of auto, tpe, gp"),
        ("search.samplr=gp", "did you mean `sampler`?"),
        ("search.pruner=asha", "looks at learning curves, and a `model:` has none"),
        ("search.pruner={name: hyperband, max_steps: 9}", "or a `train:` function"),
        ("search.pruner=sha", "here that is `asha`"),
        ("search.pruner={alpha: 0.1}", "the key `name` is missing"),
        ("search.pruner={name: racing, startup: 3}", "it is for median and wilcoxon"),
        ("search.pruner={name: none, alpha: 0.1}", "it takes none"),
        ("search.pruner={name: median, reduction: 3}", "expected startup, min_steps"),
        ("search.pruner={name: racing, alpha: 2}", "a share between 0 and 1"),
        ("search.concurrency=0", "a whole number of at least 1"),
        ("search.concurrency=many", "auto, or a number"),
        ("budget.trials=0", "a whole number of at least 1"),
        ("budget.trials=forty", "a whole number of at least 1"),
        ("budget.time=soon", "a time, as 90s"),
        ("resources.cpus=0", "a number above 0"),
        ("resources.gpus=-1", "a number of at least 0"),
        ("resources.memory=2gb", "a size, as 512MiB"),
        ("resources.workers=2", "several workers are for a training function"),
        ("resources.workers={min: 3, max: 2}", "found 2, which is less than `min`"),
        ("resources.workers={min: 3}", "`max` is missing"),
        ("resources.gang=fresh", "`gang` is for gangs"),
        ("checkpoints.keep=3", "all, or `best N`"),
        ("checkpoints.max_gb=0", "a number above 0"),
        ("retries.error=-1", "a whole number of at least 0"),
        ("retries.eror=1", "did you mean `error`?"),
        ("retries.infeasible=1", "parameters that cannot work are never tried again"),
        ("retries.preempted=9", "is always run again and counts for nothing"),
        ("timeout=never", "a time, as 90s"),
        ("register.when=best", "expected one of better, always, never"),
        ("register.alias=v1", "neither `latest`"),
        ("register.model=a/b", "letters, digits"),
        ("register=income", "expected a mapping with model, alias, when"),
        ("refit=yes", "write `true`"),
        ("tracking.url=x", "did you mean `uri`?"),
        ("tracking=5", "an MLflow tracking URI"),
        ("serach.sampler=gp", "did you mean `search`?"),
    ],
)
def test_a_wrong_setting_is_a_problem_that_names_its_key(read, svc, override, words):
    problems = read(svc, override).problems
    key = override.partition("=")[0].split(".")[0]
    assert words in problems[0]
    assert f": {key}" in problems[0]


def test_settings_are_read(read, svc):
    spec = read(
        svc
        + """\
seed: 7
search: {sampler: tpe, pruner: {name: wilcoxon, alpha: 0.1, startup: 5}, concurrency: 4}
budget: {trials: 12, time: 1h30m}
resources: {cpus: 2, gpus: 0.5, memory: 2GB, workers: 1}
retries: {error: 0, oom: 2}
timeout: 10m
register: {model: digit_reader, alias: best, when: always}
refit: false
tracking: {uri: "http://localhost:5000"}
"""
    ).spec
    assert spec.seed == 7
    assert spec.search == SearchSpec("tpe", PrunerSpec("wilcoxon", 0.1, 5), 4)
    assert spec.budget == Budget(12, 5400)
    assert spec.resources == Resources(2, 0.5, 2 * 10**9, 1)
    assert spec.retries == Retries(error=0, oom=2)
    assert spec.timeout == 600
    assert spec.register == RegisterSpec("digit_reader", "best", "always")
    assert spec.refit is False
    assert spec.tracking == TrackingSpec("http://localhost:5000")


def test_a_list_of_metrics_makes_objectives_one_of_which_picks_the_winner(read, svc):
    text = "metric=[predict_ms, accuracy, f1_macro]"
    spec = read(svc, text).spec
    assert [m.name for m in spec.objectives] == ["predict_ms", "accuracy", "f1_macro"]
    assert spec.metric.name == "accuracy"
    assert [m.name for m in spec.metrics] == ["predict_ms", "f1_macro"]
    assert spec.search.pruner == PrunerSpec("none")
    assert (spec.goals[0], spec.measured) == (Goal.MINIMIZE, ("predict_ms",))
    other = read(svc, text, "register={best: f1_macro, within: {predict_ms: 5}}").spec
    assert other.metric.name == "f1_macro"
    assert other.register == RegisterSpec("digits", within=(("predict_ms", 5.0),))


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["register={best: accuracy}"], "`best` is for several objectives"),
        (["register={within: {accuracy: 1}}"], "`within` is for several objectives"),
        (["metric=[accuracy, predict_ms]", "register={best: predict_ms}"], "expected one of accur"),
        (["metric=[accuracy, f1]", "register={within: {acuracy: 1}}"], "did you mean `accuracy`?"),
        (["metric=[accuracy, f1]", "register={within: 5}"], "expected limits by objective"),
        (["metric=[accuracy, f1]", "search.pruner=racing"], "compares trials by one metric"),
    ],
)
def test_what_is_for_several_objectives_and_what_is_not(read, svc, texts, words):
    assert any(words in problem for problem in read(svc, *texts).problems)


def test_what_is_not_said_has_a_default(read, svc):
    spec = read(svc).spec
    assert spec.seed == 0
    assert spec.search == SearchSpec()
    assert spec.budget == Budget(40)
    assert spec.register == RegisterSpec("digits")
    assert spec.data.holdout == HoldoutSpec()
    assert spec.cv == CvSpec()


@pytest.mark.parametrize("nothing", ["none", "null", "~"])
def test_none_switches_off(read, svc, nothing):
    spec = read(
        svc,
        f"register={nothing}",
        f"tracking={nothing}",
        f"timeout={nothing}",
        f"search.pruner={nothing}",
    ).spec
    assert spec.register is None
    assert spec.tracking.enabled is False
    assert spec.timeout is None
    assert spec.search.pruner.name == "none"


def test_a_budget_of_time_alone_has_no_number_of_trials(read, svc):
    assert read(svc, "budget.time=10m").spec.budget == Budget(None, 600)


def test_budgets_of_hours_and_money_are_read_with_the_prices(read, svc):
    prices = "prices={cpu_hour: 0.05, gpu_hour: 2.5, currency: EUR}"
    loaded = read(svc, "budget={cpu_hours: 2, money: 5}", prices)
    assert loaded.problems == ()
    assert loaded.spec.budget == Budget(cpu_hours=2, money=5)
    assert loaded.spec.prices == Prices(0.05, 2.5, "EUR")
    gpus = read(svc, "budget.gpu_hours=1", "resources.gpus=0.5")
    assert gpus.spec.budget == Budget(gpu_hours=1)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["budget.money=5"], "expected `prices: {cpu_hour: …, gpu_hour: …, currency: …}`"),
        (["budget.money=5", "prices={gpu_hour: 2}"], "costs nothing, so this is never spent"),
        (["budget.gpu_hours=5"], "no fold run takes a GPU"),
        (["budget.cpu_hours=0"], "a number above 0"),
        (["budget.cpu_hour=2"], "did you mean `cpu_hours`?"),
        (["prices={cpu_hour: -1}"], "a price of at least 0"),
        (["prices={currency: EUR}"], "there is no price"),
        (["prices={cpu_hour: 1, currency: pieces of eight}"], "a currency, as EUR"),
    ],
)
def test_a_budget_that_is_never_spent_and_a_price_that_is_none_are_problems(
    read, svc, texts, words
):
    assert any(words in problem for problem in read(svc, *texts).problems)


def test_a_grid_ends_when_it_is_done(read, svc):
    loaded = read(svc, "search.sampler=grid", "model.parameters.C={values: [1.0, 2.0]}")
    assert loaded.spec.budget == Budget()


def test_without_free_parameters_there_is_one_trial(read, svc):
    loaded = read(svc, "model.parameters.C=1.0", "budget.trials=40")
    assert loaded.spec.budget == Budget(1)
    assert "no free parameters" in loaded.warnings[0]


TRAIN = """\
name: own
train: own_code:train
parameters: {lr: {min: 0.1, max: 1.0}}
metric: {name: loss, goal: minimize}
"""


@pytest.mark.parametrize(
    ("text", "pruner"),
    [
        ("asha", PrunerSpec("asha")),
        (
            "{name: asha, min_steps: 2, max_steps: 50, reduction: 4}",
            PrunerSpec("asha", min_steps=2, max_steps=50, reduction=4),
        ),
        ("{name: hyperband, max_steps: 27}", PrunerSpec("hyperband", max_steps=27)),
        ("{name: median, startup: 2, min_steps: 5}", PrunerSpec("median", startup=2, min_steps=5)),
    ],
)
def test_pruners_of_learning_curves_are_read(read, text, pruner):
    loaded = read(TRAIN, f"search.pruner={text}")
    assert loaded.problems == ()
    assert loaded.spec.search.pruner == pruner


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hyperband", "{name: hyperband, max_steps: …}"),
        ("{name: hyperband}", "the key `max_steps` is missing"),
        ("{name: asha, max_steps: 3, min_steps: 3}", "a `max_steps` above `min_steps`"),
        ("{name: asha, reduction: 1}", "a whole number of at least 2"),
        ("{name: asha, min_steps: 0}", "a whole number of at least 1"),
        ("{name: asha, max_steps: many}", "a whole number of at least 1"),
        ("{name: asha, alpha: 0.1}", "`alpha` means nothing to `asha`"),
        ("{name: asha, steps: 1}", "unknown key `steps`; expected one of name, min_steps"),
        ("{name: ahsa, min_steps: 1}", "did you mean `asha`?"),
    ],
)
def test_a_wrong_pruner_of_learning_curves_is_one_problem(read, text, words):
    (problem,) = read(TRAIN, f"search.pruner={text}").problems
    assert words in problem
    assert ": search.pruner" in problem
