"""`train: {module: …}`: a torch module, its loss and its optimiser named in the config."""

import pytest

from sweeper.core.space import Fixed, Items, Object, Searched
from sweeper.core.specs import MetricKind, PreprocessKind
from sweeper.ports import TRAIN_MODULE

pytest.importorskip("torch")

HEAD = 'name: t\ndata: {source: "sklearn:iris"}\nmetric: accuracy\n'
GOOD = """\
train:
  module: torch.nn.Linear
  parameters: {bias: {values: [true, false]}}
  loss: torch.nn.CrossEntropyLoss
  optimizer: {estimator: torch.optim.AdamW, parameters: {lr: {min: 1e-4, max: 1e-1, log: true}}}
  epochs: {values: [5, 10]}
"""


def only(problems):
    assert len(problems) == 1, problems
    return problems[0]


def test_it_becomes_a_training_function_with_named_parameters(read):
    loaded = read(HEAD + GOOD)
    assert loaded.problems == ()
    assert [d.name for d in loaded.spec.space] == ["bias", "optimizer.lr", "epochs"]
    assert loaded.spec.train.function == TRAIN_MODULE
    parameters = dict(loaded.spec.train.parameters)
    bias = (("bias", Searched("bias")),)
    assert parameters["module"] == Items((Fixed("torch.nn.Linear"), Object("builtins:dict", bias)))
    assert parameters["loss"] == Object("torch.nn.CrossEntropyLoss")
    assert parameters["batch_size"] == Fixed(32)


def test_it_is_prepared_and_scored_as_an_estimator_is(read):
    spec = read(HEAD + GOOD).spec
    assert spec.preprocess.kind is PreprocessKind.AUTO
    assert spec.metric.kind is MetricKind.SCORER


@pytest.mark.parametrize(
    ("right", "wrong", "path", "message"),
    [
        ("bias:", "biass:", "train.parameters.biass", "did you mean `bias`"),
        ("lr:", "learn:", "train.optimizer.parameters.learn", "AdamW has no parameter `learn`"),
        ("lr:", "params:", "train.optimizer.parameters.params", "no parameter `params`"),
        ("torch.nn.Linear", "torch.nn.Linaer", "train.module", "did you mean `Linear`"),
        ("torch.nn.Linear", "sklearn.svm.SVC", "train.module", "is no torch.nn.Module"),
        ("CrossEntropyLoss", "CrossEntropy", "train.loss", "has no `CrossEntropy`"),
        ("AdamW,", "lr_scheduler.StepLR,", "train.optimizer.estimator", "no torch.optim.Opt"),
        ("epochs:", "epoch:", "train.epoch", "did you mean `epochs`"),
        ("[5, 10]", "[0]", "train.epochs.values.0", "expected a whole number above 0"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(read, right, wrong, path, message):
    problems = read(HEAD + GOOD.replace(right, wrong)).problems
    assert any(f" {path}: " in p and message in p for p in problems), problems


def test_a_parameter_that_the_class_needs_is_asked_for(read):
    bilinear = GOOD.replace("torch.nn.Linear", "torch.nn.Bilinear")
    problem = only(read(HEAD + bilinear).problems)
    assert "Bilinear needs in1_features, in2_features" in problem


def test_parameters_of_the_function_form_are_refused(read):
    problem = only(read(HEAD + GOOD + "parameters: {a: 1}\n").problems)
    assert "parameters: is for a function" in problem
