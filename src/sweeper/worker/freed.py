"""Keeping freed memory for the next run, where glibc would give it back and fetch it again.

What a small fold allocates lies at the end of the heap: glibc gives that back to the kernel as soon
as it is free, and the next array finds it gone. Every page then comes anew and zeroed, which was a
sixth of the processor time of such folds. Both thresholds move up by themselves, to the values set
here, in a process that frees one array of 32 MB.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from functools import cache

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of `mallopt` in malloc.h."""

LARGEST = 32 * 2**20
"""Bytes from which on an allocation is a mapping of its own, which goes back when it is freed. More
glibc does not take."""


@cache
def keep_freed() -> None:
    """From now on, in this process. Does nothing with a C library that has no such setting."""
    if not sys.platform.startswith("linux"):
        return  # elsewhere the names may mean something else
    with suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_THRESHOLD, LARGEST)
        library.mallopt(M_TRIM_THRESHOLD, 2 * LARGEST)
