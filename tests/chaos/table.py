"""The lines of the table: what is injected, what must be seen, and which module does it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """One line. `count`: how many injections a full run makes at most."""

    name: str
    module: str
    count: int
    injection: str
    must: str


CASES = (
    Case(
        "boundaries",
        "controller_killed",
        1000,
        "SIGKILL of the controller at every write boundary: before, inside, after each",
        "no acknowledged result lost, no fold run again after its success, the same final state as the uninterrupted run",
    ),
    Case(
        "registration",
        "registration_killed",
        1000,
        "SIGKILL during final fit, registration, alias move: before and after each call to MLflow and each commit",
        "never a half-registered version; the alias names the old or the new; resume finishes once",
    ),
    Case(
        "disk",
        "disk_refuses",
        1000,
        "ENOSPC, EIO, read-only at each write (a fault-injecting layer; a small tmpfs)",
        "clear error, exit 3; after room is made, resume with nothing lost",
    ),
    Case(
        "two",
        "two_controllers",
        100,
        "two controllers started together, 100 races; stale lock after kill -9, reused pid",
        "exactly one runs, the other exits 5 and names the holder; takeover within 5 s",
    ),
    Case(
        "journal",
        "torn_journal",
        1000,
        "journal cut at every byte of its last three records; NUL tail; 1,000 single-bit flips anywhere",
        "torn tail: opens, at most the unacknowledged record gone, further appends and reopening work; flips: all detected, never a wrong value, `sweeper doctor` names the line",
    ),
    Case(
        "clock",
        "clock_jumps",
        40,
        "wall clock set back or forward a day",
        "nothing fails or is timed out by it; durations are monotonic",
    ),
    Case(
        "slow-disk",
        "slow_disk",
        2,
        "fsync slow (+200 ms, 1 s stalls)",
        "no error; only throughput falls",
    ),
    Case(
        "metrics",
        "odd_metrics",
        30,
        "NaN, ±inf, None, str, bool, 10**400, complex as metric; missing metric",
        "failed fold with a clear reason; never best; the journal stays strict JSON",
    ),
    Case(
        "same-error",
        "same_error",
        2,
        "the same error in the first trials (same fingerprint)",
        "the sweep stops with that error after `max(3, workers)` trials, and says so",
    ),
    Case(
        "signals",
        "signals",
        2,
        "SIGINT, SIGTERM, second SIGINT, SIGHUP (terminal closed)",
        "drain in under 10 s, hard stop in under 2 s, resumable, exit 3",
    ),
    Case(
        "never-placed",
        "never_placed",
        3,
        "resources that can never be placed",
        "an error in the first seconds naming what was asked and the biggest node; on an autoscaling cluster, a message that it is waiting for growth",
    ),
    Case(
        "dying-folds",
        "dying_folds",
        100,
        "a fold that calls `os._exit`, `sys.exit`, segfaults, is SIGKILLed; 100 of them",
        "attempts as configured, each recorded with its class, the sweep finishes",
    ),
    Case(
        "memory",
        "memory_hog",
        3,
        "a fold that eats memory",
        "class `oom` charged to the guilty one only, bounded retries (alone on its node the second time), never endless; innocent neighbours run again uncharged",
    ),
    Case(
        "hang",
        "hanging_folds",
        6,
        "a fold that hangs, ignores SIGTERM, leaves children",
        "killed within timeout + 5 s, whole process tree, no orphans",
    ),
    Case(
        "values",
        "odd_values",
        9,
        "unpicklable objective, return value, exception; a 100 MB return; a 1 MB parameter; 10,000 parameters",
        "typed error that names the object; the sweep goes on",
    ),
    Case(
        "changed",
        "changed_between",
        5,
        "data, code, packages, config changed between launch and resume",
        "data: refused unless `--allow-data-change`, which is recorded; the others recorded with a diff and shown",
    ),
    Case(
        "mlflow",
        "mlflow_trouble",
        5,
        "MLflow locked, slow, deleted, absent, returning errors",
        "the sweep does not notice; afterwards everything is there once",
    ),
    Case(
        "kills",
        "killed_at_random",
        200,
        "SIGKILL of the controller at 200 random points, 60 of them with Ray",
        "0 acknowledged results lost, 0 folds run again once their success is in the journal, same final state as the uninterrupted run at concurrency 1",
    ),
    Case(
        "ready",
        "big_journal",
        1,
        "SIGKILL of the controller of a sweep of 10,000 trials",
        "resume ready in under 3 s",
    ),
    Case(
        "nodes",
        "node_loss",
        20,
        "loss of a node (its raylet killed), 20 times on a three-node local cluster; loss of the head",
        "all trials end, slots used again within 30 s; after loss of the head, launch on a new cluster goes on",
    ),
    Case(
        "gangs",
        "gang_loss",
        10,
        "loss of a node that a gang of two trains on (its raylet killed), 10 times on a three-node local cluster",
        "all trials end; each lost run goes on from its last checkpoint, and does at most one interval again",
    ),
)
