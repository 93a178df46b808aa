"""Make torch's threads sleep at barriers, so that they leave the processors to other programs.

Torch ships with GNU OpenMP, whose threads spin for milliseconds at every barrier before they sleep. On an idle
machine that saves a wake-up. On a busy one, a spinning thread can keep the very thread that it waits for off the
processor, at hundreds of barriers per step (bench/busy.py, bench/RESULTS.md). This module does not import torch:
torch reads the settings once, when it is imported.
"""

import os

WAIT_POLICY = "OMP_WAIT_POLICY"
SETTINGS = (WAIT_POLICY, "GOMP_SPINCOUNT", "KMP_BLOCKTIME")  # set by users who choose it themselves; GNU's and Intel's


def sleep_at_barriers() -> None:
    """Make threads sleep at barriers, here and in child processes, unless the environment sets how they wait.

    Results are the same to the bit. This has no effect once torch has been imported.
    """
    if not any(name in os.environ for name in SETTINGS):
        os.environ[WAIT_POLICY] = "passive"
