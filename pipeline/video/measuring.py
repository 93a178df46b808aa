"""Measures the streams of a finished file from its packets, since headers may be wrong.

ffmpeg's framecrc lists every packet with its time and duration, in every version from 4.2 on, for every container
except those that read their `lengths` themselves.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.video import process
from pipeline.video.containers import Container
from render.errors import EncodingError

_TOLERANCE = 0.06  # seconds: an AAC or Opus packet lasts 0.02 s, and Opus begins up to that much earlier


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """The lengths of a file's streams, in seconds.

    Attributes:
        picture: None if there is only one picture, which has no duration.
        sound: 0 if there is none.
        packet: nominal length of the longest sound packet. In Matroska the last packet has this length even if the
            sound ends earlier.
    """

    picture: float | None
    sound: float
    packet: float = 0.0

    def fault(self, seconds: float, fps: float, sounds: bool) -> str:
        """What is wrong with the lengths; "" if nothing is.

        Args:
            seconds: the right length of the pictures, and of the sound if the file has one (`sounds`).
            fps: pictures per second; half a picture is the tolerance.
        """
        off = max(_TOLERANCE, 0.5 / fps)
        if self.picture is not None and abs(self.picture - seconds) > off:
            return f"its pictures last {self.picture:.2f} s instead of {seconds:.2f} s"
        if sounds and not -off <= self.sound - seconds <= off + self.packet:
            return f"its sound lasts {self.sound:.2f} s instead of {seconds:.2f} s"
        return ""


def measured(binary: str, path: Path, container: Container) -> Lengths:
    """Measure a file.

    Args:
        binary: path of the ffmpeg program.
        container: the file's type.

    Raises:
        EncodingError: the file cannot be read.
        OSError: the file does not exist.
    """
    if container.lengths is not None:
        with path.open("rb") as file:
            try:
                with mmap(file.fileno(), 0, access=ACCESS_READ) as content:
                    picture, sound = container.lengths(content)
            except ValueError as error:
                raise EncodingError(f"{path}: cannot be read back: {error}") from error
        return Lengths(picture=picture, sound=sound)
    with TemporaryDirectory(prefix="render-") as folder:
        table = Path(folder) / "packets"
        command = [binary, "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "file,pipe"]
        command += [*container.demuxer, "-i", f"file:{path}", "-map", "0:v:0", "-map", "0:a:0?", "-c", "copy"]
        try:
            process.run([*command, "-f", "framecrc", f"file:{table}"], ())
            with table.open(encoding="ascii", errors="replace") as lines:
                return _lengths(lines)
        except (EncodingError, ValueError, ZeroDivisionError, OSError) as error:
            raise EncodingError(f"{path}: cannot be read back: {error}") from error


def _lengths(lines: Iterable[str]) -> Lengths:
    """Parse lines `stream, dts, pts, duration, ...`, preceded by lines such as `#tb stream: 1/12288`."""
    units = {"0": 0.0, "1": 0.0}
    begins, ends = {"0": float("inf"), "1": float("inf")}, {"0": 0.0, "1": 0.0}
    pictures, packet = 0, 0.0
    for line in lines:
        if line.startswith("#tb "):
            stream, _, base = line[4:].partition(":")
            above, _, below = base.partition("/")
            units[stream] = int(above) / int(below)
        elif not line.startswith("#"):
            stream, _, pts, duration, *_ = (part.strip() for part in line.split(","))
            begins[stream] = min(begins[stream], int(pts) * units[stream])
            ends[stream] = max(ends[stream], (int(pts) + int(duration)) * units[stream])
            if stream == "0":
                pictures += 1
            else:
                packet = max(packet, int(duration) * units["1"])
    # Sound before time 0 is the encoder's priming, which players skip.
    sound = ends["1"] - max(0.0, begins["1"]) if ends["1"] else 0.0
    return Lengths(picture=ends["0"] - begins["0"] if pictures > 1 else None, sound=sound, packet=packet)
