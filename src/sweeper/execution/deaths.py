"""What the end of a lease's task means for the run it was at: from Ray's error, and what the
agent of its node knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sweeper.core.records import Failure, FailureKind, RunKey
from sweeper.execution.agent import Fate
from sweeper.execution.cluster import said
from sweeper.execution.line import LineBroken

NO_ROOM = Failure(FailureKind.LOST, "NoRoom", "others took its places", "lost", charged=False)
"""Of a gang that waited for its places in vain."""

FOLLOWED = 87
"""What a gang's worker gives to os._exit when it ends because another one died."""

UNKNOWN = Failure(FailureKind.LOST, "WorkerDied", "its process died", "lost")


@dataclass(frozen=True, slots=True)
class Death:
    """A lease died. `run`: whose doing it was, where somebody knows."""

    cause: Failure
    run: RunKey | None = None
    gone: frozenset[str] = frozenset()  # nodes that went with it
    log: str = ""  # what `run` printed

    def failures(self, hand: Sequence[Sequence[RunKey]]) -> list[tuple[RunKey, Failure]]:
        """What it means for each run that the lease had in hand, the batch it was at first.

        One is charged: the run it was at. Where nobody knows that, it is charged if it was
        alone in hand; else none is, and the core sends each alone the next time.
        """
        known = {self.run} if self.run else set()
        alone = [keys[0] for keys in hand[:1] if len(keys) == 1]
        if not known and alone and (len(hand) == 1 or self.cause.kind is FailureKind.TIMEOUT):
            known = set(alone)
        return [
            (key, self.cause if key in known else uncharged(self.cause))
            for keys in hand
            for key in keys
        ]


def of_nodes(nodes: Iterable[str], leaving: Mapping[str, str]) -> Death:
    """Of a lease whose nodes, or some, went with it. `leaving`: those that are being taken
    away, and why."""
    gone = frozenset(nodes)
    for name in sorted(gone & set(leaving)):
        return Death(_preempted(leaving[name]), gone=gone)
    lost = Failure(FailureKind.LOST, "NodeDied", "its node went away", "lost", charged=False)
    return Death(lost, gone=gone)


def guilty(fates: Iterable[Fate]) -> Fate | None:
    """Whose death it was: of a gang, the first that an agent ended, or that died unasked."""
    own = [fate for fate in fates if fate.exit != FOLLOWED]
    return min(own, key=lambda fate: (fate.verdict is None, not fate.starved), default=None)


def names_node(error: Exception) -> bool:
    """Whether Ray's own error says that the node is gone."""
    from ray import exceptions as gone

    return isinstance(
        error, gone.NodeDiedError | gone.TaskUnschedulableError | gone.LocalRayletDiedError
    )


def of_worker(error: Exception, fate: Fate | None, leaving: str) -> Death:
    """Of a lease on a node that stands."""
    cause = _cause(error, fate)
    if leaving and cause.kind is FailureKind.LOST:
        cause = _preempted(leaving)
    if fate is None:
        return Death(cause)
    return Death(cause, fate.run, log=fate.log)


def _preempted(leaving: str) -> Failure:
    message = f"its node was taken away: {leaving}"
    return Failure(FailureKind.PREEMPTED, "Preempted", message, "preempted", charged=False)


def _cause(error: Exception, fate: Fate | None) -> Failure:
    from ray import exceptions as gone

    if fate is not None and fate.verdict is not None:
        return fate.verdict
    if isinstance(error, gone.OutOfMemoryError) or (fate is not None and fate.starved):
        return _out_of_memory(fate)
    if isinstance(error, gone.RayTaskError) and isinstance(error.cause, LineBroken):
        return replace(UNKNOWN, error="LineBroken", message=str(error.cause), charged=False)
    if isinstance(error, gone.RayTaskError):
        name = type(error.cause).__name__
        return Failure(FailureKind.ERROR, name, said(error), f"lease {name}")
    return replace(UNKNOWN, message=fate.ending) if fate is not None else UNKNOWN


def _out_of_memory(fate: Fate | None) -> Failure:
    """Ray's guard and the kernel take whom they take; the biggest is the one to charge."""
    if fate is None or fate.biggest:
        message = "its node ran out of memory, and it had the most"
        return Failure(FailureKind.OOM, "OutOfMemory", message, "oom")
    message = "it was ended because its node ran out of memory; another run had more"
    return Failure(FailureKind.LOST, "OutOfMemory", message, "lost", charged=False)


def uncharged(failure: Failure) -> Failure:
    return replace(failure, charged=False)
