"""Parameters: a value, a range, values, an object or a choice, wherever each may stand.

Reading makes two things: the tree of nodes that says where values go, and the drafts of
the dimensions in it. A draft is known by its key's path, which is unique; `naming` gives
it the short name that people see.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sweeper.config.cursor import Cursor
from sweeper.config.estimators import (
    Factory,
    Fits,
    Role,
    anything,
    check_names,
    factory,
)
from sweeper.config.problems import Findings, did_you_mean, listed, short
from sweeper.config.tree import Listing, Scalar, Table, described
from sweeper.core.space import (
    Choice,
    Condition,
    Domain,
    Fixed,
    Items,
    Node,
    Object,
    Range,
    Searched,
    Value,
    Values,
)

EXPECTED = (
    "a value, {min: …, max: …}, {values: […]}, {value: …}, "
    "{estimator: …, parameters: {…}} or {choose: {…}}"
)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}")
_MOST_INTEGER = 2**53


@dataclass(frozen=True, slots=True)
class Draft:
    """A dimension before it has its name. `short` is tried first, then `long`."""

    path: str
    short: str
    long: str
    domain: Domain
    when: tuple[Condition, ...]
    at: Cursor = field(compare=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading is: the names so far, and the branches that lead here."""

    drafts: list[Draft]
    short: tuple[str, ...] = ()
    long: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()

    def below(self, *parts: str, short: tuple[str, ...] | None = None) -> Place:
        """One step down; `short` when the short name takes another step than the long."""
        added = parts if short is None else short
        return Place(self.drafts, (*self.short, *added), (*self.long, *parts), self.when)

    def within(self, condition: Condition) -> Place:
        return Place(self.drafts, self.short, self.long, (*self.when, condition))

    def draft(self, at: Cursor, domain: Domain) -> str:
        """Notes a dimension; returns the name it has until it gets its own."""
        path = ".".join(at.path)
        names = ".".join(self.short), ".".join(self.long)
        self.drafts.append(Draft(path, *names, domain, self.when, at))
        return path


def read_node(at: Cursor, place: Place, fits: Fits = anything) -> Node:
    """What stands at `at`, as a node; problems are noted."""
    if isinstance(at.tree, Table):
        return _shape(at, place, fits)
    if isinstance(at.tree, Listing):
        return _list(at, place, fits)
    fits(at, at.value)
    return Fixed(at.value)


def _shape(at: Cursor, place: Place, fits: Fits) -> Node:
    """A mapping: which of the shapes it is shows in its keys."""
    keys = [name for name, _ in at.children()]
    for key, read in _SHAPES.items():
        if key in keys:
            return read(at, place, fits)
    hint = next((h for k in keys if (h := did_you_mean(k, _SHAPES))), "")
    at.problem(
        f"found {described(at.tree)}; expected {EXPECTED}; a mapping that is itself the value "
        f"is written {{value: {{…}}}}{hint}"
    )
    return Fixed(None)


def _range(at: Cursor, place: Place, fits: Fits) -> Node:
    keys = at.fields(("min", "max", "log", "step"), required=("min", "max"))
    if "min" not in keys or "max" not in keys:
        return Fixed(None)
    log = keys["log"].boolean(False) if "log" in keys else False
    low, high = keys["min"].number(math.nan), keys["max"].number(math.nan)
    step = keys["step"].number(math.nan) if "step" in keys else None
    if math.isnan(low) or math.isnan(high) or (step is not None and math.isnan(step)):
        return Fixed(None)
    found = _interval(at, low, high, log, step)
    if found is None:
        return Fixed(None)
    for end in ("min", "max"):
        value = int(keys[end].value) if found.integer else float(keys[end].value)
        fits(keys[end], value)
    return Searched(place.draft(at, found))


def _interval(at: Cursor, low: float, high: float, log: bool, step: float | None) -> Range | None:
    """The range, or None with its impossibility noted."""
    integer = isinstance(low, int) and isinstance(high, int) and not isinstance(step, float)
    wrong = _impossible(low, high, log, step)
    if wrong:
        at.problem(wrong)
        return None
    if (low, high, step, integer) == (0, 1, None, True):
        at.warn(
            "two integers are an integer range: this is only 0 and 1; "
            "did you mean {min: 0.0, max: 1.0}?"
        )
    if step is not None:
        steps = math.floor((high - low) / step + 1e-9)
        last = low + steps * step
        if abs(last - high) > 1e-9 * max(1.0, abs(high)):
            at.warn(f"steps of {step:g} from {low:g} end at {last:g}, not at {high:g}")
            high = last
    if integer:
        return Range(low, high, log, True, step)
    return Range(float(low), float(high), log, False, None if step is None else float(step))


