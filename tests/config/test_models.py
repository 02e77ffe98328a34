"""`model:`, `train:` and `preprocess:`."""

from __future__ import annotations

import sys
import types

import pytest

from sweeper.core.space import Choice, Condition, Fixed, Object, Searched, Values
from sweeper.core.specs import PreprocessKind

CHOICE = """\
choose:
  logistic:
    estimator: sklearn.linear_model.LogisticRegression
    parameters: {C: {min: 1e-4, max: 100, log: true}, max_iter: 500}
  boosting:
    estimator: sklearn.ensemble.HistGradientBoostingClassifier
    preprocess: none
    fit: {validation: 0.1}
    parameters: {max_leaf_nodes: {min: 7, max: 127}}
  forest: sklearn.ensemble.RandomForestClassifier
"""


def only(problems):
    assert len(problems) == 1, problems
    return problems[0]


WIDE = """\
choose:
  forest: {estimator: sklearn.ensemble.RandomForestClassifier, resources: %s}
  dummy: sklearn.dummy.DummyClassifier
"""


@pytest.mark.parametrize(
    ("own", "sweep", "places"),
    [
        ("{cpus: 4}", "{}", 4),
        ("{cpus: 4}", "{cpus: 2}", 2),
        ("{cpus: 1}", "{cpus: 0.5}", 2),
        ("{cpus: 3, memory: 3GB}", "{cpus: 1, memory: 1GB}", 3),
    ],
)
def test_a_candidate_may_take_the_sweeps_resources_several_times(with_model, own, sweep, places):
    spec = with_model(WIDE % own, f"resources={sweep}").spec
    assert [c.places for c in spec.model.candidates] == [places, 1]
    assert spec.most_places == places
    assert spec.places({"model": "dummy"}) == 1


@pytest.mark.parametrize(
    ("own", "sweep"),
    [
        ("{cpus: 3}", "{cpus: 2}"),
        ("{cpus: 1}", "{cpus: 2}"),
        ("{gpus: 1}", "{cpus: 1}"),
        ("{cpus: 2, memory: 1GB}", "{cpus: 1, memory: 1GB}"),
    ],
)
def test_other_amounts_are_a_problem(with_model, own, sweep):
    problem = only(with_model(WIDE % own, f"resources={sweep}").problems)
    assert "a whole number of times" in problem


def test_each_candidate_brings_its_own_parameters(with_model):
    spec = with_model(CHOICE).spec
    assert [(d.name, d.when) for d in spec.space] == [
        ("model", ()),
        ("logistic.C", (Condition("model", "logistic"),)),
        ("boosting.max_leaf_nodes", (Condition("model", "boosting"),)),
    ]
    assert spec.space.dimensions[0].domain == Values(("logistic", "boosting", "forest"))
    assert spec.model.dimension == "model"
    logistic, boosting, forest = spec.model.candidates
    assert logistic.estimator.parameters == (
        ("C", Searched("logistic.C")),
        ("max_iter", Fixed(500)),
    )
    assert (logistic.preprocess, logistic.validation, logistic.places) == (None, None, 1)
    assert boosting.preprocess.kind is PreprocessKind.NONE
    assert boosting.validation == 0.1
    assert forest.estimator == Object("sklearn.ensemble.RandomForestClassifier")


