"""Prompts as subtitles: at every moment the one that counts most."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from render.spec import FrameSpec

Said = tuple[int, str]  # for so many frames the same; "" is nothing


def said(specs: Iterable[FrameSpec]) -> list[Said]:
    """The strongest prompt of every frame, frames of the same one as one."""
    return [(len(list(group)), text) for text, group in groupby(_strongest(spec) for spec in specs)]


def as_srt(said: Sequence[Said], shown: Sequence[int], fps: float) -> str:
    """The texts of the frames `shown`, one after the other, in the format SubRip."""
    texts = [text for count, text in said for _ in range(count)]
    cues: list[str] = []
    begin = 0
    for text, group in groupby(texts[index] for index in shown):
        end = begin + len(list(group))
        if text:
            cues.append(f"{len(cues) + 1}\n{_time(begin / fps)} --> {_time(end / fps)}\n{text}\n")
        begin = end
    return "\n".join(cues)


def _strongest(spec: FrameSpec) -> str:
    texts = [prompt for prompt in spec.prompts if prompt.image is None and prompt.weight > 0]
    if not texts:
        return ""
    return " ".join(max(texts, key=lambda prompt: prompt.weight).text.split()).replace("-->", "->")


def _time(seconds: float) -> str:
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d},{rest % 1000:03d}"
