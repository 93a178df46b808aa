"""Prompts as subtitles: at any time, the strongest one."""

from collections.abc import Sequence
from itertools import groupby

from pipeline.run.folder.video_plan import TimedText


def as_srt(texts: Sequence[TimedText], shown: Sequence[int], fps: float) -> str:
    """The texts of the frames `shown`, in that order, as SubRip (.srt).

    Args:
        texts: (number of frames in a row, their text) from the first frame on.
        shown: frame numbers in the order in which the video shows them.
        fps: frames per second.
    """
    by_frame = [text for count, text in texts for _ in range(count)]
    cues: list[str] = []
    begin = 0
    for text, group in groupby(by_frame[index] for index in shown):
        end = begin + len(list(group))
        if text:
            cues.append(f"{len(cues) + 1}\n{_time(begin / fps)} --> {_time(end / fps)}\n{text}\n")
        begin = end
    return "\n".join(cues)


def _time(seconds: float) -> str:
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d},{rest % 1000:03d}"