def test_a_single_model_may_be_written_as_its_class(read):
    loaded = read(
        'name: t\ndata: {source: "sklearn:iris"}\nmetric: accuracy\nmodel: sklearn.svm.SVC\n'
    )
    assert loaded.spec.model.dimension is None
    assert loaded.spec.model.candidates[0].estimator == Object("sklearn.svm.SVC")
    assert loaded.spec.budget.trials == 1
    assert loaded.task == "classification"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("sklearn.svm.SVCC", "`sklearn.svm` has no `SVCC`; did you mean `SVC`?"),
        ("sklearn.svn.SVC", "no module `sklearn.svn`; did you mean `sklearn.svm`?"),
        ("sklearn.LogisticRegression", "did you mean `sklearn.linear_model.LogisticRegression`?"),
        ("LogisticRegresion", "did you mean `sklearn.linear_model.LogisticRegression`?"),
        ("own_cod:Odd", "no module `own_cod`; did you mean `own_code`?"),
        ("own_code:Od", "`own_code` has no `Od`; did you mean `Odd`?"),
        ("broken:Model", "importing `broken` failed: RuntimeError: no database here"),
        ("needy:Model", "it needs `package_that_is_not_there`, not installed"),
        ("sklearn.preprocessing.StandardScaler", "has no `predict`; expected a model"),
        ("own_code:MISSING", "has no `MISSING`"),
        ("sklearn.svm", "is no class"),
        ("a b", "names nothing that could be imported"),
        ("..x", "names nothing that could be imported"),
    ],
)
def test_an_unknown_estimator_is_a_problem_with_the_nearest_name(with_model, path, words):
    problem = only(with_model(f"estimator: {path}").problems)
    assert ":5: model.estimator: " in problem
    assert words in problem


def test_a_package_that_is_an_extra_says_which(with_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "xgboost", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    problem = only(with_model("estimator: xgboost.XGBClassifier").problems)
    assert "pip install 'sweeper[boosting]'" in problem


def test_modules_beside_the_config_are_found_and_forgotten(with_model, tmp_path):
    before = list(sys.path)
    assert with_model("estimator: own_code:Odd\nparameters: {size: 1}").problems == ()
    assert "own_code" not in sys.modules
    assert sys.path == before
    assert not (tmp_path / "__pycache__").exists()


def test_another_configs_module_of_the_same_name_is_not_taken_for_this_ones(
    with_model, monkeypatch
):
    other = types.ModuleType("own_code")
    other.__file__ = "/elsewhere/own_code.py"
    monkeypatch.setitem(sys.modules, "own_code", other)
    assert with_model("estimator: own_code:Odd\nparameters: {size: 1}").problems == ()
    assert sys.modules["own_code"] is other


def test_classifiers_and_regressors_are_not_mixed(with_model):
    model = "choose: {a: sklearn.svm.SVC, b: sklearn.svm.SVR}"
    assert "is for regression, but `a` is for classification" in only(with_model(model).problems)


def test_the_last_step_tells_what_a_pipeline_is_for(with_model):
    steps = "[[s, {estimator: sklearn.preprocessing.StandardScaler}], [m, {estimator: sklearn.svm.SVR}]]"
    loaded = with_model(
        f"estimator: sklearn.pipeline.Pipeline\nparameters: {{steps: {steps}}}", "metric=r2"
    )
    assert loaded.problems == ()
    assert loaded.task == "regression"


def test_a_metric_of_the_other_task_is_a_problem(with_model):
    loaded = with_model("estimator: sklearn.svm.SVR")
    assert "`accuracy` is for classification, but the model is for regression" in only(
        loaded.problems
    )


def test_a_metric_of_probabilities_needs_a_model_that_has_them(with_model):
    loaded = with_model("estimator: sklearn.svm.LinearSVC", "metric=log_loss")
    assert "needs probabilities, which LinearSVC does not give" in only(loaded.problems)
    beside = with_model("estimator: sklearn.svm.LinearSVC", "metrics=[brier]")
    assert "`brier` needs probabilities" in only(beside.problems)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("estimator: sklearn.svm.SVC\nfit: {validation: 0.1}", "SVC does not stop early"),
        ("estimator: sklearn.svm.SVC\nparams: {C: 1}", "did you mean `parameters`?"),
        ("parameters: {C: 1}", "the key `estimator` is missing"),
        ("choose: {a: sklearn.svm.SVC}\npreprocess: none", "unknown key `preprocess`"),
        ("choose: {a b: sklearn.svm.SVC}", "the name `a b` does not fit"),
        ("choose: {a: }", "nothing stands here"),
        ("choose: [sklearn.svm.SVC]", "expected a mapping of names"),
    ],
)
def test_a_malformed_model_is_a_problem(with_model, model, words):
    assert words in with_model(model).problems[0]


