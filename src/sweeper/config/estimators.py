"""What a class named in a config is, and which parameters and values it takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sweeper.config.cursor import Cursor, boolean_hint
from sweeper.config.imports import NotFound, find
from sweeper.config.problems import listed, short
from sweeper.config.tree import Scalar, described
from sweeper.core.space import Value

Fits = Callable[[Cursor, Value], None]
"""Notes a problem at the cursor when the value cannot be the parameter's."""


def anything(cursor: Cursor, value: Value) -> None:
    """The `Fits` of a parameter of which nothing is known."""


class Role(Enum):
    """What an object is used as, with the methods that this asks of its class."""

    MODEL = ("a model", ("fit", "predict"))
    STEP = ("a preprocessing step", ("fit", "transform"))
    PART = ("a parameter", ())

    @property
    def words(self) -> str:
        return str(self.value[0])

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(self.value[1])


@dataclass(frozen=True, slots=True)
class Factory:
    """A class or function that makes an object. `open`: takes any keyword."""

    path: str
    target: Any
    parameters: dict[str, inspect.Parameter]
    open: bool
    constraints: dict[str, tuple[Any, ...]]

    @property
    def name(self) -> str:
        return self.path.replace(":", ".").rpartition(".")[2]

    @property
    def required(self) -> list[str]:
        """Parameters that have no default."""
        return [n for n, p in self.parameters.items() if p.default is inspect.Parameter.empty]

    def takes(self, name: str) -> bool:
        return self.open or name in self.parameters

    def fits(self, name: str) -> Fits:
        """The check of one parameter's values: what scikit-learn would say when fitting."""
        if name in self.constraints:
            return self._constrained(self.constraints[name])
        known = self.parameters.get(name)
        if known is not None and isinstance(known.default, bool):
            return _doubted
        return anything

    def _constrained(self, constraints: tuple[Any, ...]) -> Fits:
        def check(cursor: Cursor, value: Value) -> None:
            if any(_satisfies(c, value) for c in constraints):
                return
            accepted = [str(c) for c in constraints if not getattr(c, "hidden", False)]
            found = described(cursor.tree)
            if not isinstance(cursor.tree, Scalar):
                found += f", `{short(value)}`"
            hint = boolean_hint(cursor.tree)
            cursor.problem(f"found {found}; {self.name} expects {' or '.join(accepted)}{hint}")

        return check


def _doubted(cursor: Cursor, value: Value) -> None:
    hint = boolean_hint(cursor.tree)
    if hint:
        cursor.warn(hint.removeprefix("; "))


def _satisfies(constraint: Any, value: Value) -> bool:
    """Lists stand for tuples: YAML has none."""
    if constraint.is_satisfied_by(value):
        return True
    return isinstance(value, list) and bool(constraint.is_satisfied_by(tuple(value)))


def factory(at: Cursor, role: Role) -> Factory | None:
    """What the text at `at` names; None with a problem noted when it is of no use."""
    path = at.text("a class, as sklearn.linear_model.LogisticRegression")
    if not path:
        return None
    try:
        target = find(path)
    except NotFound as error:
        at.problem(f"{error}; expected the path of {role.words}'s class")
        return None
    if not callable(target):
        at.problem(f"`{short(path)}` is no class; expected the path of {role.words}'s class")
        return None
    missing = [m for m in role.methods if isinstance(target, type) and not hasattr(target, m)]
    if missing:
        methods = " and ".join(f"`{m}`" for m in role.methods)
        at.problem(
            f"`{short(path)}` has no `{missing[0]}`; expected {role.words}: a class with {methods}"
        )
        return None
    return _described(path, target)


def _described(path: str, target: Any) -> Factory:
    try:
        found = inspect.signature(target).parameters
    except (TypeError, ValueError):  # written in C, without a signature
        return Factory(path, target, {}, True, {})
    kinds = inspect.Parameter
    named = {
        n: p
        for n, p in found.items()
        if p.kind in (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY)
    }
    opened = any(p.kind is kinds.VAR_KEYWORD for p in found.values())
    return Factory(path, target, named, opened, _constraints(target))


def _constraints(target: Any) -> dict[str, tuple[Any, ...]]:
    """scikit-learn's own declarations of what each parameter accepts, where it has them."""
    declared = getattr(target, "_parameter_constraints", None)
    if not isinstance(declared, dict):
        return {}
    from sklearn.utils._param_validation import make_constraint

    return {
        name: tuple(make_constraint(c) for c in constraints)
        for name, constraints in declared.items()
        if constraints != "no_validation"
    }


def check_names(at: Cursor, names: Iterable[str], made: Factory) -> None:
    """Notes the parameters that the constructor needs and was not given."""
    missing = [n for n in made.required if n not in names]
    if missing:
        at.problem(f"{made.name} needs {listed(missing)}; give it under `parameters:`")


def task_of(target: Any) -> str | None:
    """classification or regression, by scikit-learn's conventions; None when unknown."""
    from sklearn.base import ClassifierMixin, RegressorMixin

    if isinstance(target, type) and issubclass(target, ClassifierMixin):
        return "classification"
    if isinstance(target, type) and issubclass(target, RegressorMixin):
        return "regression"
    kind = str(getattr(target, "_estimator_type", None))
    return {"classifier": "classification", "regressor": "regression"}.get(kind)
