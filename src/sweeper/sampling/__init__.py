"""Samplers: (space, sweep seed, trial number, history) → parameters.

Every sampler is a function of those four alone. What an instance keeps between calls only
saves time: another instance, in another process, suggests the same. Nothing heavy is
imported before `make` is called.
"""

from sweeper.sampling.choose import SAMPLERS, make, problems, resolve
from sweeper.sampling.grid import grid_size

__all__ = ["SAMPLERS", "grid_size", "make", "problems", "resolve"]
