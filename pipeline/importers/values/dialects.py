"""The functions and names allowed in other tools' expressions: numexpr's (Deforum) and Python's (pytti)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from pipeline.curves.array import Array

Function = Callable[..., Array]

_SHARED: dict[str, tuple[Function, int]] = {
    **{name: (getattr(np, name), 1) for name in ("sin", "cos", "tan", "sqrt", "exp", "log", "floor", "ceil", "abs")},
    **{name: (getattr(np, name), 1) for name in ("sinh", "cosh", "tanh", "log10", "log1p", "expm1")},
}


def where(condition: Array, a: Array, b: Array) -> Array:
    """`a` where the condition is not 0, else `b`."""
    return np.where(np.not_equal(condition, 0), a, b)


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """The functions and names that a tool's expressions may use, and replacements for those that they may not."""

    functions: Mapping[str, tuple[Function, int]]
    constants: Mapping[str, float] = field(default_factory=dict)
    replacements: Mapping[str, str] = field(default_factory=dict)


NUMEXPR = Dialect(
    functions={
        **_SHARED,
        **{f"arc{name}": (getattr(np, f"arc{name}"), 1) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
        **{"arctan2": (np.arctan2, 2), "fmod": (np.fmod, 2), "where": (where, 3)},
    },
    replacements={
        **{
            "pi": "3.14159",
            "tau": "6.28318",
            "e": "2.71828",
            "pow": "a ** b",
            "mod": "a % b",
            "round": "floor(x + 0.5)",
        },
        **{"atan2": "arctan2", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "if": "where(t < 10, a, b)"},
        **{"min": "where(a < b, a, b)", "max": "where(a > b, a, b)", "int": "floor", "frame": "t", "x": "t", "n": "t"},
    },
)
PYTHON = Dialect(
    functions={
        **_SHARED,
        **{f"a{name}": (getattr(np, f"arc{name}"), 1) for name in ("sin", "cos", "tan")},
        **{"atan2": (np.arctan2, 2), "fmod": (np.fmod, 2), "pow": (np.power, 2), "round": (np.round, 1)},
        **{"radians": (np.radians, 1), "degrees": (np.degrees, 1), "fabs": (np.abs, 1)},
        **{"min": (np.minimum, 2), "max": (np.maximum, 2)},
        **{f"np.arc{name}": (getattr(np, f"arc{name}"), 1) for name in ("sin", "cos", "tan")},
        **{"np.arctan2": (np.arctan2, 2), "np.power": (np.power, 2), "np.mod": (np.mod, 2), "np.where": (where, 3)},
        **{"np.minimum": (np.minimum, 2), "np.maximum": (np.maximum, 2), "np.sign": (np.sign, 1)},
        **{"np.clip": (np.clip, 3)},
    },
    constants={"pi": np.pi, "tau": 2 * np.pi, "e": np.e},
    replacements={"x": "t", "n": "t", "frame": "t", "where": "a if t < 10 else b", "int": "floor"},
)
