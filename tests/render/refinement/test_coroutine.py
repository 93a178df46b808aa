"""Iterators suspended in the middle of a call: what they yield, raise and clean up, and torch's own state."""

import traceback
from collections.abc import Generator
from contextvars import ContextVar

import pytest
import torch

from render.refinement.coroutine import Coroutine, current, suspend

SETTING: ContextVar[str] = ContextVar("SETTING", default="none")
Numbers = Generator[int, None, None]


def deep(log: list[str]) -> None:
    """A plain function, as many calls below the iterator as the refinement is below a run."""
    log.append("waits")
    suspend()
    log.append("goes on")


def counting(log: list[str]) -> Numbers:
    try:
        yield 1
        deep(log)
        yield 2
        yield 3
        deep(log)
    finally:
        log.append("tidied up")


def test_iteration_continues_after_a_suspension() -> None:
    log: list[str] = []
    numbers = Coroutine(counting(log))
    assert list(numbers.resume()) == [1]
    assert log == ["waits"]
    assert not numbers.ended
    assert list(numbers.resume()) == [2, 3]
    assert list(numbers.resume()) == []
    assert numbers.ended
    assert log == ["waits", "goes on", "waits", "goes on", "tidied up"]


def test_each_coroutine_has_its_own_context() -> None:
    seen: list[object] = []

    def looking() -> Numbers:
        seen.append(SETTING.get())
        SETTING.set("inside")
        suspend()
        seen.extend([SETTING.get(), current()])
        yield 1

    token = SETTING.set("outside")
    looks = Coroutine(looking())
    list(looks.resume())
    assert (SETTING.get(), current()) == ("outside", None)
    list(looks.resume())
    assert seen == ["outside", "inside", looks]
    SETTING.reset(token)


def test_each_coroutine_keeps_its_gradient_mode() -> None:
    inside: list[bool] = []

    def without_gradients() -> Numbers:
        with torch.no_grad():
            suspend()
            inside.append(torch.is_grad_enabled())
            yield 1
            inside.append(torch.is_grad_enabled())
        inside.append(torch.is_grad_enabled())

    one, other = Coroutine(without_gradients()), Coroutine(without_gradients())
    for each in (one, other, other, one):
        for _ in each.resume():
            assert torch.is_grad_enabled()
        assert torch.is_grad_enabled()
    assert inside == [False, False, True] * 2
    third = Coroutine(without_gradients())
    list(third.resume())
    with torch.no_grad():
        third.close()
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("num_resumed", [0, 1, 2])
def test_closing_runs_finally_blocks(num_resumed: int) -> None:
    log: list[str] = []
    numbers = Coroutine(counting(log))
    for _ in range(num_resumed):
        next(numbers.resume(), None)  # at its first item, then where it is suspended
    numbers.close()
    numbers.close()
    assert log == [[], ["tidied up"], ["waits", "tidied up"]][num_resumed]
    assert numbers.ended or not num_resumed


def test_a_coroutine_that_suspends_while_closing_is_ended() -> None:
    log: list[str] = []

    def stubborn() -> Numbers:
        try:
            suspend()
        finally:
            deep(log)
        yield 1

    numbers = Coroutine(stubborn())
    list(numbers.resume())
    numbers.close()
    assert log == ["waits"]
    assert numbers.ended


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_exceptions_are_raised_by_resume_with_their_traceback(kind: type[BaseException]) -> None:
    def failing() -> Numbers:
        try:
            raise ValueError("the first")
        except ValueError:
            suspend()
            with pytest.raises(ValueError, match="the first"):
                raise  # each stack has its own exception being handled
        yield 1
        raise kind("the second")

    numbers = Coroutine(failing())
    list(numbers.resume())
    with pytest.raises(kind, match="the second") as caught:
        list(numbers.resume())
    assert "in failing" in "".join(traceback.format_tb(caught.value.__traceback__))
    assert numbers.ended
