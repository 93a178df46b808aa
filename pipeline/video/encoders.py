"""What several formats share: presets of x264 and x265, sound options, and the families of hardware encoders."""

from collections.abc import Mapping

from pipeline.video.containers import Options

AAC: Mapping[str, str | int] = {"acodec": "aac", "b:a": "256k"}  # sounds the same as the track
X26_SPEEDS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
X26_SPEED_RANGE = "ultrafast to veryslow"
_FAMILIES = ("nvenc", "videotoolbox", "qsv", "vaapi")


def in_hardware(codec: str, without: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The hardware encoders of a codec, best first, except those of the families in `without`."""
    return tuple(f"{codec}_{family}" for family in _FAMILIES if family not in without)


def quality_in_hardware(encoder: str, crf: int) -> Options:
    """Options of a hardware encoder for about the same quality as the software encoder at `crf`."""
    by_family: dict[str, Options] = {
        "nvenc": {"rc": "vbr", "cq": crf, "b:v": 0, "preset": "p6", "tune": "hq"},
        "videotoolbox": {"q:v": round(100 - crf * 100 / 63)},
        "qsv": {"global_quality": crf},
        "vaapi": {"rc_mode": "CQP", "global_quality": crf},
    }
    return by_family[family_of(encoder)]


def family_of(encoder: str) -> str:
    """The family of a hardware encoder: `nvenc` for `h264_nvenc`."""
    return encoder.partition("_")[2]
