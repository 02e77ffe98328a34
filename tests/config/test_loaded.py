"""Reading as a whole: all problems at once, overrides, digests, and adapters' problems located."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper import config
from sweeper.core import codec
from sweeper.core.specs import SweepSpec
from sweeper.ports import ConfigError, Problem

DESIGN = """\
name: income                         # the sweep: its directory and MLflow experiment
seed: 7
data:
  source: data/income.csv            # csv | parquet | npz | sklearn:breast_cancer | module:function
  target: income
  positive: ">50K"                   # the positive class, when the metric needs one
  drop: [fnlwgt]                     # roles below are never features: groups, time, weights, id
  holdout: 0.2
cv: {splitter: StratifiedKFold, n_splits: 5, shuffle: true}
metric: roc_auc
metrics: [accuracy, precision, recall, f1]
preprocess: auto
model:
  choose:
    logistic:
      estimator: sklearn.linear_model.LogisticRegression
      parameters: {C: {min: 1e-4, max: 100, log: true}, max_iter: 500}
    boosting:
      estimator: sklearn.ensemble.HistGradientBoostingClassifier
      parameters:
        learning_rate: {min: 0.01, max: 0.5, log: true}
        max_leaf_nodes: {min: 7, max: 127, log: true}
        l2_regularization: {values: [0, 0.1, 1, 10, null]}
        class_weight: {value: {0: 1, 1: 5}}
