"""What may be a metric's value, and what is said of everything else."""

import numpy as np
import pytest

from sweeper.core.records import Failure, FailureKind, Success
from sweeper.core.specs import Goal, Metric, MetricKind
from sweeper.worker.values import InvalidMetric, finite

WRONG = {
    "nan": ("float('nan')", "must be finite, found nan"),
    "inf": ("float('inf')", "must be finite, found inf"),
    "minus_inf": ("-float('inf')", "must be finite, found -inf"),
    "none": ("None", "found None"),
    "text": ("'0.9'", "found a str"),
    "long_text": ("'x' * 10**6", "found a str"),
    "bool": ("True", "found True (a bool): return 1.0 or 0.0"),
    "numpy_bool": ("np.bool_(False)", "found False (a bool)"),
    "huge_int": ("10**400", "an integer too large for a float"),
    "complex": ("1 + 0j", "found a complex"),
    "numpy_complex": ("np.complex128(1)", "found a complex128"),
    "numpy_nan": ("np.float32('nan')", "must be finite, found nan (a float32)"),
    "numpy_text": ("np.str_('1')", "found a str_"),
    "array_0d": ("np.array(0.5)", "found a ndarray of shape (): return its .item()"),
    "array_1": ("np.array([0.5])", "found a ndarray of shape (1,): return its .item()"),
    "array_2": ("np.array([0.5, 0.6])", "found a ndarray of shape (2,)"),
    "nested": ("{'fold': 0.5}", "found a dict: metrics are not nested"),
    "list": ("[0.5]", "found a list"),
    "decimal": ("__import__('decimal').Decimal('0.5')", "found a Decimal"),
    "function": ("print", "found a builtin_function_or_method"),
}

NUMBERS = ["1", "0.5", "np.float64(0.5)", "np.float16(0.5)", "np.int8(-3)", "-0.0", "10**300"]


def wrong(how):
    return pytest.mark.parametrize(("value", "said"), list(WRONG.values()), ids=list(WRONG))


@pytest.fixture
def train(make_job, do, user_module):
    """Run a training function of these lines."""

    def act(*lines, **options):
        body = "".join(f"    {line}\n" for line in lines)
        name = user_module("import numpy as np\ndef train(trial):\n" + body)
        job = make_job(np.zeros((10, 1)), np.zeros(10), train=f"{name}:train", **options)
        return do(job)

    return act


def invalid(outcome, said):
    assert isinstance(outcome, Failure), outcome
    assert (outcome.kind, outcome.error) == (FailureKind.INVALID, "InvalidMetric")
    assert "metric 'accuracy'" in outcome.message
    assert said in outcome.message
    assert len(outcome.message) < 200


@wrong("returned")
def test_a_returned_metric_that_is_no_finite_number_fails_the_fold(train, value, said):
    invalid(train(f"return {{'accuracy': {value}}}").outcome, said)


@wrong("reported")
def test_a_reported_metric_that_is_no_finite_number_fails_the_fold(train, value, said):
    result = train(f"trial.report(0, accuracy={value})", "return {'accuracy': 1}")
    invalid(result.outcome, said)


@wrong("own")
def test_an_own_metric_function_that_gives_no_finite_number_fails_the_fold(
    make_job, do, user_module, value, said
):
    source = f"import numpy as np\ndef accuracy(y, p): return {value}\n"
    path = f"{user_module(source)}:accuracy"
    job = make_job(np.zeros((20, 1)), np.array([0, 1] * 10), "sklearn.dummy.DummyClassifier")
    metric = Metric("accuracy", Goal.MAXIMIZE, MetricKind.FUNCTION, path)
    object.__setattr__(job.spec, "metric", metric)
    invalid(do(job).outcome, said)


@pytest.mark.parametrize("value", NUMBERS)
def test_numbers_of_python_and_numpy_are_taken(train, value):
    outcome = train(f"return {{'accuracy': {value}}}").outcome
    assert isinstance(outcome, Success)
    assert type(outcome.scores["accuracy"]) is float


def test_a_tensor_is_refused_with_what_to_do():
    torch = pytest.importorskip("torch")
    with pytest.raises(InvalidMetric, match=r"found a Tensor of shape \(\): return its .item\(\)"):
        finite("loss", torch.tensor(0.5))


def test_a_missing_metric_is_named_beside_what_there_is(train):
    outcome = train("return {'acc': 1, 'loss': 0.5}").outcome
    invalid(outcome, "is missing: the training function gave 'acc', 'loss'")


def test_of_a_thousand_other_metrics_twenty_are_named(train):
    outcome = train("return {f'm{i:04}': i for i in range(1000)}").outcome
    assert "'m0019' and 980 more" in outcome.message


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("'x' * 10**8", "found a str"),
        ("0.9", "found a float"),
        ("[('accuracy', 1)]", "found a list"),
        ("np.zeros(3)", "found a ndarray of shape (3,)"),
        ("(i for i in 'ab')", "found a generator"),
    ],
)
def test_what_is_returned_must_be_a_dict(train, returned, said):
    outcome = train(f"return {returned}").outcome
    assert outcome.kind is FailureKind.INVALID
    assert f"must return a dict of metric names and numbers, {said}" in outcome.message


def test_other_keys_that_are_no_metrics_are_left_out_and_told_in_the_log(train):
    result = train(
        "return {'accuracy': 1, 'loss': float('nan'), 'model': train, 3: 0.5, ('a',): 1,",
        "        'x' * 10**6: 1, 'a\\ud800': 1, '': 1, 'blob': 'x' * 10**8, 'ok': 2}",
    )
    assert result.outcome.scores == {"accuracy": 1.0, "ok": 2.0}
    assert "left out: metric 'loss' must be finite, found nan (a float)" in result.log
    assert "left out: metric 'model' must be a finite number, found a function" in result.log
    assert "left out: metric (its name is a int)" in result.log
    assert len(result.log) < 2000


def test_at_most_a_thousand_other_metrics_are_kept(train):
    result = train("return {'accuracy': 1, **{f'm{i}': i for i in range(100_000)}}")
    assert len(result.outcome.scores) == 1001
    assert "and 98,980 more" in result.log
    assert len(result.log) < 3000


def test_a_long_curve_is_thinned_and_keeps_its_ends(train):
    curve = train("for i in range(5000): trial.report(i, accuracy=i)").outcome.curve
    assert len(curve) == 1000
    assert (curve[0][0], curve[-1][0]) == (0, 4999)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("'one'", "must be a whole number, found a str"),
        ("None", "must be a whole number, found None"),
        ("float('nan')", "must be a whole number, found a float"),
        ("10**5000", "must fit into 64 bits"),
    ],
)
def test_a_step_that_is_no_whole_number_fails_the_fold(train, step, said):
    outcome = train(f"trial.report({step}, accuracy=1)").outcome
    assert outcome.kind is FailureKind.INVALID
    assert said in outcome.message


def test_a_metric_name_in_a_report_must_be_printable(train):
    outcome = train("trial.report(0, **{'a' * 10**6: 1})").outcome
    assert outcome.kind is FailureKind.INVALID
    assert len(outcome.message) < 200
