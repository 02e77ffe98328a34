"""A fitted model as files that load where sweeper is not installed.

One module for each kind of format; what a package needs to be run lies in `shipped`, and is
copied as it is.
"""

from sweeper.worker.packaging.formats import FORMATS, PICKLE, Made, write
from sweeper.worker.packaging.parity import compared, differences
from sweeper.worker.packaging.unexportable import Unexportable

__all__ = ["FORMATS", "PICKLE", "Made", "Unexportable", "compared", "differences", "write"]
