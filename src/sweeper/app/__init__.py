"""Wires everything from a config: the only place that knows every part.

Reading a sweep needs none of the heavy parts; they are imported by what launches one.
"""

from sweeper.app.directory import log_path, root, sweeps
from sweeper.app.launching import Outcome, launch
from sweeper.app.queries import describe, doctor, holder, read, registry
from sweeper.app.stopping import StopSignal

__all__ = [
    "Outcome",
    "StopSignal",
    "describe",
    "doctor",
    "holder",
    "launch",
    "log_path",
    "read",
    "registry",
    "root",
    "sweeps",
]
