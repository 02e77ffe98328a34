"""Parameters in all their shapes, and the names of the dimensions they make."""

from __future__ import annotations

import pytest

from sweeper.core.space import Choice, Condition, Fixed, Items, Object, Range, Searched, Values


def domains(loaded):
    assert loaded.problems == ()
    return {d.name: d.domain for d in loaded.spec.space}


def parameters(loaded):
    assert loaded.problems == ()
    return dict(loaded.spec.train.parameters)


def only(problems):
    assert len(problems) == 1, problems
    return problems[0]


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("{min: 1e-4, max: 100, log: true}", Range(1e-4, 100.0, log=True)),
        ("{min: 7, max: 127, log: true}", Range(7, 127, log=True, integer=True)),
        ("{min: 2, max: 10, step: 4}", Range(2, 10, integer=True, step=4)),
        ("{min: 0, max: 1, step: 0.25}", Range(0.0, 1.0, step=0.25)),
        ("{min: 0.0, max: 1}", Range(0.0, 1.0)),
        ("{values: [1, null, a, true, [64, 64]]}", Values((1, None, "a", True, [64, 64]))),
    ],
)
def test_a_shape_makes_a_domain(with_train, text, domain):
    loaded = with_train(f"parameters: {{x: {text}}}")
    assert domains(loaded) == {"x": domain}
    assert type(domains(loaded)["x"]) is type(domain)
    assert parameters(loaded) == {"x": Searched("x")}


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ("no", "no"), ("[1, 2]", [1, 2]), ("{value: {0: 1, 1: 5}}", {0: 1, 1: 5})],
)
def test_a_plain_value_is_fixed(with_train, text, value):
    assert parameters(with_train(f"parameters: {{x: {text}}}")) == {"x": Fixed(value)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{min: 5, max: 1}", "min 5 is above max 1"),
        ("{min: 5, max: 5}", "min and max are both 5"),
        ("{min: 0, max: 1.0, log: true}", "above 0 with `log: true`"),
        ("{min: 1, max: 9, log: true, step: 2}", "exclude each other"),
        ("{min: 1, max: 9, step: 0}", "a step above 0"),
        ("{min: 1, max: 9, step: 10}", "at most max - min"),
        ("{min: 0.0, max: 1.0, step: 1e-320}", "too many steps"),
        ("{min: -1e308, max: 1e308}", "too wide"),
        ("{min: 0, max: 99999999999999999}", "too wide"),
        ("{min: .nan, max: 1}", "expected a number"),
        ("{min: a, max: 1}", "found the text `a`; expected a number"),
        ("{min: 1}", "the key `max` is missing"),
        ("{min: 1, max: 2, lgo: true}", "did you mean `log`?"),
        ("{min: 1, max: 2, log: yes}", "write `true`"),
        ("{values: []}", "expected a list of values"),
        ("{values: [1, 2, 1.0]}", "stands twice"),
        ("{values: [.nan]}", "cannot be searched"),
        ("{values: [{min: 1, max: 2}]}", "use `choose:` instead"),
        ("{values: [1, 2], step: 1}", "unknown key `step`"),
        ("{choose: {}}", "expected a mapping of names"),
        ("{choose: {a b: 1}}", "the name `a b` does not fit"),
        ("{a: 1}", "written {value: {…}}"),
        ("{}", "an empty mapping"),
        ("", "nothing stands here"),
    ],
)
def test_an_impossible_parameter_is_a_problem_on_its_line(with_train, text, words):
    loaded = with_train(f"parameters:\n  x: {text}\n")
    assert ":6: parameters.x" in loaded.problems[0]
    assert words in loaded.problems[0]
    assert loaded.spec is None


def test_integers_from_0_to_1_are_a_likely_slip(with_train):
    loaded = with_train("parameters: {x: {min: 0, max: 1}}")
    assert "did you mean {min: 0.0, max: 1.0}?" in only(loaded.warnings)
    assert domains(loaded) == {"x": Range(0, 1, integer=True)}


def test_steps_that_miss_the_end_are_cut_and_said(with_train):
    loaded = with_train("parameters: {x: {min: 1, max: 10, step: 4}}")
    assert "end at 9, not at 10" in only(loaded.warnings)
    assert domains(loaded)["x"].high == 9


def test_a_choice_may_stand_wherever_a_value_may_and_nest(with_train):
    loaded = with_train(
        """\
parameters:
  optimizer:
    choose:
      adam: {min: 0.1, max: 0.9}
      sgd: {choose: {plain: 0, momentum: {min: 0.5, max: 0.99}}}
"""
    )
    assert [(d.name, d.when) for d in loaded.spec.space] == [
        ("optimizer", ()),
        ("optimizer.adam", (Condition("optimizer", "adam"),)),
        ("optimizer.sgd", (Condition("optimizer", "sgd"),)),
        (
            "optimizer.sgd.momentum",
            (Condition("optimizer", "sgd"), Condition("optimizer.sgd", "momentum")),
        ),
    ]
    choice = parameters(loaded)["optimizer"]
    assert isinstance(choice, Choice)
    assert dict(choice.branches)["adam"] == Searched("optimizer.adam")


