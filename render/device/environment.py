"""Set the environment variables that libraries read once, before they are imported. It does not import torch."""

import os

from render.device.openmp import sleep_at_barriers

WORKSPACES = "CUBLAS_WORKSPACE_CONFIG"


def prepare_environment() -> None:
    """Set how threads wait, and what `choose_workspaces` sets, here and in child processes, unless they are set."""
    sleep_at_barriers()
    choose_workspaces()


def choose_workspaces() -> None:
    """Make cuBLAS add up in the same order in every run, unless the environment chooses its workspaces.

    It has no effect once a GPU has multiplied matrices.

    Source: cuBLAS's documentation, "Results reproducibility": eight workspaces of 4 MiB for each stream.
    """
    os.environ.setdefault(WORKSPACES, ":4096:8")
