"""The formats that a video can be delivered in: each one's encoder, container and what it can be told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.video.embedded_text import into_gif, into_png, into_webp
from pipeline.video.recipe import Recipe, to_yuv

AAC: Mapping[str, str | int] = {"acodec": "aac", "b:a": "256k"}  # beyond what ears tell from the track
OPUS: Mapping[str, str | int] = {"acodec": "libopus", "b:a": "160k"}
MP4: Mapping[str, str] = {"movflags": "+faststart", "f": "mp4"}
_FTYP, _EBML = (4, b"ftyp"), (0, b"\x1aE\xdf\xa3")  # what a file has at which byte


@dataclass(frozen=True, kw_only=True)
class Format:
    """One format.

    Attributes:
        about: for whom it is.
        suffix: of the file.
        pix_fmt, deep: pixel formats of 8 and 10 bits; "" where there is none of so many.
        crf: the quality unless one is set, and the worst there is; None where it has no such measure.
        speeds: the names of presets; empty where there are none.
        hardware: encoders in hardware, the best one first.
        write: writes a text into a finished file, where ffmpeg does not.
    """

    about: str
    suffix: str
    options: Mapping[str, str | int | float]
    pix_fmt: str
    deep: str = ""
    crf: tuple[int, int] | None = None
    speeds: tuple[str, ...] = ()
    sound: Mapping[str, str | int] = field(default_factory=dict)
    subtitle_codec: str = ""
    hardware: tuple[str, ...] = ()
    write: Callable[[Path, str], None] | None = None
    begins: tuple[int, bytes]

    def recipe(self, pix_fmt: str, options: Mapping[str, str | int | float]) -> Recipe:
        """How it is made with `options`, which are its own or take their place."""
        yuv = pix_fmt.startswith("yuv")
        return Recipe(
            filters=to_yuv(pix_fmt) if yuv else (("format", {"pix_fmts": pix_fmt}),),
            options=options,
            sound_options=self.sound,
            subtitle_codec=self.subtitle_codec,
            palette=self.suffix == ".gif",
            begins=self.begins,
        )


_FAMILIES = ("nvenc", "videotoolbox", "qsv", "vaapi")
_X26 = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")

FORMATS: dict[str, Format] = {
    "h264": Format(
        about="plays everywhere",
        suffix=".mp4",
        options={"vcodec": "libx264", "crf": 17, "preset": "medium", **MP4},
        pix_fmt="yuv420p",
        deep="yuv420p10le",
        crf=(17, 51),
        speeds=_X26,
        sound=AAC,
        subtitle_codec="mov_text",
        hardware=tuple(f"h264_{family}" for family in _FAMILIES),
        begins=_FTYP,
    ),
    "h265": Format(
        about="half the size, on newer devices",
        suffix=".mp4",
        options={
            **{"vcodec": "libx265", "crf": 20, "preset": "medium", "tag:v": "hvc1", **MP4},
            "x265-params": "log-level=error",
        },
        pix_fmt="yuv420p",
        deep="yuv420p10le",
        crf=(20, 51),
        speeds=_X26,
        sound=AAC,
        subtitle_codec="mov_text",
        hardware=tuple(f"hevc_{family}" for family in _FAMILIES),
        begins=_FTYP,
    ),
    "av1": Format(
        about="smaller still, for browsers",
        suffix=".mp4",
        options={"vcodec": "libsvtav1", "crf": 28, "preset": 6, **MP4},
        pix_fmt="yuv420p",
        deep="yuv420p10le",
        crf=(28, 63),
        speeds=tuple(str(speed) for speed in range(14)),
        sound=AAC,
        subtitle_codec="mov_text",
        hardware=tuple(f"av1_{family}" for family in _FAMILIES if family != "videotoolbox"),
        begins=_FTYP,
    ),
    "vp9": Format(
        about="WebM, for browsers",
        suffix=".webm",
        options={"vcodec": "libvpx-vp9", "crf": 24, "b:v": 0, "row-mt": 1, "cpu-used": 2, "f": "webm"},
        pix_fmt="yuv420p",
        deep="yuv420p10le",
        crf=(24, 63),
        sound=OPUS,
        subtitle_codec="webvtt",
        begins=_EBML,
    ),
    "prores": Format(
        about="ProRes 422 HQ, for editing",
        suffix=".mov",
        options={"vcodec": "prores_ks", "profile:v": 3, "vendor": "apl0", "f": "mov"},
        pix_fmt="",
        deep="yuv422p10le",
        sound={"acodec": "pcm_s24le"},
        subtitle_codec="mov_text",
        begins=_FTYP,
    ),
    "ffv1": Format(
        about="lossless, for archives",
        suffix=".mkv",
        options={"vcodec": "ffv1", "level": 3, "g": 1, "slices": 4, "f": "matroska"},
        pix_fmt="gbrp",
        sound={"acodec": "flac"},
        subtitle_codec="subrip",
        begins=_EBML,
    ),
    "gif": Format(
        about="256 colours chosen from the whole video; silent, loops for ever",
        suffix=".gif",
        options={"vcodec": "gif", "loop": 0, "f": "gif"},
        pix_fmt="rgb24",
        write=into_gif,
        begins=(0, b"GIF8"),
    ),
    "webp": Format(
        about="animated WebP; silent, loops for ever",
        suffix=".webp",
        options={"vcodec": "libwebp_anim", "loop": 0, "quality": 85, "f": "webp"},
        pix_fmt="bgra",
        write=into_webp,
        begins=(0, b"RIFF"),
    ),
    "apng": Format(
        about="animated PNG, lossless; silent, loops for ever",
        suffix=".png",
        options={"vcodec": "apng", "plays": 0, "f": "apng"},
        pix_fmt="rgb24",
        write=into_png,
        begins=(0, b"\x89PNG"),
    ),
}
