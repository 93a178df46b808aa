"""Set the environment variables that libraries read once, before they are imported. It does not import torch."""

import os

from render.device.openmp import sleep_at_barriers

WORKSPACES = "CUBLAS_WORKSPACE_CONFIG"
MPS_FALLBACK = "PYTORCH_ENABLE_MPS_FALLBACK"


def prepare_environment() -> None:
    """Set how threads wait, and what the functions below set, here and in child processes, unless they are set."""
    sleep_at_barriers()
    choose_workspaces()
    complete_mps()


def choose_workspaces() -> None:
    """Make cuBLAS add up in the same order in every run, unless the environment chooses its workspaces.

    It has no effect once a GPU has multiplied matrices.

    Source: cuBLAS's documentation, "Results reproducibility": eight workspaces of 4 MiB for each stream.
    """
    os.environ.setdefault(WORKSPACES, ":4096:8")


def complete_mps() -> None:
    """Have the CPU compute operators that torch lacks for Apple's GPUs, instead of failing, unless that is set.

    Older versions of torch lack some that a step uses. It has no effect once torch has been imported.
    """
    os.environ.setdefault(MPS_FALLBACK, "1")
