"""Whether this process has children: asked of the kernel, for a look at every process is dear."""

from __future__ import annotations

import os


def any_there() -> bool:
    """Also children that have ended and were not waited for."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
