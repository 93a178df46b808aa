"""Provide a music file and the analyses of it, each made only once."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from pipeline.audio import features
from pipeline.audio.beats import Beats, find_beats
from pipeline.audio.cache import cached
from pipeline.audio.decoding import RATE, Samples, decode, probe
from pipeline.audio.sections import find_sections
from pipeline.curves.array import Array
from render.errors import InputError, WeightsError
from render.models.model import sha256

_LOG = logging.getLogger(__name__)
MAX_BYTES = 800_000_000  # an hour of CD sound uncompressed is 635 million
_DIGITS = 6  # decimals of all results, so that another library version's rounding changes no picture


@dataclass(frozen=True, kw_only=True)
class Track:
    """A music file whose header has been read; it is decoded and analysed on demand.

    Attributes:
        digest: SHA-256 of the file.
    """

    path: Path
    digest: str

    @staticmethod
    def open(path: Path) -> "Track":
        """Check the file's header and hash it. Raises `InputError` if it has no usable sound."""
        try:
            if (size := path.stat().st_size) > MAX_BYTES:
                raise InputError(f"'{path.name}': has {size:,} bytes; expected at most {MAX_BYTES:,}, an hour of music")
            probe(path)  # first, so that a file without sound is not hashed
            digest = sha256(path)
        except OSError as error:
            raise InputError(f"'{path.name}': cannot be read: {error.strerror}") from error
        except WeightsError as error:
            raise InputError(str(error)) from error
        return Track(path=path, digest=digest)

    @cached_property
    def seconds(self) -> float:
        """The length in seconds, from the decoded samples, since a header may be wrong."""
        return float(self._analysed("length", lambda: np.array(len(self.samples) / RATE)))

    @cached_property
    def samples(self) -> Samples:
        """Mono samples, `RATE` per second. Raises `InputError` if it cannot be decoded."""
        _LOG.info("%s: decoding", self.path.name)
        return decode(self.path)

    def beats(self, beats_per_bar: int) -> Beats:
        """Return the beats of the track."""

        def find() -> Mapping[str, Array]:
            samples = self.samples
            _LOG.info("%s: finding the beats of %.0f s", self.path.name, len(samples) / RATE)
            found = find_beats(samples, beats_per_bar)
            return {"times": np.round(found.times, _DIGITS), "downbeat": np.array(found.downbeat)}

        kept = cached(self.digest, f"beats {beats_per_bar}", find)
        return Beats(times=kept["times"], downbeat=int(kept["downbeat"]))

    def sections(self, beats: Beats, beats_per_bar: int) -> Array:
        """Return the times in seconds at which sections begin; the first one begins at 0."""
        key = f"sections {beats_per_bar}"
        return self._analysed(key, lambda: find_sections(self.samples, beats, beats_per_bar), "finding the sections")

    def feature(self, name: str) -> Array:
        """Return one of the features in `features.WHOLE`."""
        analyse, row = features.WHOLE[name]
        found = self._analysed(analyse.__name__, lambda: analyse(self.samples), f"measuring '{name}'")
        return found if row is None else found[row]

    def band(self, low: float, high: float) -> Array:
        """Return the loudness of the frequencies between `low` and `high` Hz."""
        progress = f"measuring the loudness from {low:g} to {high:g} Hz"
        return self._analysed(f"band {low!r} {high!r}", lambda: features.band(self.samples, low, high), progress)

    def _analysed(self, key: str, make: Callable[[], Array], progress: str = "") -> Array:
        """Return the result of `make`, cached under `key`; `progress` is logged if it must be computed."""

        def found() -> Mapping[str, Array]:
            self.samples  # noqa: B018  (decodes now, so that decoding is logged first)
            if progress:
                _LOG.info("%s: %s", self.path.name, progress)
            return {"found": np.round(make(), _DIGITS)}

        return cached(self.digest, key, found)["found"]
