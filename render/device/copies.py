"""Bring numbers that the host has computed to the device without waiting for it."""

import torch
from torch import Tensor


def on_device(values: object, device: torch.device, dtype: torch.dtype | None = None) -> Tensor:
    """Return numbers of the host as a tensor on `device`.

    A plain copy to a GPU makes the host wait until the GPU has done all work before it, with nothing queued after. A
    copy from pinned memory is queued like any other work. The memory may be dropped at once: torch gives it to nobody
    before the copy is done.

    Args:
        values: a tensor on the host or already on the device, an array, or nested sequences of numbers; later changes
            of an array or of a sequence do not change the result.
        dtype: of the result; by default that of the values.
    """
    if isinstance(values, Tensor):
        host = values if dtype is None else values.to(dtype)
    else:
        host = torch.tensor(values, dtype=dtype)
    if device.type != "cuda" or host.device.type != "cpu":
        return host.to(device)
    pinned = torch.empty_like(host, device="cpu", pin_memory=True).copy_(host)
    return pinned.to(device, non_blocking=True)


def like(reference: Tensor, values: object) -> Tensor:
    """Return numbers of the host with the type of `reference`, where that is; see `on_device`."""
    return on_device(values, reference.device, reference.dtype)
