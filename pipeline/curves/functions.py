"""All functions that an expression may call, vectorised.

Random functions use integer arithmetic only, so a seed gives the same numbers on every machine.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.curves.array import Array
from pipeline.curves.easings import smooth
from pipeline.curves.triggers import every, pulse_on

SEED, BEAT = "output.seed", "music.beat"  # names that cannot occur in an expression
SPAN, TRIGGER = "span", "trigger"  # arguments that are not numbers: 4 beats; beat, bar or every(4 beats)


@dataclass(frozen=True, kw_only=True)
class Function:
    """One function of the language.

    Attributes:
        call: how it is written, for errors and the documentation.
        about: a one-line description.
        compute: computes the result from the arguments.
        counts: the minimum and maximum number of arguments.
        reads: the kind of each argument, `SPAN` or `TRIGGER`, for functions whose arguments are not numbers.
        uses: names whose values are passed before the written arguments.
        default: a name whose value is passed if the last argument is omitted.
    """

    call: str
    about: str
    compute: Callable[..., Array]
    counts: tuple[int, int]
    reads: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    default: str = ""


def _clamp(x: Array, low: Array, high: Array) -> Array:
    return np.minimum(np.maximum(x, low), high)


def _lerp(a: Array, b: Array, x: Array) -> Array:
    return a + (b - a) * x


def _smoothstep(low: Array, high: Array, x: Array) -> Array:
    return smooth(np.clip((x - low) / (high - low), 0.0, 1.0))


def _where(condition: Array, a: Array, b: Array) -> Array:
    return np.where(np.not_equal(condition, 0), a, b)


def _fold(step: Callable[[Array, Array], Array]) -> Callable[..., Array]:
    def compute(*values: Array) -> Array:
        result, *rest = values
        for value in rest:
            result = step(result, value)
        return result

    return compute


def _tri(x: Array) -> Array:
    return 4 * np.abs(np.mod(x - 0.25, 1.0) - 0.5) - 1


def _saw(x: Array) -> Array:
    return 2 * np.mod(x, 1.0) - 1


def _square(x: Array) -> Array:
    return np.where(np.mod(x, 1.0) < 0.5, 1.0, -1.0)


def _pulse(period: Array, width: Array, x: Array) -> Array:
    return np.where(np.mod(x, period) < width, 1.0, 0.0)


def _mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014), SplitMix64."""
    bits = bits * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def uniform(seed: int, number: Array) -> Array:
    """A random number in [0, 1) for every whole `number`."""
    whole = np.nan_to_num(np.atleast_1d(number), posinf=0.0, neginf=0.0)
    index = np.remainder(whole, 2.0**53).astype(np.uint64)
    start = _mixed(np.array([seed + 1], dtype=np.uint64))  # so that neighbouring seeds start far apart
    drawn = (_mixed(index + start) >> np.uint64(11)).astype(np.float64) / 2.0**53
    return np.where(np.isfinite(number), drawn.reshape(np.shape(number)), np.nan)


def _rand(seed: int, n: Array) -> Array:
    return uniform(seed, np.floor(n))


def _noise(seed: int, x: Array) -> Array:
    """Random values at the whole numbers, joined by Perlin's quintic, whose first two derivatives are continuous."""
    before = np.floor(x)
    share = x - before
    rise = share**3 * (share * (6 * share - 15) + 10)
    start, end = uniform(seed, before), uniform(seed, before + 1)
    return 2 * (start + (end - start) * rise) - 1


def _plain(name: str, about: str, compute: Callable[..., Array]) -> Function:
    return Function(call=f"{name}(x)", about=about, compute=compute, counts=(1, 1))


FUNCTIONS: dict[str, Function] = {
    "abs": _plain("abs", "absolute value", np.abs),
    "sqrt": _plain("sqrt", "square root", np.sqrt),
    "exp": _plain("exp", "e to the power of x", np.exp),
    "log": _plain("log", "natural logarithm", np.log),
    "floor": _plain("floor", "rounds down to a whole number", np.floor),
    "ceil": _plain("ceil", "rounds up to a whole number", np.ceil),
    "round": _plain("round", "the nearest whole number", np.round),
    "sin": _plain("sin", "sine, x in radians", np.sin),
    "cos": _plain("cos", "cosine, x in radians", np.cos),
    "tan": _plain("tan", "tangent, x in radians", np.tan),
    "tri": _plain("tri", "a triangle wave of period 1 from -1 to 1, in phase with sin(tau*x)", _tri),
    "saw": _plain("saw", "rises from -1 to 1 and jumps back, period 1", _saw),
    "square": _plain("square", "alternates between 1 and -1, period 1, in phase with sin(tau*x)", _square),
    "min": Function(call="min(a, b, ...)", about="the smallest", compute=_fold(np.minimum), counts=(2, 16)),
    "max": Function(call="max(a, b, ...)", about="the largest", compute=_fold(np.maximum), counts=(2, 16)),
    "mod": Function(call="mod(a, b)", about="the remainder of a / b, with b's sign", compute=np.mod, counts=(2, 2)),
    "clamp": Function(call="clamp(x, low, high)", about="x limited to that range", compute=_clamp, counts=(3, 3)),
    "lerp": Function(call="lerp(a, b, x)", about="a at x = 0, b at x = 1, linear", compute=_lerp, counts=(3, 3)),
    "smoothstep": Function(
        call="smoothstep(low, high, x)",
        about="rises smoothly from 0 at low to 1 at high",
        compute=_smoothstep,
        counts=(3, 3),
    ),
    "where": Function(call="where(condition, a, b)", about="a if condition else b", compute=_where, counts=(3, 3)),
    "pulse": Function(
        call="pulse(period, width, x)",
        about="1 for `width` at the beginning of every `period` of x, else 0; x is t if omitted",
        compute=_pulse,
        counts=(2, 3),
        default="t",
    ),
    "every": Function(
        call="every(span, delay)",
        about="reaches the next whole number every `span`, such as `every(4 beats)` or `every(1.5s)`, as `beat` does "
        "every beat; `delay` shifts it to a later time",
        compute=every,
        counts=(1, 2),
        reads=(SPAN, SPAN),
        uses=("t", BEAT),
    ),
    "pulse_on": Function(
        call="pulse_on(trigger, release)",
        about="1 at every `beat`, `bar` or `every(4 beats)`, falling to one third within `release`; 150ms if omitted",
        compute=pulse_on,
        counts=(1, 2),
        reads=(TRIGGER, SPAN),
        uses=("t", "fps", BEAT),
    ),
    "noise": Function(
        call="noise(x)",
        about="smooth noise from -1 to 1, a new random value at every whole x",
        compute=_noise,
        counts=(1, 1),
        uses=(SEED,),
    ),
    "rand": Function(
        call="rand(n)",
        about="a random number from 0 to 1 for every whole n",
        compute=_rand,
        counts=(1, 1),
        uses=(SEED,),
    ),
}
CONSTANTS = {"pi": math.pi, "tau": math.tau, "e": math.e}
