from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cloudpickle
import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.tracking import MlflowClient
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sweeper.core.specs import Gate
from sweeper.mlflow_store import Store, where
from sweeper.ports import Column, Registration, SweeperError
from sweeper.registry.checks import UnknownVersion
from sweeper.registry.mlflow_registry import MlflowRegistry
from sweeper.registry.reading import COMPLETE
from sweeper.registry.versions import VERDICT

FRAME = pd.DataFrame(
    {
        "age": [20, 30, 40, 50],
        "hours": [1.5, np.nan, 2.5, 3.5],
        "city": ["a", "b", None, "b"],
        "member": [True, False, True, False],
        "since": ["2020-01-01", "2021-02-03", None, "2022-05-06"],
    }
)
COLUMNS = (
    Column("age", "numeric", "int64"),
    Column("hours", "numeric", "float64", missing=1),
    Column("city", "categorical", "str", missing=1),
    Column("member", "boolean", "bool"),
    Column("since", "date", "str", missing=1),
)


def estimator(C: float = 1.0) -> Any:
    model = make_pipeline(
        make_column_transformer(
            ("passthrough", ["age"]), (OneHotEncoder(handle_unknown="ignore"), ["city"])
        ),
        LogisticRegression(C=C),
    )
    return model.fit(FRAME, ["no", "no", "yes", "yes"])


def lineage(champion: int | None = None, **changes: Any) -> dict[str, Any]:
    parents = [{"model": "income", "version": champion, "alias": "champion"}] if champion else []
    return {
        "data": {"sha256": "data", "holdout_sha256": "holdout"},
        "metric": {"name": "auc"},
        "trial": {"number": 3},
        "parents": parents,
        "metrics": {"auc": 0.9},
        **changes,
    }


VERSUS = {"metric": "auc", "difference": 0.02, "low": 0.01, "high": 0.03, "better": True}


@pytest.fixture
def registration(tmp_path: Path) -> Callable[..., Registration]:
    """A sweep's registration; `sweep` and `model` say which."""

    def make(sweep: str = "one", model: Any = None, **changes: Any) -> Registration:
        folder = tmp_path / sweep
        folder.mkdir(exist_ok=True)
        (folder / "model.pkl").write_bytes(cloudpickle.dumps(model or estimator()))
        (folder / "report.png").write_bytes(b"picture")
        plain = Registration(
            sweep=sweep,
            sweep_id=f"id-{sweep}",
            model="income",
            alias="champion",
            when="better",
            gate=Gate(),
            by="her@there",
            model_file=str(folder / "model.pkl"),
            columns=COLUMNS,
            task="classification",
            target="rich",
            classes=("no", "yes"),
            lineage=lineage(),
            holdout=None,
            files={"report.png": str(folder / "report.png")},
            directory=str(folder),
        )
        return replace(plain, **changes)

    return make


@pytest.fixture
def registry(store: Store) -> MlflowRegistry:
    return MlflowRegistry(store.uri, store.artifacts, "income")


@pytest.fixture
def stock(store: Store) -> Any:
    """MLflow as anybody uses it."""
    mlflow.set_tracking_uri(store.uri)
    yield mlflow
    mlflow.set_tracking_uri(None)


def test_any_mlflow_client_loads_the_champion_and_predicts(
    registry: MlflowRegistry, registration: Callable[..., Registration], stock: Any
) -> None:
    made = registry.register(registration())
    assert (made.version, made.alias) == (1, "champion")
    expected = list(estimator().predict(FRAME))
    loaded = stock.pyfunc.load_model("models:/income@champion")
    assert list(loaded.predict(FRAME)) == expected
    assert list(stock.sklearn.load_model("models:/income/1").predict(FRAME)) == expected


def test_the_schema_names_columns_and_holds_no_rows(
    registry: MlflowRegistry, registration: Callable[..., Registration], stock: Any
) -> None:
    registry.register(registration())
    loaded = stock.pyfunc.load_model("models:/income@champion")
    assert loaded.metadata.get_input_schema().input_names() == list(FRAME)
    assert loaded.metadata.saved_input_example_info is None
    with pytest.raises(Exception, match="city"):
        loaded.predict(FRAME.drop(columns="city"))


def test_requirements_are_pinned_without_sweeper(
    registry: MlflowRegistry, registration: Callable[..., Registration], stock: Any
) -> None:
    registry.register(registration())
    pins = Path(stock.pyfunc.get_model_dependencies("models:/income@champion")).read_text()
    assert "scikit-learn==" in pins
    assert "sweeper" not in pins


