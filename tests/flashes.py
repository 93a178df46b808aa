"""Clips whose every twelfth picture is white and heard: where picture and sound belong is known exactly."""

import subprocess
import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.audio.pieces import RATE

Samples = NDArray[np.float64]

EVERY = 12  # pictures between two flashes
BURST = 480  # samples
SECONDS = 4.0


def burst(number: int) -> Samples:
    """Noise by which a flash is recognised."""
    return np.random.default_rng(number).uniform(-0.5, 0.5, BURST)


def begins(fps: Fraction, number: int) -> int:
    """The sample at which a flash begins."""
    return round(number * EVERY / fps * RATE)


def sound(fps: Fraction, seconds: float = SECONDS) -> Samples:
    """Silence with the burst of every flash, beginning with its picture."""
    found = np.zeros(round(seconds * RATE) + BURST)
    number = 0
    while (at := begins(fps, number)) < seconds * RATE:
        found[at : at + BURST] += burst(number)
        number += 1
    return found[: round(seconds * RATE)]


def at(samples: Samples, number: int) -> int:
    """Where a burst is in the samples, by cross-correlation."""
    return int(np.abs(np.correlate(samples, burst(number), "valid")).argmax())


def film(binary: str, path: Path, *options: str, fps: str = "25", late: float = 0.0, pictures: str = "") -> Path:
    """Make a clip of `SECONDS`.

    Args:
        binary: path of the ffmpeg program.
        options: of it, such as the encoder of the sound.
        late: how much of the sound is left out at the beginning, in seconds.
        pictures: a filter of the pictures.
    """
    raw = path.with_suffix(".wav")
    with wave.open(str(raw), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound(Fraction(fps))[round(late * RATE) :] * 32767).round().astype("<i2").tobytes())
    flashes = f"geq=lum='if(eq(mod(N\\,{EVERY})\\,0)\\,235\\,16)':cb=128:cr=128{pictures}"
    command = [binary, "-y", "-loglevel", "error", "-f", "lavfi", "-i", f"color=black:r={fps}:s=64x48:d=4,{flashes}"]
    command += ["-itsoffset", str(late), "-i", str(raw), "-c:v", "libx264", "-g", "20", *options, str(path)]
    subprocess.run(command, check=True)
    raw.unlink()
    return path
