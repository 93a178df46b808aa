"""One file of music and all that can be asked of it, each answer found once."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from pipeline.audio import features
from pipeline.audio.beats import Beats, find_beats
from pipeline.audio.cache import remembered
from pipeline.audio.decoding import RATE, Samples, decode, probe
from pipeline.audio.sections import find_sections
from pipeline.curves.array import Array
from render.errors import InputError, WeightsError
from render.models.model import sha256

_LOG = logging.getLogger(__name__)
MAX_BYTES = 800_000_000  # an hour of CD sound uncompressed is 635 million
_DIGITS = 6  # kept of every number: another library's rounding makes no other picture


@dataclass(frozen=True, kw_only=True)
class Track:
    """A file of music, looked at but not yet listened to.

    Attributes:
        digest: SHA-256 of the file.
    """

    path: Path
    digest: str

    @staticmethod
    def open(path: Path) -> "Track":
        """Look at the file. Raises `InputError` where it has no sound that can be used."""
        try:
            if (size := path.stat().st_size) > MAX_BYTES:
                raise InputError(f"'{path.name}': has {size:,} bytes; expected at most {MAX_BYTES:,}, an hour of music")
            probe(path)  # what is no music is not hashed
            digest = sha256(path)
        except OSError as error:
            raise InputError(f"'{path.name}': cannot be read: {error.strerror}") from error
        except WeightsError as error:
            raise InputError(str(error)) from error
        return Track(path=path, digest=digest)

    @cached_property
    def seconds(self) -> float:
        """How long it sounds; headers are not believed."""
        return float(self._asked("length", lambda: np.array(len(self.samples) / RATE)))

    @cached_property
    def samples(self) -> Samples:
        """Mono, `RATE` a second. Raises `InputError` where it cannot be decoded."""
        _LOG.info("%s: decoding", self.path.name)
        return decode(self.path)

    def beats(self, beats_per_bar: int) -> Beats:
        """Where its beats fall."""

        def find() -> Mapping[str, Array]:
            samples = self.samples
            _LOG.info("%s: finding the beats of %.0f s", self.path.name, len(samples) / RATE)
            found = find_beats(samples, beats_per_bar)
            return {"times": np.round(found.times, _DIGITS), "downbeat": np.array(found.downbeat)}

        kept = remembered(self.digest, f"beats {beats_per_bar}", find)
        return Beats(times=kept["times"], downbeat=int(kept["downbeat"]))

    def sections(self, beats: Beats, beats_per_bar: int) -> Array:
        """When its sections begin, in seconds; the first one does at 0."""
        key = f"sections {beats_per_bar}"
        return self._asked(key, lambda: find_sections(self.samples, beats, beats_per_bar), "finding the sections")

    def feature(self, name: str) -> Array:
        """One of `features.WHOLE`."""
        listen, row = features.WHOLE[name]
        found = self._asked(listen.__name__, lambda: listen(self.samples), f"measuring '{name}'")
        return found if row is None else found[row]

    def band(self, low: float, high: float) -> Array:
        """The loudness of the tones between `low` and `high` Hz."""
        said = f"measuring the loudness from {low:g} to {high:g} Hz"
        return self._asked(f"band {low!r} {high!r}", lambda: features.band(self.samples, low, high), said)

    def _asked(self, key: str, make: Callable[[], Array], said: str = "") -> Array:
        """What `make` finds, kept under `key`; `said` is logged while it is being found."""

        def found() -> Mapping[str, Array]:
            self.samples  # noqa: B018  (decoding is logged first)
            if said:
                _LOG.info("%s: %s", self.path.name, said)
            return {"found": np.round(make(), _DIGITS)}

        return remembered(self.digest, key, found)["found"]
