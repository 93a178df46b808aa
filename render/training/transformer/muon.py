"""Muon: momentum whose matrices are made orthogonal, which learns more from each example than Adam."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ROUNDS = 5


class Muon(torch.optim.Optimizer):
    """An optimiser for the matrices inside a network; embeddings, heads, norms and biases are left to Adam.

    Source: Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024), with the scale of
        Liu et al., "Muon is scalable for LLM training" (2025) left out.
    """

    def __init__(self, matrices: Iterable[nn.Parameter], lr: float, momentum: float = 0.95, decay: float = 0.0) -> None:
        super().__init__(matrices, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for matrix in group["params"]:
                velocity = self.state[matrix].setdefault("velocity", torch.zeros_like(matrix))
                velocity.lerp_(matrix.grad, 1 - group["momentum"])
                update = orthogonal(matrix.grad.lerp(velocity, group["momentum"]))
                matrix.mul_(1 - group["lr"] * group["decay"])
                matrix.add_(update, alpha=-group["lr"] * max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5)


def orthogonal(matrix: Tensor) -> Tensor:
    """Return roughly U V^T of the singular value decomposition U S V^T of a matrix (M, N).

    Source: the Newton-Schulz iteration with the coefficients of Jordan et al., which bring singular values to about 1.
    """
    a, b, c = _COEFFICIENTS
    x = matrix.to(torch.bfloat16)
    if tall := x.shape[0] > x.shape[1]:
        x = x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(_ROUNDS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    turned: Tensor = x.T if tall else x
    return turned.to(matrix.dtype)
