"""The section `noise:`: noise that every frame adds to its latent, drawn anew or wandering between two seeds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pipeline.curves.array import Array
from pipeline.curves.curve import Curve
from pipeline.curves.joined import joined
from pipeline.schedule.document.document import Value
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.keyframes import curve
from pipeline.schedule.fields.quantities import number, share_from
from pipeline.schedule.fields.readers import read_section
from pipeline.schedule.fields.shapes import described, section, setting, settings
from pipeline.schedule.sections import Section, reader_of
from render.spec.noise import LatentNoise, NoiseVariation

_ABOUT = "noise in the latent, so that a picture keeps changing"


@dataclass(frozen=True, kw_only=True)
class Variation:
    """A second seed, and how far the noise has gone to it."""

    seed: int = setting(fields.integer(0, 2**63 - 1), 1, "of the second noise; the first has `output.seed`")
    amount: Curve = setting(
        curve(number(-1e6, 1e6)),
        Curve.constant(0.0),
        "where the noise is: 0 at the first, 1 at the second, 2 at the opposite of the first, 4 once around",
    )


@described(section("variation", "a second seed that the noise wanders to", settings(Variation)), over_time=True)
def _variation(value: Value, clock: Clock) -> Variation:
    found: Variation = read_section(Variation, value, clock)
    if found.amount.is_constant:
        clock.warn(value, "has no effect: its amount does not change, so neither does the noise")
    return found


@dataclass(frozen=True, kw_only=True)
class Noise:
    """How much noise is added to the latent, and of which kind."""

    amount: Curve = setting(
        curve(number(0, 100)),
        Curve.constant(0.0),
        "its standard deviation, in those of the codebook: with 1 it varies as much as the codebook's entries do; 0.01"
        " to 0.05 for noise that every frame draws anew, 0.1 to 0.3 with a `variation`",
    )
    grain: float = setting(
        share_from(0, 1),
        0.0,
        "the radius of its grains, as a share of the height: 0 for specks of one cell of the latent, 6% for patches",
    )
    variation: Variation | None = setting(
        _variation,
        None,
        "keep one noise instead of drawing it anew, and let it wander to that of a second seed:"
        " `{seed: 9, amount: 4*progress}`",
    )


def _read(value: Value, clock: Clock) -> Noise:
    found: Noise = read_section(Noise, value, clock)
    if found.amount.is_constant and not found.amount.keys[0].value:
        clock.warn(value, "has no effect: its amount is 0")
    return found


def _join(starts: Sequence[float], parts: Sequence[Noise]) -> Noise:
    """Join the curves of all shots; everything else is that of the first shot."""
    noise = replace(parts[0], amount=joined(starts, [part.amount for part in parts]))
    if all(part.variation is None for part in parts):
        return noise
    variations = [part.variation or Variation() for part in parts]
    share = joined(starts, [variation.amount for variation in variations])
    return replace(noise, variation=replace(variations[0], amount=share))


class NoiseOverTime:
    """The noise of every frame.

    Args:
        shots: what each shot has.
        latents: the latent model of each shot, by number: noise of one is none of another's.
        shot: for each frame, which of them it belongs to.
    """

    def __init__(
        self, noise: Noise, shots: Sequence[Noise], latents: Sequence[int], shot: Iterable[int], times: Array
    ) -> None:
        kinds = [
            (own.grain, None if own.variation is None else own.variation.seed, latent)
            for own, latent in zip(shots, latents, strict=True)
        ]
        self._kinds = [kinds[number] for number in shot]
        self._amounts = noise.amount.sample(times)
        self._shares = None if noise.variation is None else noise.variation.amount.sample(times)

    def at(self, index: int, before: int) -> LatentNoise | None:
        """The noise of frame `index`, which starts from frame `before`; None if it adds nothing.

        Where a shot begins to vary the noise, the picture is left as it is: what is added is the change from there on.
        """
        amount, (grain, seed, _) = float(self._amounts[index]), self._kinds[index]
        if seed is None or self._shares is None:
            return LatentNoise(amount=amount, grain=grain) if amount else None
        now, then = ((float(self._amounts[at]), float(self._shares[at])) for at in (index, before))
        if now == then or self._kinds[before] != self._kinds[index]:
            return None
        variation = NoiseVariation(seed=seed, share=now[1], before=then)
        return LatentNoise(amount=amount, grain=grain, variation=variation)


SECTION = Section(
    position=75,
    shape=lambda: section("noise", _ABOUT, settings(Noise)),
    read=reader_of("noise", _read, Noise()),
    join=_join,
    settings=lambda: settings(Noise),
    nested={"variation": lambda: settings(Variation)},
    misplaced={"variation": "variation"},
)
