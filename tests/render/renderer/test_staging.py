"""Frames and states on their way from the device to the host."""

import threading

import numpy as np
import pytest
import torch

from pipeline.run.folder.frames import to_pixels
from render.renderer.staging import Arrived, as_bytes, to_host
from render.renderer.state import FrameState


def state(device: str) -> FrameState:
    image = torch.rand(1, 3, 720, 1280, device=device)
    moments = {"exp_avg": torch.rand(1, 4, 90, 160, device=device), "step": torch.ones((), device=device)}
    return FrameState(
        index=3, image=image, latent=image[:, :1] * 2, optimizer_state=moments, similarity=image[:, 0, 0, 0]
    )


def whole(arrived: Arrived) -> FrameState:
    assert arrived.state is not None
    return arrived.state


def test_a_picture_alone_is_what_the_whole_state_shows() -> None:
    made = state("cpu")
    arrived = to_host(made, whole=False)()
    assert arrived.state is None
    assert (arrived.index, arrived.frame, arrived.similarity) == (3, made.image, made.similarity)


def test_a_gpu_rounds_pictures_as_the_host_does() -> None:
    """The function that runs there, here on the CPU: every byte, all halves between two, and numbers next to them."""
    halves = torch.arange(256 * 2) / 2
    near = torch.stack([halves.nextafter(torch.tensor(-1.0)), halves, halves.nextafter(torch.tensor(999.0))])
    image = torch.cat([(near / 255).flatten(), torch.rand(3 * 512)]).clamp(0, 1).view(1, 3, 16, 64)
    made = as_bytes(image)
    assert np.array_equal(made.numpy(), to_pixels(image))
    assert np.array_equal(to_pixels(made), to_pixels(image))


def test_on_the_cpu_only_the_layout_changes() -> None:
    made = state("cpu")
    made.image = made.image.contiguous(memory_format=torch.channels_last)
    arrived = whole(to_host(made)())
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
    thread = threading.Thread(target=lambda: arrived.append(whole(arriving())))
    thread.start()
    thread.join()
    assert arrived[0].image.is_pinned()
    assert np.array_equal(to_pixels(arriving().frame), to_pixels(before))
    assert torch.equal(arrived[0].image, before)
    assert arrived[0].latent is not None
    assert torch.equal(arrived[0].latent, before[:, :1] * 2)
    assert arrived[0].optimizer_state["step"] == 1
