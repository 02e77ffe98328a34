"""`search.pruner`: a name, or a mapping with what that pruner goes by."""

from __future__ import annotations

from sweeper.config.cursor import Cursor
from sweeper.config.problems import listed
from sweeper.config.tree import Scalar
from sweeper.core.specs import PrunerSpec

KEYS: dict[str, tuple[str, ...]] = {
    "racing": ("alpha",),
    "median": ("startup", "min_steps"),
    "wilcoxon": ("alpha", "startup"),
    "asha": ("min_steps", "max_steps", "reduction"),
    "hyperband": ("min_steps", "max_steps", "reduction"),
    "none": (),
}
"""Every pruner, and the keys that mean something to it."""

_EVERY = ("name", *dict.fromkeys(key for keys in KEYS.values() for key in keys))

ON_CURVES = ("asha", "hyperband")
"""These have nothing to look at without a training function's reports."""

_ELSEWHERE = {
    "successive_halving": "asha",
    "halving": "asha",
    "sha": "asha",
    "median_stopping": "median",
    "median_epochs": "median",
}
"""Names that other tools have for them."""

_MOST_STEPS = 2**53


def read_pruner(at: Cursor, reports: bool) -> PrunerSpec:
    """`reports`: there is a training function, whose reports make learning curves."""
    plain = isinstance(at.tree, Scalar)
    said = at if plain else dict(at.children()).get("name")
    name = None if said is None or said.empty else _name(said, reports)
    if not plain and name is None:
        at.fields(_EVERY, required=("name",))
    if name is None:
        return PrunerSpec()
    if plain:
        if name == "hyperband":
            at.problem(
                "`hyperband` must know where a curve ends; expected "
                "{name: hyperband, max_steps: …}, as many steps as a run reports"
            )
        return PrunerSpec(name)
    return _settled(name, _own_keys(at, name))


def _own_keys(at: Cursor, name: str) -> dict[str, Cursor]:
    """The keys that mean something to this pruner; the others are problems."""
    required = ("name", "max_steps") if name == "hyperband" else ("name",)
    foreign = [
        key for key, _ in at.children() if key in _EVERY and key not in ("name", *KEYS[name])
    ]
    keys = at.fields(("name", *KEYS[name], *foreign), required)
    for key in foreign:
        owners = [owner for owner, own in KEYS.items() if key in own]
        takes = f"expected {listed(KEYS[name])}" if KEYS[name] else "it takes none"
        if key in keys:
            keys.pop(key).problem(
                f"`{key}` means nothing to `{name}`, it is for {' and '.join(owners)}; {takes}"
            )
    return keys


def _settled(name: str, keys: dict[str, Cursor]) -> PrunerSpec:
    normal = PrunerSpec()
    pruner = PrunerSpec(
        name=name,
        alpha=keys["alpha"].share(normal.alpha) if "alpha" in keys else normal.alpha,
        startup=_whole(keys, "startup", normal.startup, 1, 100_000),
        min_steps=_whole(keys, "min_steps", normal.min_steps, 1, _MOST_STEPS),
        max_steps=_whole(keys, "max_steps", _MOST_STEPS, 1, _MOST_STEPS)
        if "max_steps" in keys
        else None,
        reduction=_whole(keys, "reduction", normal.reduction, 2, 100),
    )
    if pruner.max_steps is not None and pruner.max_steps <= pruner.min_steps:
        keys["max_steps"].problem(
            f"found {pruner.max_steps}, and the first look is at step {pruner.min_steps}; "
            "expected a `max_steps` above `min_steps`"
        )
    return pruner


def _whole(keys: dict[str, Cursor], name: str, normal: int, least: int, most: int) -> int:
    return keys[name].integer(normal, least, most) if name in keys else normal


def _name(at: Cursor, reports: bool) -> str | None:
    if isinstance(at.value, str) and at.value.lower() in _ELSEWHERE:
        at.wrong(f"one of {listed(KEYS)}", f"; here that is `{_ELSEWHERE[at.value.lower()]}`")
        return None
    name = at.one_of(tuple(KEYS), "") or None
    if name in ON_CURVES and not reports:
        others = [other for other in KEYS if other not in ON_CURVES]
        at.problem(
            f"`{name}` looks at learning curves, and a `model:` has none; expected one of "
            f"{listed(others)}, or a `train:` function that calls `trial.report`"
        )
    return name
