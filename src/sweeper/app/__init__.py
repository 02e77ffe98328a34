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

__all__ = [
    "Answer",
    "Outcome",
    "Refused",
    "StopSignal",
    "Submitted",
    "ask",
    "catch_up",
    "controller_log",
    "describe",
    "doctor",
    "holder",
    "launch",
    "log_path",
    "log_paths",
    "read",
    "registry",
    "replay",
    "resume",
    "root",
    "salvage",
    "submit",
    "sweeps",
]