def test_a_model_that_is_no_estimator_brings_the_users_code_along(
    registry: MlflowRegistry,
    registration: Callable[..., Registration],
    stock: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "own"
    (folder / "my_parts").mkdir(parents=True)
    (folder / "my_parts" / "__init__.py").write_text("OFFSET = 1\n")
    (folder / "my_parts" / "rows.csv").write_text("private,rows\n")
    (folder / "my_model.py").write_text(
        "import my_parts\n"
        "class Adds:\n"
        "    def predict(self, X):\n"
        "        return X['age'] + my_parts.OFFSET\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    from my_model import Adds  # type: ignore[import-not-found]

    columns = (Column("age", "numeric", "int64"),)
    registry.register(registration("own", Adds(), columns=columns, task="regression", classes=()))
    for name in ("my_model", "my_parts"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p != str(folder)])
    loaded = stock.pyfunc.load_model("models:/income@champion")
    assert list(loaded.predict(FRAME[["age"]])) == [21, 31, 41, 51]
    assert not list((tmp_path / "artifacts").rglob("rows.csv"))


def test_registering_twice_makes_one_version(
    registry: MlflowRegistry, registration: Callable[..., Registration]
) -> None:
    first = registry.register(registration())
    assert registry.register(registration()) == first
    assert len(registry.versions()) == 1


class Dying:
    """The client, in a process that is killed at one of its writes, before or after it."""

    WRITES = (
        "create_experiment",
        "create_run",
        "log_artifacts",
        "set_terminated",
        "create_registered_model",
        "create_model_version",
        "set_model_version_tag",
        "set_registered_model_alias",
    )

    def __init__(self, client: Any, writes: int) -> None:
        self._client, self._left = client, writes

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        return self._counted(call) if name in self.WRITES else call

    def _counted(self, call: Any) -> Any:
        def write(*args: Any, **kwargs: Any) -> Any:
            if self._left == 0:
                raise KeyboardInterrupt
            self._left -= 1
            return call(*args, **kwargs)

        return write


def test_a_kill_at_any_step_leaves_no_second_and_no_half_version(
    store: Store, registration: Callable[..., Registration]
) -> None:
    wanted = registration(model=LogisticRegression().fit([[0], [1]], [0, 1]), columns=())
    deaths = 0
    while True:
        registry = MlflowRegistry(store.uri, store.artifacts, "income")
        registry._client = Dying(registry._client, deaths)
        try:
            made = registry.register(wanted)
            break
        except KeyboardInterrupt:
            deaths += 1
            seen = MlflowRegistry(store.uri, store.artifacts, "income")
            assert len(seen.versions()) <= 1
            if seen.versions():
                seen.lineage(seen.show("income"))
    assert deaths >= 5
    registry = MlflowRegistry(store.uri, store.artifacts, "income")
    assert [(v.version, v.aliases) for v in registry.versions()] == [(1, ("champion",))]
    assert made.version == 1
    client = MlflowClient(store.uri)
    assert len(client.search_model_versions("name = 'income'")) == 1
    assert {run.info.status for run in client.search_runs(["1"])} == {"FINISHED"}


def test_an_unfinished_version_of_another_file_is_replaced(
    store: Store, registry: MlflowRegistry, registration: Callable[..., Registration]
) -> None:
    registry.register(registration())
    client = MlflowClient(store.uri)
    client.delete_model_version_tag("income", "1", COMPLETE)
    assert registry.versions() == []
    registry.register(registration(model=estimator(C=0.01)))
    (found,) = registry.versions()
    assert found.tags[COMPLETE] == "true"


def test_a_better_version_takes_the_alias_and_names_the_one_before(
    registry: MlflowRegistry, registration: Callable[..., Registration]
) -> None:
    registry.register(registration())
    new = registration("two", lineage=lineage(1), holdout={"versus_champion": VERSUS})
    made = registry.register(new)
    assert (made.version, made.alias) == (2, "champion")
    newest = registry.show("income", "@champion")
    assert newest.version == 2
    assert [move.previous for move in registry.history("income", "champion")] == [None, 1]
    assert newest.tags[VERDICT] == made.verdict
    assert "+0.01 to +0.03" in made.verdict


def test_a_version_that_is_not_better_leaves_the_alias(
    registry: MlflowRegistry, registration: Callable[..., Registration]
) -> None:
    registry.register(registration())
    versus = {**VERSUS, "better": False, "low": -0.01}
    made = registry.register(
        registration("two", lineage=lineage(1), holdout={"versus_champion": versus})
    )
    assert made.alias == ""
    assert registry.show("income", "champion").version == 1
    assert "sweeper models promote income/2 --alias champion --force" in made.verdict


def test_the_champion_comes_with_its_facts_and_its_own_bytes(
    registry: MlflowRegistry, registration: Callable[..., Registration]
) -> None:
    assert registry.champion("income", "champion") is None
    wanted = registration()
    registry.register(wanted)
    assert registry.champion("income", "other") is None
    found = registry.champion("income", "champion")
    assert found is not None
    assert (found.version, found.holdout, found.data, found.metric) == (1, "holdout", "data", "auc")
    assert found.content == Path(wanted.model_file).read_bytes()


def test_a_changed_model_file_is_not_handed_out(
    registry: MlflowRegistry, registration: Callable[..., Registration], tmp_path: Path
) -> None:
    registry.register(registration())
    (file,) = (tmp_path / "artifacts").rglob("model.pkl")
    file.write_bytes(pickle.dumps("another"))
    found = registry.champion("income", "champion")
    assert found is not None
    assert found.content is None


def test_a_changed_lineage_document_is_found_out(
    registry: MlflowRegistry, registration: Callable[..., Registration], tmp_path: Path
) -> None:
    made = registry.register(registration())
    assert registry.lineage(registry.show("income"))["trial"] == {"number": 3}
    assert registry.show("income").digest == made.digest
    (file,) = (tmp_path / "artifacts").rglob("lineage.json")
    file.write_text(file.read_text().replace("holdout", "holdall"))
    with pytest.raises(SweeperError, match="income/1 has been changed"):
        registry.lineage(registry.show("income"))
    file.unlink()
    with pytest.raises(SweeperError, match="income/1 is gone"):
        registry.lineage(registry.show("income"))


def test_versions_are_listed_newest_first_with_their_metrics(
    registry: MlflowRegistry, registration: Callable[..., Registration]
) -> None:
    registry.register(registration())
    registry.register(registration("two"))
    registry.register(registration("three", lineage=lineage(metrics={"auc": 0.5})))
    found = registry.versions("income")
    assert [v.version for v in found] == [3, 2, 1]
    assert found[0].metrics == {"auc": 0.5}
    assert found[2].aliases == ("champion",)
    assert registry.show("income", "/2").version == 2


def test_an_unknown_model_or_version_says_what_there_is(
    registry: MlflowRegistry, registration: Callable[..., Registration]
) -> None:
    registry.register(registration())
    with pytest.raises(UnknownVersion, match="Did you mean income"):
        registry.show("incom")
    with pytest.raises(UnknownVersion, match="there is 1, champion"):
        registry.show("income", "@staging")


def test_a_version_that_others_made_is_listed_and_never_compared(
    store: Store, registry: MlflowRegistry, registration: Callable[..., Registration]
) -> None:
    client = MlflowClient(store.uri)
    client.create_registered_model("income")
    client.create_model_version("income", source="file:///elsewhere")
    client.set_registered_model_alias("income", "champion", "1")
    assert [v.version for v in registry.versions()] == [1]
    with pytest.raises(SweeperError, match="not registered by sweeper"):
        registry.lineage(registry.show("income"))
    found = registry.champion("income", "champion")
    assert found is not None
    assert found.content is None
    assert registry.register(registration()).alias == ""


def test_reading_a_registry_that_is_not_there_makes_none(tmp_path: Path) -> None:
    from sweeper.core.specs import TrackingSpec

    place = where(TrackingSpec(uri=f"sqlite:///{tmp_path}/sweeps/mlflow.db"), tmp_path)
    registry = MlflowRegistry(place.uri, place.artifacts, "income")
    assert registry.versions() == []
    assert registry.champion("income", "champion") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../up", "..\\up", "%2e%2e/up", "a/b", "a:b", "", "a'b", "x" * 999]
)
def test_odd_names_never_reach_mlflow(
    registry: MlflowRegistry, registration: Callable[..., Registration], name: str
) -> None:
    with pytest.raises(SweeperError, match=r"register\.model"):
        registry.register(replace(registration(), model=name))


@pytest.mark.parametrize("alias", ["latest", "v3", "3", "a b", "../x", ""])
def test_aliases_that_mean_something_else_are_refused(
    registry: MlflowRegistry, registration: Callable[..., Registration], alias: str
) -> None:
    with pytest.raises(SweeperError, match=r"^alias "):
        registry.register(registration(alias=alias))
