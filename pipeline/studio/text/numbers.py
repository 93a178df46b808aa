"""Numbers of curves as they are written: `1.05/s`, `2%/s`, `90deg/beat`, `50%`, `1e-3`; and a new one in that form."""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.quantities import Quantity
from pipeline.schedule.fields.readers import written
from pipeline.studio.text.entries import with_text
from render.errors import InputError

MORE_DIGITS = 6  # than are written, at most
MOST_DECIMALS, MOST_EXPONENT = 15, 30  # of a form that is kept
_FORM = re.compile(
    r"(?P<sign>\+?)(?P<minus>-?)(?P<whole>[0-9]*)(?P<point>\.?)(?P<digits>[0-9]*)"
    r"(?P<exponent>[eE][-+]?[0-9]+)?(?P<unit>.*)",
    re.DOTALL,
)
_UNITS = ("", "/s", "%/s", "%")
_EXACT, _CLOSE = 1e-9, 5e-5  # relative: for what is proportional to the number, and for powers of it
_NEAR = 2e-4  # relative: what is accepted if no number with a few decimals is as close


@dataclass(frozen=True, kw_only=True)
class Form:
    """How a number is written: sign, decimals, exponent and unit."""

    plus: bool = False
    bare_point: bool = False  # .5 instead of 0.5
    decimals: int = 0
    exponent: str = ""
    unit: str = ""

    def text(self, amount: float, decimals: int) -> str:
        """The amount in this form, with so many decimals."""
        scaled = amount / 10.0 ** int(self.exponent[1:] or 0) if self.exponent else amount
        found = f"{scaled:.{decimals}f}"
        if not float(found):
            found = found.removeprefix("-")
        if self.bare_point:
            found = re.sub(r"^(-?)0\.", r"\1.", found)
        plus = "+" if self.plus and amount >= 0 else ""
        return f"{plus}{found}{self.exponent}{self.unit}"

    def amount(self, text: str) -> float:
        return float(text.removesuffix(self.unit) if self.unit else text)


def form_of(text: str) -> Form:
    """The form of a number as it is written."""
    found = _FORM.fullmatch(text.strip())
    assert found is not None  # it matches every text
    exponent = found["exponent"] or ""
    return Form(
        plus=bool(found["sign"]),
        bare_point=bool(found["digits"]) and not found["whole"],
        decimals=min(len(found["digits"]), MOST_DECIMALS),
        exponent=exponent if abs(int(exponent[1:] or 0)) <= MOST_EXPONENT else "",
        unit=found["unit"],
    )


def number_text(like: Value, wanted: float, quantity: Quantity, clock: Clock, others: Iterable[Value] = ()) -> str:
    """The number whose value is `wanted`, written as `like` is, with more decimals where they are needed.

    Args:
        wanted: in the unit of the curve; it is kept within the range of the setting.
        others: further numbers of the curve, whose unit is used if that of `like` fits only a zero.

    Raises:
        InputError: no such number is accepted here.
    """
    low, high = limits(quantity)
    wanted = min(max(wanted, -math.inf if low is None else low), math.inf if high is None else high)
    form = form_of(written(like))
    units = dict.fromkeys((form.unit, *(form_of(written(other)).unit for other in others), *_UNITS))

    def read(text: str) -> float | None:
        try:
            return quantity.convert(with_text(like, text), clock)
        except InvalidError:
            return None

    for unit in units:
        own = Form(
            plus=form.plus, bare_point=form.bare_point, decimals=form.decimals, exponent=form.exponent, unit=unit
        )
        if (found := _written(own, wanted, read, clock)) is not None:
            return found
    raise InputError(f"{like.path}: {wanted:g} is not possible here; expected {quantity.expected}")


def _written(form: Form, wanted: float, read: Callable[[str], float | None], clock: Clock) -> str | None:
    """The number in this form; None if the form does not fit."""
    for invert, close in _inverses(form, clock):
        try:
            amount = invert(wanted)
        except (ValueError, OverflowError):
            continue
        found, nearest = None, math.inf
        for decimals in range(form.decimals, form.decimals + MORE_DIGITS + 1):
            text = form.text(amount, decimals)
            value = read(text)
            if value is None:
                continue
            if abs(value - wanted) < nearest:
                found, nearest = text, abs(value - wanted)
            if nearest <= close * max(abs(wanted), 1e-6):
                return found
        if nearest <= _NEAR * abs(wanted):
            return found
    return None


def _inverses(form: Form, clock: Clock) -> list[tuple[Callable[[float], float], float]]:
    """What may give the written number from a value, each with the precision at which it counts as the same."""
    period = form.unit.rpartition("/")[2].strip() if "/" in form.unit else ""
    per = {"frame": clock.fps, "beat": clock.beat.bpm / 60 if clock.beat else 1.0}.get(period, 1.0)
    share = 0.01 if "%" in form.unit else 1.0
    linear = (lambda value: value / share / per), _EXACT
    return [linear] if per == 1.0 else [linear, ((lambda value: value ** (1 / per)), _CLOSE)]


def limits(quantity: Quantity) -> tuple[float | None, float | None]:
    """The lowest and the highest number of a quantity; None where there is no limit."""
    shapes = quantity.shape.get("anyOf", [quantity.shape])
    for shape in shapes:
        low = shape.get("minimum", 0.0 if "exclusiveMinimum" in shape else None)
        if low is not None or "maximum" in shape:
            return low, shape.get("maximum")
    return None, None


def step(like: Value, value: float, quantity: Quantity, clock: Clock) -> float:
    """What a value is rounded to while it is dragged, in the unit of the curve: about its last written digit."""
    form = form_of(written(like))
    last = 10.0 ** (int(form.exponent[1:] or 0) if form.exponent else 0)
    last *= 10.0 ** -(form.decimals if form.decimals > 1 else form.decimals + 1)
    if abs(value) >= 10 and not form.decimals:
        last *= 10
    low, high = limits(quantity)
    if low is not None and high is not None and high - low <= 10:
        last = min(last, 10.0 ** math.floor(math.log10((high - low) / 100)))
    share = "%" in form.unit or (not value and quantity.convert(with_text(like, "1"), clock) is None)
    return last * (0.01 if share else 1.0) * (10 if form.unit.endswith("frame") else 1)