search: {sampler: auto, pruner: racing, concurrency: auto}
budget: {trials: 40, time: 30m}
resources: {cpus: 1}
retries: {error: 1, lost: 3, oom: 1}
timeout: 10m
register: {model: income, alias: champion, when: better}
refit: true
"""


def test_the_config_of_the_blueprint_is_read(read):
    loaded = read(DESIGN)
    assert loaded.problems == ()
    assert isinstance(loaded.spec, SweepSpec)
    assert loaded.task == "classification"
    assert [d.name for d in loaded.spec.space] == [
        "model",
        "logistic.C",
        "boosting.learning_rate",
        "boosting.max_leaf_nodes",
        "boosting.l2_regularization",
    ]


def test_a_spec_survives_the_journals_codec(read):
    spec = read(DESIGN).spec
    assert spec is not None
    encoded = codec.encode_record(spec)
    assert codec._decoder(SweepSpec)(encoded) == spec


def test_all_problems_are_told_at_once_in_the_order_of_the_file(read):
    text = (
        DESIGN.replace("seed: 7", "sed: 7")
        .replace("metric: roc_auc", "metric: roc_acu")
        .replace("C: {min: 1e-4, max: 100", "C: {min: 100, max: 1e-4")
        .replace("learning_rate", "learning_rat")
        .replace("timeout: 10m", "timeout: ten")
    )
    loaded = read(text)
    lines = [int(problem.split(".yaml:")[1].split(":")[0]) for problem in loaded.problems]
    assert lines == [2, 10, 17, 21, 29]
    assert loaded.spec is None
    assert loaded.digest == ""


def test_the_data_can_be_looked_at_while_other_things_are_wrong(read):
    loaded = read(DESIGN.replace("roc_auc", "roc_acu"))
    assert loaded.data is not None
    assert loaded.data.target == "income"
    assert read(DESIGN.replace("holdout: 0.2", "holdout: 2")).data is None


def test_problems_are_raised_numbered(read):
    with pytest.raises(ConfigError, match=r"(?s)2 problems.*1\. .*:1: .*2\. .*"):
        config.raise_problems(("c.yaml:1: a: x", "c.yaml:2: b: y"))
    with pytest.raises(ConfigError, match=r"^c\.yaml:1: a: x$"):
        config.raise_problems(("c.yaml:1: a: x",))


def test_overrides_change_any_key(read):
    loaded = read(
        DESIGN,
        "search.sampler=gp",
        "budget.trials=5",
        "model.choose.logistic.parameters.C.max=10",
        "metrics.0=balanced_accuracy",
        "tracking.uri=http://localhost:5000",
    )
    assert loaded.problems == ()
    assert loaded.spec.search.sampler == "gp"
    assert loaded.spec.budget.trials == 5
    assert loaded.spec.space.dimensions[1].domain.high == 10
    assert loaded.spec.metrics[0].name == "balanced_accuracy"
    assert loaded.spec.tracking.uri == "http://localhost:5000"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("search.samplr=gp", "--set search.samplr=gp: search.samplr: unknown key `samplr`"),
        ("budget.trials=x", "--set budget.trials=x: budget.trials: found the text `x`"),
        ("budget.trials", "expected KEY=VALUE"),
        ("=5", "expected KEY=VALUE"),
        ("a..b=5", "expected KEY=VALUE"),
        ("budget.trials=[1", "is not YAML"),
        ("metric.name=f1", "cannot be set inside the text `roc_auc`"),
        ("metrics.9=f1", "there is no number 9"),
        ("metrics.x=f1", "is no place in a list"),
    ],
)
def test_a_wrong_override_is_a_problem_that_names_it(read, override, message):
    problem = read(DESIGN, override).problems[0]
    assert problem.startswith("--set ")
    assert message in problem


def test_another_name_makes_another_sweep(read):
    loaded = read(DESIGN, name="income2")
    assert loaded.spec.name == "income2"
    assert loaded.spec.register.model == "income"
    assert read(DESIGN, name="a/b").problems[0].startswith("--as a/b: name: ")


def test_the_text_after_overrides_reads_back_as_the_same(read):
    loaded = read(DESIGN, "budget.trials=5", "data.positive='010'", name="again")
    again = read(loaded.text)
    assert again.digest == loaded.digest
    assert loaded.text != DESIGN
    assert read(DESIGN).text == DESIGN


def test_the_digest_is_of_what_is_said_and_not_of_how(read):
    plain = read(DESIGN)
    assert read(DESIGN.replace("30m", "1800s") + "\n# more\n").digest == plain.digest
    assert read(DESIGN.replace("seed: 7", "seed: 8")).digest != plain.digest
    assert len(plain.digest) == 64


def test_secrets_do_not_stand_in_the_text_or_in_messages(read):
    loaded = read(DESIGN + "tracking: {uri: 'http://me:s3cret@host'}\n")
    assert loaded.spec.tracking.uri == "http://me:s3cret@host"
    assert "s3cret" not in loaded.text
    wrong = read(DESIGN, "timeout=http://me:s3cret@host")
    assert "s3cret" not in wrong.problems[0]


def test_a_message_cannot_steer_the_terminal(read):
    problem = read(DESIGN, "timeout=\x1b[2J").problems[0]
    assert problem.isprintable()


def test_an_adapters_problem_gets_the_line_of_its_key_or_of_the_nearest_above(read):
    loaded = read(DESIGN)
    assert ".yaml:5: data.target: no" in loaded.locate(Problem("data.target", "no"))
    assert ".yaml:3: data.groups: no" in loaded.locate(Problem("data.groups", "no"))
    assert ".yaml:1: elsewhere: no" in loaded.locate(Problem("elsewhere", "no"))
    assert ".yaml:1: no" in loaded.locate(Problem("", "no"))
    assert ".yaml:11: metrics.1: no" in loaded.locate(Problem("metrics[1]", "no"))
    changed = read(DESIGN, "data.target=x")
    assert changed.locate(Problem("data.target", "no")).startswith("--set data.target=x: ")


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path):
    (tmp_path / "income.yaml").write_text("")
    loaded = config.read(tmp_path / "incme.yaml")
    assert "there is no file" in loaded.problems[0]
    assert "did you mean `income.yaml`?" in loaded.problems[0]
    assert "cannot be read" in config.read(tmp_path).problems[0]
    assert "there is no file" in config.read(tmp_path / "no" / "x.yaml").problems[0]


def test_a_flood_of_problems_is_cut_off_and_said(read):
    loaded = read(DESIGN + "".join(f"key_{i}: 1\n" for i in range(5000)))
    assert loaded.spec is None
    assert "more than 100 problems" in loaded.problems[0]
    assert len(loaded.problems) == 101


def test_a_flood_of_refused_values_is_cut_off_too(read):
    values = ", ".join(f"-{i}" for i in range(1, 5000))
    loaded = read(DESIGN, f"model.choose.logistic.parameters.C={{values: [{values}]}}")
    assert loaded.spec is None
    assert "more than 100 problems" in " ".join(loaded.problems)


def test_many_values_are_no_problem(read):
    values = ", ".join(str(i) for i in range(1, 40000))
    loaded = read(DESIGN, f"model.choose.logistic.parameters.C={{values: [{values}]}}")
    assert loaded.problems == ()
