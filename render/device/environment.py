"""Set the environment variables that libraries read once, before they are imported. It does not import torch."""

import os

from render.device.openmp import sleep_at_barriers

WORKSPACES = "CUBLAS_WORKSPACE_CONFIG"


def prepare_environment() -> None:
    """Set how threads wait, and that cuBLAS adds up in the same order in every run, here and in child processes.

    What the environment sets already is kept. It has no effect once torch has been imported (threads) or has multiplied
    matrices on a GPU (cuBLAS).

    Source: cuBLAS's documentation, "Results reproducibility": eight workspaces of 4 MiB for each stream.
    """
    sleep_at_barriers()
    os.environ.setdefault(WORKSPACES, ":4096:8")
