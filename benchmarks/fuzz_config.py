"""Mutated configs: no traceback, no hang, every message with a line.

    python benchmarks/fuzz_config.py [N] [--seed S]

Takes configs that are good, damages them in bytes, tokens and structure, and reads them.
Each must come back as a spec or as problems that say where they are, within LIMIT seconds.
A spec that comes back must survive being written and read again.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import json
import random
import re
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweeper import config
from sweeper.config.problems import Findings
from sweeper.config.tree import value_of
from sweeper.config.yaml_reader import read_document

LIMIT = 2.0
"""Seconds a config may take, after the libraries have been imported."""

MODULES = {
    "my_metrics.py": "def cost(y_true, y_pred):\n    return 0.0\n",
    "my_training.py": "def train(trial):\n    return {}\n\ndef predict(model, X):\n    return X\n",
    "broken.py": "raise RuntimeError('on import')\n",
}

SEEDS = (
    """\
name: income
seed: 7
data:
  source: data/income.csv   # a comment
  target: income
  positive: ">50K"
  drop: [fnlwgt]
  groups: household
  duplicates: drop
  holdout: {column: split, value: test}
cv: {splitter: StratifiedKFold, n_splits: 5, shuffle: true}
metric: roc_auc
metrics: [accuracy, precision, recall, f1]
preprocess:
  - {columns: [age, hours], steps: [{estimator: sklearn.impute.SimpleImputer, parameters: {strategy: {values: [mean, median]}}},
                                    sklearn.preprocessing.StandardScaler]}
model:
  choose:
    logistic:
      estimator: sklearn.linear_model.LogisticRegression
      parameters: {C: {min: 1e-4, max: 100, log: true}, max_iter: 500}
    boosting:
      estimator: sklearn.ensemble.HistGradientBoostingClassifier
      fit: {validation: 0.1}
      parameters:
        learning_rate: {min: 0.01, max: 0.5, log: true}
        max_leaf_nodes: {min: 7, max: 127, log: true}
        l2_regularization: {values: [0, 0.1, 1, 10, null]}
        class_weight: {value: {0: 1, 1: 5}}
search: {sampler: auto, pruner: racing, concurrency: auto}
budget: {trials: 40, time: 30m}
resources: {cpus: 1, gpus: 0.5, memory: 2GB}
retries: {error: 1, lost: 3, oom: 1}
timeout: 10m
register: {model: income, alias: champion, when: better}
refit: true
""",
    """\
name: digits
data: {source: "sklearn:digits", holdout: none}
cv: {n_splits: 3, repeats: 2}
metric: {name: log_loss, goal: minimize, target: 0.1}
model:
  estimator: sklearn.pipeline.Pipeline
  parameters:
    steps:
      - [scale, {choose: {standard: {estimator: sklearn.preprocessing.StandardScaler}, none: passthrough}}]
      - [svc, {estimator: sklearn.svm.SVC, parameters: {C: {min: 0.1, max: 1e3, log: true},
            gamma: {choose: {auto: scale, number: {min: 1e-5, max: 1.0, log: true}}}, probability: true}}]
preprocess: none
search: {sampler: tpe, pruner: {name: wilcoxon, alpha: 0.1, startup: 5}, concurrency: 4}
tracking: {uri: "postgresql://me:secret@host/db"}
""",
    """\
name: mlp
train: my_training:train
predict: my_training:predict
metric: {name: val_loss, goal: minimize}
metrics: [accuracy, {name: speed, goal: maximize}]
parameters:
  lr: {min: 1e-4, max: 1e-1, log: true}
  hidden: {values: [64, 128, [64, 64]]}
  layers: [{min: 8, max: 64, step: 8}, 32]
  optimizer: {choose: {sgd: {choose: {plain: 0.0, momentum: {min: 0.5, max: 0.99}}}, adam: null}}
budget: {trials: 5}
register: none
tracking: none
timeout: none
""",
    """\