def _impossible(low: float, high: float, log: bool, step: float | None) -> str | None:
    if low > high:
        return f"min {low:g} is above max {high:g}; expected min below max"
    if low == high:
        return f"min and max are both {low:g}; expected min below max, or the plain value"
    if not math.isfinite(float(high) - float(low)) or max(abs(low), abs(high)) > _widest(low, high):
        return f"the range {low:g} to {high:g} is too wide to search"
    if log and low <= 0:
        return f"min is {low:g}; expected min above 0 with `log: true`"
    if log and step is not None:
        return "`log` and `step` exclude each other; leave one out"
    if step is not None and not 0 < step <= high - low:
        return f"step is {step:g}; expected a step above 0 and at most max - min"
    if step is not None and (high - low) / step > _MOST_INTEGER:
        return f"step is {step:g}: too many steps to search"
    return None


def _widest(low: float, high: float) -> float:
    both = isinstance(low, int) and isinstance(high, int)
    return _MOST_INTEGER if both else math.inf


def _values(at: Cursor, place: Place, fits: Fits) -> Node:
    keys = at.fields(("values",), required=("values",))
    choices: list[Value] = []
    refused, seen = Findings(), set()
    for item in keys["values"].items("values") if "values" in keys else ():
        if any(key in _SHAPES for key, _ in item.children() if isinstance(item.tree, Table)):
            item.problem("a range or an object cannot be one of `values`; use `choose:` instead")
        elif item.value != item.value:
            item.problem("`.nan` cannot be searched over; write null if that is meant")
        elif _identity(item.value) in seen:
            item.problem(f"`{short(item.value)}` stands twice; every value once")
        else:
            choices.append(item.value)
            seen.add(_identity(item.value))
            fits(replace(item, findings=refused), item.value)
    _report_refused(at, refused, len(choices))
    if not choices:
        return Fixed(None)
    return Searched(place.draft(at, Values(tuple(choices))))


def _identity(value: Value) -> tuple[object, object]:
    """Equal for values that are the same choice: 1 and 1.0, but not 1 and true."""
    plain = value is None or isinstance(value, str | int | float)
    return (isinstance(value, bool), value) if plain else (type(value), repr(value))


def _report_refused(at: Cursor, refused: Findings, choices: int) -> None:
    """Values that the estimator refuses: a problem when all are, for a sweep would be lost."""
    for found in refused.problems:
        if len(refused.problems) < choices:
            message = f"{found.message}; trials that take it will fail"
            at.findings.warn(found.mark, found.path, message)
        else:
            at.findings.problem(found.mark, found.path, found.message)
    for found in refused.warnings:
        at.findings.warn(found.mark, found.path, found.message)


def _value(at: Cursor, place: Place, fits: Fits) -> Node:
    keys = at.fields(("value",), required=("value",))
    if "value" not in keys:
        return Fixed(None)
    fits(keys["value"], keys["value"].value)
    return Fixed(keys["value"].value)


def _object(at: Cursor, place: Place, fits: Fits) -> Node:
    return read_object(at, place, Role.PART)[0]


def _choose(at: Cursor, place: Place, fits: Fits) -> Node:
    return read_choice(at, place, lambda branch, below: read_node(branch, below, fits))


_SHAPES: dict[str, Callable[[Cursor, Place, Fits], Node]] = {
    "estimator": _object,
    "choose": _choose,
    "values": _values,
    "value": _value,
    "min": _range,
    "max": _range,
}


def read_choice(at: Cursor, place: Place, read: Callable[[Cursor, Place], Node]) -> Choice:
    """`{choose: {branch: …}}`, each branch read by `read`."""
    keys = at.fields(("choose",), required=("choose",))
    branches = named_branches(keys["choose"]) if "choose" in keys else []
    name = place.draft(at, Values(tuple(branch for branch, _ in branches)))
    nodes = []
    for branch, child in branches:
        below = place.below(branch).within(Condition(name, branch))
        nodes.append((branch, read(child, below)))
    return Choice(name, tuple(nodes))


