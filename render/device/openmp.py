"""Torch's threads sleep while they wait for each other, so that they leave the processors to other programs.

GNU OpenMP's threads, which torch brings along, spin for milliseconds at every barrier before they sleep. On an idle
machine that saves a wake-up; where other programs want the processors, a thread that spins keeps out the one that it
waits for, at hundreds of barriers a step (bench/busy.py, bench/RESULTS.md). No torch in here: it reads this once,
when it is imported.
"""

import os

WAIT_POLICY = "OMP_WAIT_POLICY"
SETTINGS = (WAIT_POLICY, "GOMP_SPINCOUNT", "KMP_BLOCKTIME")  # the user's own words on it, for GNU's and for Intel's


def sleep_at_barriers() -> None:
    """Have threads sleep at barriers, here and in child processes, unless the environment says how they wait.

    Results are the same to the bit. Without effect where torch has been imported already.
    """
    if not any(name in os.environ for name in SETTINGS):
        os.environ[WAIT_POLICY] = "passive"