STEPS = """\
preprocess:
  - columns: [age, hours]
    steps:
      - {estimator: sklearn.impute.SimpleImputer, parameters: {strategy: {values: [mean, median]}}}
      - sklearn.preprocessing.StandardScaler
"""


def test_preprocessing_is_searched_under_the_name_of_its_class(read, svc):
    spec = read(svc + STEPS).spec
    assert [d.name for d in spec.space] == ["C", "preprocess.simpleimputer.strategy"]
    block = spec.preprocess.blocks[0]
    assert block.columns == ("age", "hours")
    assert block.steps[1] == Object("sklearn.preprocessing.StandardScaler")


def test_two_imputers_are_numbered(read, svc):
    second = STEPS.removeprefix("preprocess:\n").replace("[age, hours]", "[rooms]")
    spec = read(svc + STEPS + second).spec
    assert [d.name for d in spec.space][1:] == [
        "preprocess.simpleimputer1.strategy",
        "preprocess.simpleimputer2.strategy",
    ]


def test_a_step_may_be_chosen_or_passed(read, svc):
    step = "{choose: {standard: sklearn.preprocessing.StandardScaler, none: passthrough}}"
    spec = read(f"{svc}preprocess: [{{columns: [a], steps: [{step}]}}]\n").spec
    assert [d.name for d in spec.space] == ["C", "preprocess.step"]
    chosen = spec.preprocess.blocks[0].steps[0]
    assert isinstance(chosen, Choice)
    assert dict(chosen.branches)["none"] == Fixed("passthrough")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("automatic", "expected auto, none, or a list"),
        ("[{columns: [a]}]", "the key `steps` is missing"),
        ("[{columns: [a], steps: [sklearn.svm.SVC]}]", "has no `transform`"),
        ("[{columns: [a, a], steps: [sklearn.preprocessing.StandardScaler]}]", "stands twice"),
        (
            "[{columns: a, steps: [sklearn.preprocessing.StandardScaler]},"
            " {columns: [a], steps: [sklearn.preprocessing.StandardScaler]}]",
            "in an earlier block too",
        ),
    ],
)
def test_malformed_preprocessing_is_a_problem(read, svc, text, words):
    loaded = read(f"{svc}preprocess: {text}\n")
    assert words in loaded.problems[0]
    assert ":7: preprocess" in loaded.problems[0]


def test_a_training_function_brings_its_parameters(with_train):
    spec = with_train(
        "predict: own_code:predict\nparameters: {lr: {min: 1e-4, max: 0.1, log: true}}"
    ).spec
    assert spec.train.function == "own_code:train"
    assert spec.train.predict == "own_code:predict"
    assert spec.train.parameters == (("lr", Searched("lr")),)
    assert spec.preprocess.kind is PreprocessKind.NONE
    assert spec.cv.n_splits == 1


@pytest.mark.parametrize(
    ("train", "words"),
    [
        ("own_code.train", "expected module:function(trial)"),
        ("own_code:trian", "did you mean `train`?"),
        ("own_code:no_arguments", "cannot be called with 1 argument"),
        ("broken:train", "importing `broken` failed"),
    ],
)
def test_a_training_function_that_cannot_be_called_is_a_problem(with_train, train, words):
    problem = only(with_train("", f"train={train}").problems)
    assert words in problem


def test_either_a_model_or_a_training_function(read, svc):
    both = read(svc + "train: own_code:train\n")
    assert any("exclude each other" in problem for problem in both.problems)
    neither = read("name: t\nmetric: accuracy\n")
    assert "expected `model: …` or `train: …`" in only(neither.problems)
    stray = read(svc + "parameters: {C: 1}\n")
    assert "belongs to `train:`" in only(stray.problems)
    assert "the key `data` is missing" in only(read(svc.replace("data:", "# ")).problems)
