"""What videos need besides the frames, stored so that they can be made without the schedule."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from math import inf
from pathlib import Path
from typing import Any

from pipeline.audio.pieces import Piece
from pipeline.schedule.over_time.sound import sound_of_shots
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections.loop import order
from pipeline.schedule.sections.output_video import Video
from pipeline.schedule.timeline import Timeline
from render.spec import FrameSpec
from render.spec.camera import Depth, Seen, View
from render.spec.pictures import ImageFile

TimedText = tuple[int, str]  # (number of frames in a row, their text); "" is no text


def timed_texts(specs: Iterable[FrameSpec]) -> list[TimedText]:
    """The strongest prompt of every frame; frames in a row with the same prompt become one entry."""
    return [(len(list(group)), text) for text, group in groupby(_strongest(spec) for spec in specs)]


def sound_of_clips(schedule: Schedule) -> tuple[Piece, ...]:
    """The sound of the schedule's clips, in pieces; empty if none is heard, or there is a track."""
    if schedule.music.path is not None:
        return ()
    return sound_of_shots(schedule.shots, schedule.output.fps, schedule.output.num_frames)


def _strongest(spec: FrameSpec) -> str:
    texts = [prompt for prompt in spec.prompts if prompt.image is None and prompt.weight > 0]
    if not texts:
        return ""
    return " ".join(max(texts, key=lambda prompt: prompt.weight).text.split()).replace("-->", "->")


@dataclass(frozen=True, kw_only=True)
class VideoPlan:
    """How videos are made from a run's frames.

    Attributes:
        frames: how many frames the finished run has.
        size: (width, height) of the frames in pixels.
        videos: the files to deliver; the first one is the video.
        track: path of the music, which plays from `start` seconds on; None without.
        pieces: the sound of clips; empty if none is heard.
        led: how many of the frames lie past the end of a loop.
        boomerang: shown forwards and then backwards.
        said: the texts of the subtitles; empty if none were requested.
        seen: what frames show of a room, each with the number of the first of the frames that show it so; empty if no
            file has pictures for two eyes.
    """

    title: str
    fps: float
    frames: int
    size: tuple[int, int] = (0, 0)
    videos: tuple[Video, ...] = (Video(),)
    track: str | None = None
    start: float = 0.0
    pieces: tuple[Piece, ...] = ()
    led: int = 0
    boomerang: bool = False
    said: tuple[TimedText, ...] = ()
    seen: tuple[tuple[int, Seen], ...] = ()

    @staticmethod
    def of(schedule: Schedule) -> "VideoPlan":
        """The plan for a schedule."""
        output, music = schedule.output, schedule.music
        subtitles, stereo = (any(getattr(video, name) for video in output.video) for name in ("subtitles", "stereo"))
        timeline = Timeline(schedule) if subtitles or stereo else None
        return VideoPlan(
            title=schedule.title,
            fps=output.fps,
            frames=schedule.num_rendered,
            size=output.size,
            videos=output.video,
            track=str(music.path) if music.path else None,
            start=music.start,
            pieces=sound_of_clips(schedule),
            led=schedule.loop.num_led(output.fps),
            boomerang=schedule.loop.boomerang,
            said=tuple(timed_texts(timeline)) if timeline and subtitles else (),
            seen=tuple(_seen(timeline)) if timeline and stereo else (),
        )

    @staticmethod
    def read(record: Mapping[str, Any]) -> "VideoPlan":
        """Read what `to_record` wrote. Raises `TypeError` or `ValueError` if the record is not valid."""
        found = dict(record)
        for name, make in (("videos", _video), ("said", tuple), ("pieces", _piece), ("seen", _view)):
            if name in found:
                found[name] = tuple(make(one) for one in found[name])
        width, height = found.pop("size", (0, 0))
        return VideoPlan(**found, size=(width, height))

    def to_record(self) -> dict[str, Any]:
        """The plan as plain values, ready for JSON."""
        record = asdict(self)
        if not self.pieces:  # as in the records of earlier versions
            del record["pieces"]
        if not self.seen:
            del record["seen"]
        for _, seen in record.get("seen", ()):
            if file := seen["depth"]["file"]:
                file["path"] = str(file["path"])
        return record

    def seen_in(self, frame: int) -> Seen:
        """What a frame shows of a room; only if a file has pictures for two eyes."""
        return self.seen[bisect_right(self.seen, frame, key=lambda entry: entry[0]) - 1][1]

    def shown(self, count: int) -> list[int]:
        """The frame numbers to show, in order, out of the first `count`; a loop closes only if all are there."""
        if count < self.frames:
            return list(range(min(count, self.frames - self.led)))
        return order(self.frames, self.led, self.boomerang)

    @property
    def loops(self) -> bool:
        """Whether the end leads into the beginning."""
        return self.boomerang or self.led > 0

    @property
    def heard(self) -> tuple[Piece, ...]:
        """What is heard; empty without sound."""
        return (Piece(until=inf, path=self.track, start=self.start),) if self.track else self.pieces


def _video(record: Mapping[str, Any]) -> Video:
    size = record.get("size")
    return Video(**{**record, "size": tuple(size) if size else None})


def _seen(timeline: Timeline) -> Iterator[tuple[int, Seen]]:
    """What the frames show, as in `VideoPlan.seen`."""
    last = None
    for frame in range(len(timeline)):
        found = timeline.motion.seen_at(frame)
        assert found is not None  # the schedule was checked: every shot has depth
        if found != last:
            yield frame, found
        last = found


def _view(record: Sequence[Any]) -> tuple[int, Seen]:
    frame, found = record
    depth, view = found["depth"], found["view"]
    file = ImageFile(path=Path(depth["file"]["path"]), sha256=depth["file"]["sha256"]) if depth["file"] else None
    return frame, Seen(
        depth=Depth(**{**depth, "file": file}),
        view=View(**{**view, "pose": tuple(view["pose"])}),
        motion=tuple(found["motion"]),
        first=found["first"],
    )


def _piece(record: Mapping[str, Any]) -> Piece:
    return Piece(**record)
