"""Wires everything from a config: the only place that knows every part.

Reading a sweep needs none of the heavy parts; they are imported by what launches one.
"""

from sweeper.app.asking import ask
from sweeper.app.checking import catch_up, doctor, salvage
from sweeper.app.control import Answer, Refused
from sweeper.app.directory import controller_log, log_path, log_paths, root, sweeps
from sweeper.app.launching import Outcome, launch, resume
from sweeper.app.queries import describe, holder, read, registry
from sweeper.app.replaying import replay
from sweeper.app.stopping import StopSignal
from sweeper.app.submitting import Submitted, submit
from sweeper.app.tombstone import read as erased
from sweeper.app.versions.carding import card
from sweeper.app.versions.comparing import compare
from sweeper.app.versions.exporting import Exported, export
from sweeper.app.versions.promoting import Promotion, promote, rollback
from sweeper.app.versions.reproducing import Part, reproduce
from sweeper.app.versions.reproduction import Verdict
from sweeper.app.versions.scoring import Scored, predict
from sweeper.app.versions.tracing import chain, impact
from sweeper.app.versions.verifying import verify

__all__ = [
    "Answer",
    "Exported",
    "Outcome",
    "Part",
    "Promotion",
    "Refused",
    "Scored",
    "StopSignal",
    "Submitted",
    "Verdict",
    "ask",
    "card",
    "catch_up",
    "chain",
    "compare",
    "controller_log",
    "describe",
    "doctor",
    "erased",
    "export",
    "holder",
    "impact",
    "launch",
    "log_path",
    "log_paths",
    "predict",
    "promote",
    "read",
    "registry",
    "replay",
    "reproduce",
    "resume",
    "rollback",
    "root",
    "salvage",
    "submit",
    "sweeps",
    "verify",
]
