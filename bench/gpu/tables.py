"""The tables: rows that are measured one after the other, each told apart from the next one's failure."""

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import torch

from bench.counts import step_of
from bench.gpu import peaks, writer
from bench.gpu.clock import Clock, NoTimeError
from bench.gpu.peaks import Peaks
from bench.gpu.subjects import EAGER, FREE, ON_GPU, PLAIN, REPLAYED, SMALL, STEPS, TINY, Batch, Way
from bench.ours import Loaded, Setting, Video, load
from render.device import memory
from render.device.device import model_dtype
from tests.counting import Counts

Row = Sequence[str]
Found = TypeVar("Found")
SPARE = 1.25  # of memory: what is kept for the gradient is not all that is needed
FRAMES = 4  # at a time, so that the host may be ahead of the device


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of the report: `rows` yields one after the other, as it is measured."""

    title: str
    head: Row
    rows: Callable[[], Iterator[Row]]
    about: str = ""


class Measurements:
    """Everything that is measured on one device.

    Args:
        place: the folder for the writer's files.
    """

    def __init__(self, clock: Clock, place: Path) -> None:
        self._clock, self._place = clock, place
        self._device = clock.device
        self._dtype = model_dtype(self._device)
        self._on_gpu = self._device.type == "cuda"
        self._settings = ON_GPU if self._device.type != "cpu" else TINY
        self._counts: dict[Setting, Counts] = {}

    def tables(self) -> list[Table]:
        shown = Table(title="The device", head=("", "measured"), rows=self._peaks_rows)
        ways = " | ".join(way.title for way in self._ways)
        steps = ("setting", *ways.split(" | "), "ideal", "fastest / ideal", "operators", "peak memory")
        return [
            shown,
            Table(title="A step, ms", head=steps, rows=self._step_rows, about=_IDEAL),
            Table(
                title="Frames",
                head=("setting", "frames/s, 10 steps", "frames/s, 3 steps", "ms outside the steps"),
                rows=self._frame_rows,
                about="Moved frames, without what writes them.",
            ),
            Table(
                title="Several pictures as one batch",
                head=("setting", "pictures", "ms per step and picture", "x", "times the ideal"),
                rows=self._batch_rows,
            ),
            Table(
                title="The writer alone",
                head=("size", "frames/s"),
                rows=self._writer_rows,
                about="Soft pictures, with the states of f16-16384, written where the report is.",
            ),
        ]

    @property
    def _ways(self) -> Sequence[Way]:
        return (PLAIN, EAGER, REPLAYED, FREE) if self._on_gpu else (EAGER,)

    @cached_property
    def _peaks(self) -> Peaks:
        return peaks.measured(self._clock, self._dtype)

    def _peaks_rows(self) -> Iterator[Row]:
        yield f"a matrix product in {_named(self._dtype)}", f"{self._peaks.flops / 1e12:.1f} TFLOP/s"
        yield "a copy, read and written", f"{self._peaks.bandwidth / 1e9:.0f} GB/s"
        yield "the host, for an operator that does nothing", f"{self._peaks.launch * 1e6:.1f} µs"

    def _step_rows(self) -> Iterator[Row]:
        for setting in self._settings:
            found = [self._tried(self._step, setting, way) for way in self._ways]
            times = [value[0] for value in found if not isinstance(value, str)]
            ideal, operators = self._ideal(setting), self._counted(setting).operators
            most = max((value[1] for value in found if not isinstance(value, str)), default=0)
            yield (
                setting.title,
                *(value if isinstance(value, str) else _ms(value[0]) for value in found),
                _ms(ideal),
                f"{min(times) / ideal:.1f}" if times else "-",
                str(operators),
                f"{most / 1e9:.1f} GB" if most else "-",
            )

    def _step(self, setting: Setting, way: Way, pictures: int = 1) -> tuple[float, int]:
        """Return the seconds of a step of all pictures, and the device's peak of memory in bytes; 0 if unknown."""
        self._require_memory(setting, pictures)
        with way.taken():
            batch = Batch(self._loaded(setting), setting, pictures)
            if self._on_gpu:
                torch.cuda.reset_peak_memory_stats(self._device)
            seconds = self._clock.seconds(batch) / STEPS
        return seconds, torch.cuda.max_memory_allocated(self._device) if self._on_gpu else 0

    def _step_of_one(self, setting: Setting, way: Way, pictures: int) -> float:
        """Return the seconds of a step per picture, in a batch of several."""
        return self._step(setting, way, pictures)[0] / pictures

    def _frame_rows(self) -> Iterator[Row]:
        for setting in self._settings:
            for way in (EAGER, REPLAYED) if self._on_gpu else (EAGER,):
                found = [self._tried(self._frame, setting, way, count) for count in (10, 3)]
                many, few = found
                outside = "-"
                if not isinstance(many, str) and not isinstance(few, str):
                    outside = _ms(few - 3 * (many - few) / 7)
                shown = [value if isinstance(value, str) else f"{1 / value:.1f}" for value in found]
                yield f"{setting.title}, {way.title}", *shown, outside

    def _frame(self, setting: Setting, way: Way, steps: int) -> float:
        """Return the seconds of a moved frame."""
        self._require_memory(setting, 1)
        with way.taken():
            video = Video(self._loaded(setting), setting, steps)

            def frames() -> None:
                for _ in range(FRAMES):
                    video()

            return self._clock.seconds(frames) / FRAMES

    def _batch_rows(self) -> Iterator[Row]:
        way = REPLAYED if self._on_gpu else EAGER
        for setting in self._settings:
            if setting.size != SMALL and self._settings is ON_GPU:
                continue
            alone = None
            for pictures in (1, 2, 4, 8) if self._settings is ON_GPU else (1, 2):
                found = self._tried(self._step_of_one, setting, way, pictures)
                if isinstance(found, str):
                    yield setting.title, str(pictures), found, "-", "-"
                    continue
                alone = alone or found
                ratio = found / self._ideal(setting)
                yield setting.title, str(pictures), _ms(found), f"{alone / found:.2f}", f"{ratio:.1f}"

    def _writer_rows(self) -> Iterator[Row]:
        for size in ((256, 144), (512, 512), (1024, 576)) if self._settings is ON_GPU else (SMALL,):
            self._clock.require_time()
            yield f"{size[0]}x{size[1]}", f"{writer.frames_per_second(size, self._place):.0f}"

    def _loaded(self, setting: Setting) -> Loaded:
        return load(setting, self._dtype, self._device)

    def _counted(self, setting: Setting) -> Counts:
        if setting not in self._counts:
            self._clock.require_time()
            self._counts[setting] = step_of(setting)
        return self._counts[setting]

    def _ideal(self, setting: Setting) -> float:
        return self._peaks.ideal(self._counted(setting))

    def _require_memory(self, setting: Setting, pictures: int) -> None:
        needed, free = SPARE * pictures * self._counted(setting).kept, memory.available(self._device)
        if free is not None and needed > free:
            raise _TooSmallError(f"needs about {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free")

    def _tried(self, measure: Callable[..., Found], *of: object) -> Found | str:
        """Return what was measured, or in a few words why it was not."""
        try:
            return measure(*of)
        except NoTimeError:
            raise
        except _TooSmallError as error:
            return str(error)
        except RuntimeError as error:
            if memory.is_out_of_memory(error):
                return "out of memory"
            return f"failed: {str(error).partition(chr(10))[0][:100]}"
        finally:
            gc.collect()
            if self._on_gpu:
                torch.cuda.empty_cache()


class _TooSmallError(Exception):
    """The device has less memory than a measurement needs."""


_IDEAL = (
    "Ideal: the time of the step's arithmetic at the matrix product's rate, or of its traffic (operators read what they"
    " take and write what they make, once) at the copy's, whichever is longer. Arithmetic, traffic and operators are"
    " counted on fake tensors along the way of an NVIDIA GPU, with the Triton norm."
)


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.2f}"


def _named(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