def test_lists_may_hold_ranges(with_train):
    loaded = with_train("parameters: {layers: [{min: 8, max: 64}, 32, {min: 2, max: 4}]}")
    assert list(domains(loaded)) == ["layers.0", "layers.2"]
    assert parameters(loaded)["layers"] == Items(
        (Searched("layers.0"), Fixed(32), Searched("layers.2"))
    )


def test_objects_may_stand_under_train(with_train):
    loaded = with_train(
        "parameters: {base: {estimator: sklearn.svm.SVC, parameters: {C: {min: 0.1, max: 1.0}}}}"
    )
    assert parameters(loaded)["base"] == Object("sklearn.svm.SVC", (("C", Searched("base.C")),))


PIPELINE = """\
estimator: sklearn.pipeline.Pipeline
parameters:
  steps:
    - [scale, {estimator: sklearn.preprocessing.StandardScaler}]
    - [svc, {estimator: sklearn.svm.SVC, parameters: {C: {min: 0.1, max: 9.0}, kernel: {values: [rbf, linear]}}}]
"""


def test_the_steps_of_a_pipeline_are_known_by_their_names(with_model):
    loaded = with_model(PIPELINE)
    assert list(domains(loaded)) == ["svc.C", "svc.kernel"]
    steps = dict(loaded.spec.model.candidates[0].estimator.parameters)["steps"]
    assert isinstance(steps, Items)
    assert steps.nodes[0] == Items((Fixed("scale"), Object("sklearn.preprocessing.StandardScaler")))


def test_colliding_names_become_longer(with_model):
    loaded = with_model(
        """\
estimator: sklearn.ensemble.VotingClassifier
parameters:
  estimators:
    - [svc, {estimator: sklearn.svm.SVC, parameters: {C: {min: 0.1, max: 9.0}}}]
    - [svc, {estimator: sklearn.svm.SVC, parameters: {C: {min: 0.1, max: 9.0}}}]
"""
    )
    assert list(domains(loaded)) == [
        "model.parameters.estimators.0.1.parameters.C",
        "model.parameters.estimators.1.1.parameters.C",
    ]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ("{c: 1}", "SVC has no parameter `c`; expected one of C, kernel"),
        ("{gama: 1}", "did you mean `gamma`?"),
        ("{C: -1}", "found the whole number `-1`; SVC expects a float in the range (0.0, inf]"),
        ("{C: {min: 0, max: 5}}", "found the whole number `0`; SVC expects"),
        ("{kernel: rbff}", "SVC expects"),
        ("{C: {values: [-1, -2]}}", "SVC expects"),
        ("{shrinking: no}", "`no` is a text in YAML 1.2, write `false`"),
        ("{gamma: {choose: {a: scale, b: -1.0}}}", "SVC expects"),
        ("[1]", "expected a mapping of parameter names"),
    ],
)
def test_what_scikit_learn_would_refuse_is_a_problem(with_model, parameters, words):
    loaded = with_model(f"estimator: sklearn.svm.SVC\nparameters: {parameters}\n")
    assert words in loaded.problems[0]
    assert ":6: model.parameters" in loaded.problems[0]


def test_one_refused_value_of_several_is_a_warning(with_model):
    loaded = with_model("estimator: sklearn.svm.SVC\nparameters: {C: {values: [1.0, null]}}\n")
    assert loaded.problems == ()
    assert "trials that take it will fail" in only(loaded.warnings)


def test_lists_stand_for_tuples(with_model):
    loaded = with_model(
        """\
estimator: sklearn.pipeline.Pipeline
parameters:
  steps:
    - [s, {estimator: sklearn.preprocessing.MinMaxScaler, parameters: {feature_range: [0, 2]}}]
    - [m, {estimator: sklearn.neural_network.MLPClassifier, parameters: {hidden_layer_sizes: {values: [[8], [8, 8]]}}}]
"""
    )
    assert loaded.problems == ()


def test_a_missing_required_parameter_is_a_problem(with_model):
    problem = only(with_model("estimator: sklearn.pipeline.Pipeline").problems)
    assert "Pipeline needs steps" in problem


def test_keywords_of_any_name_are_taken_where_the_class_takes_them(with_model):
    assert with_model("estimator: own_code.Odd\nparameters: {size: 3, colour: red}").problems == ()
