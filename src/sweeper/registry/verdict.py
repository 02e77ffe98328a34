"""When an alias moves to a new version. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sweeper.core.space import Value
from sweeper.core.specs import Gate
from sweeper.ports import Champion, Registration
from sweeper.registry.lineage import Facts, facts


@dataclass(frozen=True, slots=True)
class Decision:
    """`verdict` says why in one or two sentences, with the interval where there is one."""

    moves: bool
    verdict: str


def decide(registration: Registration, version: int, champion: Champion | None) -> Decision:
    """What `register.when` makes of this version and today's holder of the alias.

    always: the alias moves. never: it does not. better: it moves to the first version, or
    when the holdout report shows, by a paired comparison on the same holdout and metric
    with the very version that holds the alias now, that the new one is better, and passes
    the gate.
    """
    alias = registration.alias
    if registration.when == "never":
        return _stays(registration, version, champion, "register.when is never")
    if champion is None:
        return Decision(True, f"{alias} set: the first version of {registration.model} to hold it")
    moved = f"{alias} moved from version {champion.version}"
    if registration.when == "always":
        return Decision(True, f"{moved}: register.when is always")
    obstacle = _incomparable(registration, facts(registration.lineage), champion)
    if obstacle:
        return _stays(registration, version, champion, obstacle)
    versus = (registration.holdout or {})["versus_champion"]
    against = "; ".join(failures(versus, registration.gate))
    if against:
        return _stays(registration, version, champion, against)
    return Decision(True, f"{moved}: {difference(versus)}")


def failures(versus: Mapping[str, Value], gate: Gate) -> Iterator[str]:
    """Why the new one of two models that were compared does not pass, each reason in words."""
    if versus["low"] is None or not versus["low"] > gate.margin:
        by = f" by more than {gate.margin:g}" if gate.margin else ""
        yield f"{difference(versus)}, which does not show that it is better{by}"
    for label, change in (versus.get("recall_change") or {}).items():
        if gate.recall_loss is not None and change is not None and -change > gate.recall_loss:
            yield (
                f"the recall of class {label} falls by {-change:.4g}, more than {gate.recall_loss:g}"
            )
    for name, unit in (("predict_ms", "ms to predict a row"), ("model_bytes", "bytes")):
        limit, cost = getattr(gate, name), (versus.get(name) or {}).get("new")
        if limit is not None and (cost is None or cost > limit):
            found = "an unknown number of" if cost is None else f"{cost:.4g}"
            yield f"it takes {found} {unit}, more than {limit:g}"


def _incomparable(registration: Registration, new: Facts, champion: Champion) -> str:
    """Why the two versions cannot be compared; empty when they can."""
    versus = (registration.holdout or {}).get("versus_champion")
    if not champion.holdout:
        return "that version's holdout is not known"
    if not new.holdout:
        return "this sweep had no holdout to compare them on"
    if champion.holdout != new.holdout:
        return (
            f"that version was scored on another holdout ({champion.holdout[:12]}) "
            f"than this one ({new.holdout[:12]})"
        )
    if champion.metric != new.metric:
        return f"that version was chosen by {champion.metric}, this one by {new.metric}"
    if versus is None:
        return "the two were not compared on the holdout"
    if "error" in versus:
        return f"comparing the two on the holdout failed ({versus['error']})"
    compared = _compared(registration)
    if compared is not None and compared != champion.version:
        return f"this one was compared with version {compared}, which held the alias then"
    return ""


def _compared(registration: Registration) -> int | None:
    """The version that the holdout report is about, as the lineage names it."""
    parents = registration.lineage.get("parents") or []
    held = [p["version"] for p in parents if p.get("alias") == registration.alias]
    return int(held[0]) if held else None


def difference(versus: Mapping[str, Value]) -> str:
    """What a paired comparison found, with its interval."""
    unit = f" over {versus['unit']}" if versus.get("unit") else ""
    return (
        f"on the same holdout its {versus['metric']} is {_better(versus['difference'])} "
        f"(95 % interval {_number(versus['low'])} to {_number(versus['high'])}, "
        f"paired bootstrap{unit})"
    )


def _better(difference: Value) -> str:
    """A difference is positive where the new version is better, whatever the metric's goal."""
    if difference is None:
        return "different by an unknown amount"
    return f"{'worse' if difference < 0 else 'better'} by {abs(difference):.4g}"


def _number(value: Value) -> str:
    return "unknown" if value is None else f"{value:+.4g}"


def _stays(
    registration: Registration, version: int, champion: Champion | None, why: str
) -> Decision:
    alias = registration.alias
    where = f"stays at version {champion.version}" if champion else "not set"
    call = f"sweeper models promote {registration.model}/{version} --alias {alias} --force"
    return Decision(False, f"{alias} {where}: {why}. To move it all the same: {call}")
