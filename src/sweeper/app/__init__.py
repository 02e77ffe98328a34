"""Wires everything from a config: the only place that knows every part.

Reading a sweep needs none of the heavy parts; they are imported by what launches one.
"""

from sweeper.app.checking import catch_up, doctor, salvage
from sweeper.app.control import Answer, Refused
from sweeper.app.directory import log_path, root, sweeps
from sweeper.app.launching import Outcome, launch, resume
from sweeper.app.queries import describe, holder, read, registry
from sweeper.app.replaying import replay
from sweeper.app.stopping import StopSignal

__all__ = [
    "Answer",
    "Outcome",
    "Refused",
    "StopSignal",
    "catch_up",
    "describe",
    "doctor",
    "holder",
    "launch",
    "log_path",
    "read",
    "registry",
    "replay",
    "resume",
    "root",
    "salvage",
    "sweeps",
]
