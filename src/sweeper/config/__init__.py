"""The config: one YAML file to one checked `SweepSpec`, and the only home of raw values."""

from sweeper.config.compare import differences, kept, waits_for_launch
from sweeper.config.data_checks import check_data
from sweeper.config.loaded import Loaded, digest_of, read
from sweeper.config.problems import raise_problems
from sweeper.config.starter import starter

__all__ = [
    "Loaded",
    "check_data",
    "differences",
    "digest_of",
    "kept",
    "raise_problems",
    "read",
    "starter",
    "waits_for_launch",
]