name: rent
data: {source: rent.parquet, target: price, time: date, weights: w, id: flat}
cv: {split_by: fold}
metric: {name: "my_metrics:cost", goal: minimize}
metrics: [rmse, r2]
model: sklearn.linear_model.Ridge
""",
)

NASTY = (
    "null", "~", "", "yes", "no", "on", "010", "0x1F", "1e400", ".nan", ".inf", "-1", "0", "1e-3",
    "[", "]", "{", "}", "[]", "{}", ":", ": ", "- ", "&a ", "*a", "!!python/name:os.system ", "!!str ",
    "<<: ", "---\n", "...\n", "%YAML 1.1\n", "\t", "\n", "\n\n", "  ", "# ", "'", '"', "|", ">", "?",
    "@", "`", "\x00", "\x07", "\ufeff", "\u2028", "é", "😀", "\\ud800", '"\\0"', "9" * 50, "9" * 5000,
    "a" * 300, "[" * 60, "{a: " * 60, "estimator: ", "choose: ", "values: ", "min: ", "max: ",
    "sklearn.svm", "sklearn.svm.SVc", "os.path", "broken:x", "broken.Thing", "..", "a..b", ":", "a:b:c",
    "true", "1:30", "2020-01-01", "mailto:x", "{min: 1, max: 0}", "{min: 0, max: 1}", "{values: []}",
    "{choose: {}}", "{estimator: sklearn.svm.SVC}", "{value: 1}", "{min: 1, max: 9, step: 1e-320}",
    "{min: -1e308, max: 1e308}", "99999999999999999999999", "1_000", "KFold", "LeavePOut", "auc", "f1",
)  # fmt: skip

VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**60, 0.5, -0.5, 1e308, "", "none", "auto", "yes", "x" * 5000, [], {}, [[]],
    [1, 2, 3], ["a", "a"], {"min": 1, "max": 10}, {"min": 10, "max": 1}, {"min": 0.1}, {"values": [1, 1.0]},
    {"values": [{"min": 1, "max": 2}]}, {"value": {"a": [1]}}, {"choose": {"a": 1, "b": {"min": 0.0, "max": 1.0}}},
    {"estimator": "sklearn.svm.SVC"}, {"estimator": "sklearn.linear_model.Ridge"}, {"estimator": 5},
    {"estimator": "my_metrics:cost", "parameters": {"y_true": 1}}, "broken:train", "my_metrics:cost", "rmse", "f1",
    {"min": -1, "max": 5, "step": 2}, {"min": 1, "max": 9, "log": True, "step": 1}, {"min": 1e-300, "max": 1e300},
    {"name": "accuracy", "goal": "minimize"}, {"splitter": "LeavePOut", "p": 2}, {"splitter": "KFold", "n_splits": 1},
    {"splitter": "my_metrics:cost"}, {"split_by": "fold"}, "asha", "grid", "cmaes", "10m", "1h30m", "0s", "2GB", "..",
    "xgboost.XGBClassifier", "sklearn.pipeline.Pipeline", "sklearn.preprocessing.StandardScaler", "os", "os.sep",
)  # fmt: skip

KEYS = ("estimator", "choose", "values", "value", "min", "parameters", "steps", "x", "a.b", "")

LOCATED = re.compile(r"^(?:.*?:\d+|--set .*?|--as .*?)(?:: |$)", re.DOTALL)


@dataclass
class Summary:
    cases: int = 0
    good: int = 0
    slowest: float = 0.0
    messages: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def mutated(generator: random.Random) -> tuple[bytes, list[str]]:
    """A damaged config and overrides that may be damaged too."""
    text, kind = generator.choice(SEEDS), generator.random()
    if kind < 0.6:
        text = _structure(text, generator)
    else:
        for _ in range(generator.choice((1, 1, 1, 2, 3, 5))):
            text = generator.choice((_tokens, _lines, _value))(text, generator)
    content = text.encode("utf-8", "surrogatepass")
    if kind > 0.9:
        content = _bytes(content, generator)
    overrides = [_override(generator) for _ in range(generator.choice((0, 0, 0, 1, 2)))]
    return content, overrides


def _structure(text: str, generator: random.Random) -> str:
    """Still YAML, but with values, keys and whole branches that do not belong."""
    tree = read_document(text, "seed", Findings())
    assert tree is not None
    top = value_of(tree)
    for _ in range(generator.choice((1, 1, 2, 3, 6))):
        places = list(_places(top))
        holder, key = generator.choice(places)
        action = generator.randrange(6)
        if action <= 1:
            holder[key] = copy.deepcopy(generator.choice(VALUES))
        elif action == 2:
            del holder[key]
        elif action == 3 and isinstance(holder, dict):
            holder[_typo(str(key), generator)] = holder.pop(key)
        elif action == 4:
            other, name = generator.choice(places)
            holder[key] = copy.deepcopy(other[name])
        else:
            holder[key] = generator.choice(([holder[key]], {generator.choice(KEYS): holder[key]}))
    return json.dumps(top, indent=1, ensure_ascii=False)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a tree that holds a value, as (container, key)."""
    found = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(found):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


def _typo(word: str, generator: random.Random) -> str:
    at = generator.randrange(len(word) + 1)
    return generator.choice((word[:at] + word[at + 1 :], word[:at] + "x" + word[at:], word.upper()))


def _bytes(content: bytes, generator: random.Random) -> bytes:
    found = bytearray(content)
    for _ in range(generator.randint(1, 8)):
        at = generator.randrange(len(found) + 1)
        action = generator.randrange(3)
        if action == 0:
            found.insert(at, generator.randrange(256))
        elif action == 1:
            del found[at : at + generator.randint(1, 20)]
        elif at < len(found):
            found[at] = generator.randrange(256)
    return bytes(found)


def _tokens(text: str, generator: random.Random) -> str:
    tokens = re.findall(r"\w+|\s+|[^\w\s]", text)
    for _ in range(generator.randint(1, 3)):
        if not tokens:
            return text
        at = generator.randrange(len(tokens))
        action = generator.randrange(5)
        if action == 0:
            tokens.insert(at, generator.choice(NASTY))
        elif action == 1:
            tokens[at] = generator.choice(NASTY)
        elif action == 2:
            del tokens[at]
        elif action == 3:
            other = generator.randrange(len(tokens))
            tokens[at], tokens[other] = tokens[other], tokens[at]
        else:
            word = list(tokens[at])
            generator.shuffle(word)
            tokens[at] = "".join(word)
    return "".join(tokens)


