"""Expressions: formulas of time, evaluated for a whole timeline at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from pipeline.curves.array import Array
from pipeline.curves.beat_grid import Beat
from pipeline.curves.easings import smooth
from pipeline.curves.functions import BEAT, CONSTANTS, SEED
from pipeline.curves.grammar import Compute, Names, Parser
from pipeline.curves.signals import Signal
from pipeline.curves.tokens import ExpressionError
from pipeline.curves.triggers import MAX_IN_FRAME

TIMED = ("t", "frame", "progress")
MUSICAL = ("beat", "bar", "tempo")
FIXED = (*CONSTANTS, "fps", "duration")
RESERVED = (*TIMED, *MUSICAL, *FIXED, "prev")


@dataclass(frozen=True, kw_only=True)
class Expression:
    """A compiled expression: the names that it uses, and a function from arrays of their values to its value."""

    source: str
    names: frozenset[str]
    size: int = 1
    compute: Compute = field(compare=False, repr=False)

    def __call__(self, names: Names) -> Array:
        """Evaluate for every element of the named arrays; not finite where the expression is undefined."""
        with np.errstate(all="ignore"):
            return np.asarray(self.compute(names), dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The values of the names in an expression.

    Attributes:
        fps: frames per second.
        duration: the length in seconds.
        seed: the seed of `noise` and `rand`.
        beat: where the beats lie; None without music.
        variables: the definitions of `let:`, each before those that use it.
        signals: the signals of the music by name.
        loop: the length in seconds of the part at the end in which random numbers blend into those before the start,
            so that the end meets the start; 0 for no blending.
    """

    fps: float
    duration: float
    seed: int = 0
    beat: Beat | None = None
    variables: Mapping[str, Expression] = field(default_factory=dict)
    signals: Mapping[str, Signal] = field(default_factory=dict)
    loop: float = 0.0

    @property
    def known(self) -> tuple[str, ...]:
        """Every name that an expression may use."""
        return (*TIMED, *(MUSICAL if self.beat else ()), *FIXED, *self.signals, *self.variables)

    def compile(self, source: str, extra_names: tuple[str, ...] = ()) -> Expression:
        """Compile `source`, which may also use the names in `extra_names`.

        Raises:
            ExpressionError: `source` is not an expression, or is too large.
        """
        parser = Parser(source, (*self.known, *extra_names))
        compute = parser.compile()
        for trigger, column in parser.triggers:
            period = trigger.span.length(self.beat)
            if self.beat and trigger.span.in_beats:
                period *= self.beat.seconds
            if period * self.fps * MAX_IN_FRAME < 1:
                raise ExpressionError(f"occurs more than {MAX_IN_FRAME} times per frame", column)
        return Expression(source=source, names=frozenset(parser.used), size=parser.size, compute=compute)

    def dependencies(self, expression: Expression) -> frozenset[str]:
        """Every name that the expression depends on, including those of its variables."""
        found = set(expression.names)
        for name, variable in reversed(list(self.variables.items())):
            if name in found:
                found |= variable.names
        return frozenset(found)

    def size(self, expression: Expression) -> int:
        """The cost of computing one value: the tokens of the expression and of all variables that it depends on."""
        dependencies = self.dependencies(expression)
        return expression.size + sum(variable.size for name, variable in self.variables.items() if name in dependencies)

    def names(self, times: Array, dependencies: frozenset[str]) -> dict[str, object]:
        """Compute the values at `times` of all the names in `dependencies`, on which an expression depends."""
        found: dict[str, object] = {
            **CONSTANTS,
            "fps": self.fps,
            "duration": self.duration,
            SEED: self.seed,
            BEAT: self.beat,
        }
        found |= {"t": times, "frame": times * self.fps, "progress": times / self.duration}
        if self.beat is not None:
            beats = self.beat.beats_at(times)
            found |= {"beat": beats, "bar": beats / self.beat.beats_per_bar, "tempo": self.beat.tempo(times)}
        found |= {name: signal.at(times) for name, signal in self.signals.items() if name in dependencies}
        for name, variable in self.variables.items():
            if name in dependencies:
                found[name] = variable(found)
        return found


@dataclass(frozen=True, kw_only=True)
class Formula:
    """An expression in its scope: a number for every time.

    Attributes:
        prev: the value at the previous key; None if there is none.
        then: functions applied to the values in order, such as for a unit or the settings of a draft.
    """

    expression: Expression
    scope: Scope
    prev: float | None = None
    then: tuple[Callable[[Array], Array], ...] = ()

    @cached_property
    def dependencies(self) -> frozenset[str]:
        """Every name that the formula depends on."""
        return self.scope.dependencies(self.expression)

    @property
    def is_constant(self) -> bool:
        return not self.dependencies & {*TIMED, *MUSICAL, *self.scope.signals}

    def at(self, times: Array) -> Array:
        """The values at `times` in seconds, same shape; not finite where the expression is undefined."""
        values = self._raw(times)
        if self.scope.loop and SEED in self.dependencies:
            into = (np.asarray(times) - self.scope.duration) / self.scope.loop + 1
            share = smooth(np.clip(into, 0.0, 1.0))
            values = values + share * (self._raw(times - self.scope.duration) - values)
        for step in self.then:
            values = step(values)
        return np.broadcast_to(values, np.shape(times))

    def _raw(self, times: Array) -> Array:
        return self.expression(self.scope.names(times, self.dependencies) | {"prev": self.prev})

    def with_step(self, step: Callable[[Array], Array]) -> "Formula":
        return replace(self, then=(*self.then, step))
