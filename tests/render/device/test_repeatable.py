"""What a GPU is set to so that its results are the same in every run."""

import os
from collections.abc import Iterator
from typing import Any, cast

import pytest
import torch

from render.device.environment import MPS_FALLBACK, WORKSPACES, complete_mps, prepare_environment
from render.device.openmp import WAIT_POLICY
from render.device.repeatable import make_repeatable

CUDA = torch.device("cuda")


@pytest.fixture(autouse=True)
def settings_kept() -> Iterator[None]:
    cudnn, filled = torch.backends.cudnn, cast(Any, torch.utils.deterministic)
    before = cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, filled.fill_uninitialized_memory
    yield
    cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, filled.fill_uninitialized_memory = before


def test_convolutions_add_up_in_a_fixed_order() -> None:
    torch.backends.cudnn.benchmark = True
    make_repeatable(CUDA, torch.bfloat16)
    assert torch.backends.cudnn.deterministic
    assert not torch.backends.cudnn.benchmark


@pytest.mark.parametrize(("dtype", "rounds"), [(torch.float32, False), (torch.bfloat16, True), (torch.float16, True)])
def test_float32_means_float32(dtype: torch.dtype, rounds: bool) -> None:
    make_repeatable(CUDA, dtype)
    assert torch.backends.cudnn.allow_tf32 == rounds


def test_the_cpu_helps_apples_gpus_out_unless_the_user_forbids_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MPS_FALLBACK, "0")
    complete_mps()
    assert os.environ[MPS_FALLBACK] == "0"
    monkeypatch.delenv(MPS_FALLBACK)
    complete_mps()
    assert os.environ[MPS_FALLBACK] == "1"


def test_on_a_cpu_nothing_is_set() -> None:
    before = torch.backends.cudnn.deterministic
    make_repeatable(torch.device("cpu"), torch.float32)
    assert torch.backends.cudnn.deterministic == before
    assert torch.backends.cudnn.allow_tf32


def test_the_workspaces_of_matrix_products_are_set_unless_the_user_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WAIT_POLICY, "passive")
    monkeypatch.setenv(WORKSPACES, ":16:8")
    prepare_environment()
    assert os.environ[WORKSPACES] == ":16:8"
    monkeypatch.delenv(WORKSPACES)
    prepare_environment()
    assert os.environ[WORKSPACES] == ":4096:8"
