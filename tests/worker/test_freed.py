import platform
import subprocess
import sys

import pytest

ROUNDS = 200

FAULTS = f"""
import resource
import numpy as np
from sweeper.worker.freed import keep_freed

def work():
    arrays = [np.ones(90_000) for _ in range(8)]  # 720 kB each, as a small fold's

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

if {{keep}}:
    keep_freed()
for _ in range(20):
    work()
before = faults()
for _ in range({ROUNDS}):
    work()
print(faults() - before)
"""


def page_faults(keep: bool) -> int:
    code = FAULTS.format(keep=keep)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="this is how glibc is told")
def test_memory_that_a_run_freed_is_there_for_the_next():
    assert page_faults(keep=False) > ROUNDS  # else there is nothing to keep
    assert page_faults(keep=True) < ROUNDS // 10