def _lines(text: str, generator: random.Random) -> str:
    lines = text.splitlines(keepends=True) or [""]
    at = generator.randrange(len(lines))
    action = generator.randrange(5)
    if action == 0:
        del lines[at]
    elif action == 1:
        lines.insert(generator.randrange(len(lines) + 1), lines[at])
    elif action == 2:
        lines[at] = " " * generator.randint(1, 6) + lines[at]
    elif action == 3:
        lines[at] = lines[at].lstrip()
    else:
        generator.shuffle(lines)
    return "".join(lines)


def _value(text: str, generator: random.Random) -> str:
    """Another value behind one of the keys."""
    keys = list(re.finditer(r"(\w+): ?([^,{}\[\]\n]*)", text))
    if not keys:
        return text
    key = generator.choice(keys)
    new = generator.choice((generator.choice(NASTY), generator.choice(keys).group(2)))
    return text[: key.start(2)] + new + text[key.end(2) :]


def _override(generator: random.Random) -> str:
    keys = ("budget.trials", "search.sampler", "metric", "model", "cv", "cv.n_splits", "data.target",
            "model.choose.logistic.parameters.C.max", "metrics.0", "a.b.c", "name", "", "x..y",
            "parameters.lr.min", "preprocess.0.columns.0", "resources")  # fmt: skip
    equals = "" if generator.random() < 0.05 else "="
    return generator.choice(keys) + equals + generator.choice(NASTY)


def run(cases: int, seed: int = 0, limit: float = LIMIT) -> Summary:
    """Reads `cases` mutated configs; what broke a promise is in `failures`."""
    summary = Summary()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        directory = Path(folder)
        for name, content in MODULES.items():
            (directory / name).write_text(content)
        for text in SEEDS:
            _warm_up(directory, text)
        for number in range(cases):
            generator = random.Random(f"{seed}:{number}")
            _one(directory / "config.yaml", *mutated(generator), f"case {number}", limit, summary)
    return summary


def _warm_up(directory: Path, text: str) -> None:
    """Imports what a config names; and the seed itself must be good."""
    path = directory / "seed.yaml"
    path.write_text(text)
    loaded = config.read(path)
    if loaded.problems:
        raise AssertionError(f"a seed is not good: {loaded.problems}")
    path.write_text(text.replace("LogisticRegression", "LogisticRegresion"))
    config.read(path)
    path.write_text("name: x\nmetric: f1\nmodel: SVC\n")
    config.read(path)


def _one(
    path: Path, content: bytes, overrides: list[str], name: str, limit: float, summary: Summary
) -> None:
    path.write_bytes(content)
    summary.cases += 1
    start = time.perf_counter()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            loaded = config.read(path, overrides)
        failure = _broken(path, loaded)
    except Exception as error:
        failure, loaded = f"{type(error).__name__}: {error}", None
    seconds = time.perf_counter() - start
    summary.slowest = max(summary.slowest, seconds)
    if seconds > limit:
        failure = f"took {seconds:.1f} s"
    if failure:
        summary.failures.append(f"{name}: {failure}")
    if loaded is not None:
        summary.good += loaded.spec is not None
        summary.messages += len(loaded.problems) + len(loaded.warnings)
        summary.kinds.update(_kind(problem) for problem in loaded.problems)


def _broken(path: Path, loaded: config.Loaded) -> str | None:
    """The promise that this reading breaks, if any."""
    if (loaded.spec is None) != bool(loaded.problems):
        return "a spec with problems, or neither"
    for message in (*loaded.problems, *loaded.warnings):
        if not LOCATED.match(message):
            return f"no place in: {message}"
        if not message.isprintable():
            return f"not printable: {message!r}"
    if loaded.spec is None or "***" in loaded.text:
        return None
    path.write_text(loaded.text, encoding="utf-8")
    again = config.read(path)
    return None if again.digest == loaded.digest else f"reads back as another: {again.problems}"


def _kind(problem: str) -> str:
    """The problem without its place and names, for counting."""
    words = re.sub(r"`[^`]*`|\d+", "…", problem.partition(": ")[2])
    return re.sub(r"^[\w.…-]*: ", "", words)[:60]


def main() -> int:
    parser = argparse.ArgumentParser(description="Reads mutated configs.")
    parser.add_argument("cases", nargs="?", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    start = time.perf_counter()
    summary = run(arguments.cases, arguments.seed)
    print(f"{summary.cases} mutated configs in {time.perf_counter() - start:.0f} s")
    print(f"  still good: {summary.good}, messages: {summary.messages}")
    print(f"  different kinds of problems: {len(summary.kinds)}")
    print(f"  slowest: {summary.slowest:.2f} s (limit {LIMIT:g} s)")
    print(f"  broken promises: {len(summary.failures)}")
    for failure in summary.failures[:20]:
        print(f"    {failure}")
    return 1 if summary.failures else 0


if __name__ == "__main__":
    sys.exit(main())
