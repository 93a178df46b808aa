"""States on their way from the device to the host."""

import threading

import pytest
import torch

from render.renderer.staging import to_host
from render.renderer.state import FrameState


def state(device: str) -> FrameState:
    image = torch.rand(1, 3, 720, 1280, device=device)
    moments = {"exp_avg": torch.rand(1, 4, 90, 160, device=device), "step": torch.ones((), device=device)}
    return FrameState(
        index=3, image=image, latent=image[:, :1] * 2, optimizer_state=moments, similarity=image[:, 0, 0, 0]
    )


def test_on_the_cpu_only_the_layout_changes() -> None:
    made = state("cpu")
    made.image = made.image.contiguous(memory_format=torch.channels_last)
    arrived = to_host(made)()
    assert arrived.image.is_contiguous()
    assert torch.equal(arrived.image, made.image)
    assert arrived.latent is made.latent


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_another_thread_gets_the_values_from_the_time_of_the_call() -> None:
    made = state("cuda")
    before = made.image.cpu()
    arriving = to_host(made)
    made.image.zero_()  # the stream keeps the order: the copy was queued first
    arrived: list[FrameState] = []
    thread = threading.Thread(target=lambda: arrived.append(arriving()))
    thread.start()
    thread.join()
    assert arrived[0].image.is_pinned()
    assert torch.equal(arrived[0].image, before)
    assert arrived[0].latent is not None
    assert torch.equal(arrived[0].latent, before[:, :1] * 2)
    assert arrived[0].optimizer_state["step"] == 1
