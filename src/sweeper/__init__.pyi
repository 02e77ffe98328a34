"""What a type checker sees: the API, which `__init__.py` imports on first use."""

from sweeper.api import Sweep as Sweep
from sweeper.api import launch as launch
from sweeper.api import open as open

__version__: str

class Infeasible(Exception): ...