def named_branches(at: Cursor) -> list[tuple[str, Cursor]]:
    """The branches of a `choose:` whose names can be part of a parameter's name."""
    if not isinstance(at.tree, Table) or not at.tree.entries:
        at.wrong("a mapping of names to what may be chosen, as {a: …, b: …}")
        return []
    for name, child in at.children():
        check_name(name, child)
        check_filled(child)
    return at.children()


def check_name(name: str, at: Cursor) -> None:
    """Notes a name that could not stand in `a.b.c`."""
    if not _NAME.fullmatch(name):
        message = f"the name `{short(name)}` does not fit; expected letters, digits, `_` and `-`"
        at.findings.problem(at.key, at.dotted, message)


def check_filled(at: Cursor) -> None:
    """Notes a key without a value."""
    if at.empty:
        at.problem("nothing stands here; expected a value, or null")


def read_object(at: Cursor, place: Place, role: Role) -> tuple[Object, Factory | None]:
    """`{estimator: X, parameters: {…}}`, and what X is, if it is anything."""
    keys = at.fields(("estimator", "parameters"), required=("estimator",))
    made = factory(keys["estimator"], role) if "estimator" in keys else None
    path = str(keys["estimator"].value) if "estimator" in keys else ""
    return Object(path, read_arguments(at, keys.get("parameters"), place, made)), made


def read_arguments(
    at: Cursor, parameters: Cursor | None, place: Place, made: Factory | None
) -> tuple[tuple[str, Node], ...]:
    """The `parameters:` of an object, each checked against its constructor."""
    nodes = read_parameters(parameters, place, made) if parameters is not None else ()
    if made is not None:
        check_names(at, [name for name, _ in nodes], made)
    return nodes


def read_parameters(at: Cursor, place: Place, made: Factory | None) -> tuple[tuple[str, Node], ...]:
    """Names to nodes. With `made`, only the names that it takes."""
    if not isinstance(at.tree, Table):
        at.wrong("a mapping of parameter names to values")
        return ()
    nodes = []
    for name, child in at.children():
        if made is not None and not made.takes(name):
            _unknown_parameter(child, name, made)
        check_name(name, child)
        check_filled(child)
        fits = made.fits(name) if made is not None else anything
        nodes.append((name, read_node(child, place.below(name), fits)))
    return tuple(nodes)


def _unknown_parameter(at: Cursor, name: str, made: Factory) -> None:
    hint = did_you_mean(name, made.parameters)
    message = (
        f"{made.name} has no parameter `{short(name)}`; "
        f"expected one of {listed(made.parameters, 30)}{hint}"
    )
    at.findings.problem(at.key, at.dotted, message)


def _list(at: Cursor, place: Place, fits: Fits) -> Node:
    """A list. Members that are `[name, object, …]` are known by that name."""
    nodes = [_item(name, item, place) for name, item in at.children()]
    if all(isinstance(node, Fixed) for node in nodes):
        fits(at, at.value)
        return Fixed([node.value for node in nodes if isinstance(node, Fixed)])
    return Items(tuple(nodes))


def _item(number: str, item: Cursor, place: Place) -> Node:
    pair = _pair_name(item)
    if pair is None:
        return read_node(item, place.below(number))
    check_name(pair, item)
    # [name, object]: the name stands for the list's own place, as `svc.C` of a Pipeline.
    named = Place(place.drafts, (*place.short[:-1], pair), (*place.long, pair), place.when)
    nodes = [read_node(child, named) for _, child in item.children()]
    if all(isinstance(node, Fixed) for node in nodes):
        return Fixed([node.value for node in nodes if isinstance(node, Fixed)])
    return Items(tuple(nodes))


def _pair_name(item: Cursor) -> str | None:
    if not isinstance(item.tree, Listing) or len(item.tree.items) < 2:
        return None
    first, *rest = item.tree.items
    named = isinstance(first, Scalar) and isinstance(first.value, str)
    if named and any(isinstance(other, Table) for other in rest):
        return str(first.value) if isinstance(first, Scalar) else None
    return None
