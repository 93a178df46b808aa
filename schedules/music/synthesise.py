"""A small track with known beats: drums, bass and a pad, made of nothing but sines and noise.

`python schedules/music/synthesise.py schedules/music/loop.ogg` writes the one of schedules/music-loop.yaml. Tests
make others of it, whose every beat they know.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

RATE = 48000
Samples = NDArray[np.float64]

CHORDS = ((110.0, 130.81, 164.81), (87.31, 110.0, 130.81), (130.81, 164.81, 196.0), (98.0, 123.47, 146.83))


@dataclass(frozen=True, kw_only=True)
class Track:
    """Mono samples in [-1, 1] at `RATE`, and when its beats fall, in seconds; beat 0 begins a bar of four."""

    samples: Samples
    beats: NDArray[np.float64]


def compose(
    tempos: Sequence[tuple[int, float]],
    *,
    swing: float = 0.5,
    silence: float = 0.0,
    four_on_the_floor: bool = False,
    seed: int = 0,
) -> Track:
    """Bars of kick, snare, hats, bass and pad.

    Args:
        tempos: how many bars at how many beats a minute, one after the other.
        swing: where within a beat its second half begins; 0.5 is straight, 2/3 a triplet.
        silence: seconds before the first beat.
        four_on_the_floor: a kick on every beat, not only on the first and third.
    """
    lengths = np.concatenate([np.full(4 * bars, 60 / bpm) for bars, bpm in tempos])
    starts = silence + np.concatenate([[0.0], np.cumsum(lengths)])
    mix = np.zeros(round(starts[-1] * RATE))
    rng = np.random.default_rng(seed)
    hat, snare = _hat(rng), _snare(rng)
    for number, (start, length) in enumerate(zip(starts[:-1], lengths, strict=True)):
        place, chord = number % 4, CHORDS[number // 4 % len(CHORDS)]
        if four_on_the_floor or place in (0, 2):
            _add(mix, start, 0.9 * _kick())
        if place in (1, 3):
            _add(mix, start, 0.5 * snare)
        _add(mix, start, 0.12 * hat)
        _add(mix, start + swing * length, 0.2 * hat)
        _add(mix, start, 0.3 * _tone(chord[0] / 2, length * swing, decay=6.0))
        if place == 3:
            _add(mix, start + swing * length, 0.25 * _tone(chord[0] / 2, length * (1 - swing), decay=6.0))
        if place == 0:
            bar = sum(lengths[number : number + 4])
            _add(mix, start, 0.06 * sum(_pad(frequency, bar) for frequency in chord))
    return Track(samples=np.tanh(mix) * 0.9, beats=starts[:-1])


def _add(mix: Samples, start: float, sound: Samples) -> None:
    begin = round(start * RATE)
    fitting = sound[: len(mix) - begin]
    mix[begin : begin + len(fitting)] += fitting


def _time(seconds: float) -> Samples:
    return np.arange(round(seconds * RATE)) / RATE


def _kick() -> Samples:
    t = _time(0.25)
    sweep = 50 * t + 90 / 30 * (1 - np.exp(-30 * t))
    return np.sin(2 * np.pi * sweep) * np.exp(-14 * t)


def _snare(rng: np.random.Generator) -> Samples:
    t = _time(0.18)
    return (rng.uniform(-1, 1, len(t)) + 0.7 * np.sin(2 * np.pi * 185 * t)) * np.exp(-22 * t)


def _hat(rng: np.random.Generator) -> Samples:
    t = _time(0.06)
    noise = np.diff(rng.uniform(-1, 1, len(t) + 1))  # a difference keeps the high tones
    return noise * np.exp(-70 * t)


def _tone(frequency: float, seconds: float, decay: float) -> Samples:
    t = _time(seconds)
    overtones = sum(np.sin(2 * np.pi * frequency * n * t) / n**1.5 for n in (1, 2, 3))
    return overtones * np.exp(-decay * t) * np.minimum(1, (seconds - t) / 0.01) * np.minimum(1, t / 0.004)


def _pad(frequency: float, seconds: float) -> Samples:
    t = _time(seconds)
    voices = np.sin(2 * np.pi * 2 * frequency * t) + np.sin(2 * np.pi * 2.006 * frequency * t)
    return voices * np.minimum(1, t / 0.3) * np.minimum(1, (seconds - t) / 0.3)


def write(path: str, samples: Samples, codec: str | None = None) -> None:
    """Write mono samples to a file whose suffix chooses the format; the codec is the format's own unless named."""
    import av

    with av.open(path, "w") as container:
        codec = codec or {"ogg": "libopus", "wav": "pcm_s16le"}.get(path.rpartition(".")[2])
        stream = container.add_stream(codec or container.default_audio_codec, rate=RATE, layout="mono")
        shape = np.ascontiguousarray(samples, dtype=np.float32)[None]
        frame = av.AudioFrame.from_ndarray(shape, format="flt", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), 0
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=RATE, frame_size=stream.frame_size)
        for part in (*resampler.resample(frame), *resampler.resample(None), None):
            container.mux(stream.encode(part))


if __name__ == "__main__":
    write(sys.argv[1], compose([(4, 120.0)]).samples)
