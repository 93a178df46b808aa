"""What several formats share: the presets of x264 and x265, sound, and the families of encoders in hardware."""

from collections.abc import Mapping

from pipeline.video.containers import Options

AAC: Mapping[str, str | int] = {"acodec": "aac", "b:a": "256k"}  # nobody hears a difference from the track
X26_SPEEDS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
X26_SPEED_RANGE = "ultrafast to veryslow"
_FAMILIES = ("nvenc", "videotoolbox", "qsv", "vaapi")


def in_hardware(codec: str, without: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The encoders of a codec in hardware, the best one first, without those of some families."""
    return tuple(f"{codec}_{family}" for family in _FAMILIES if family not in without)


def quality_in_hardware(encoder: str, crf: int) -> Options:
    """Options of an encoder in hardware for about the quality of software at `crf`."""
    by_family: dict[str, Options] = {
        "nvenc": {"rc": "vbr", "cq": crf, "b:v": 0, "preset": "p6", "tune": "hq"},
        "videotoolbox": {"q:v": round(100 - crf * 100 / 63)},
        "qsv": {"global_quality": crf},
        "vaapi": {"rc_mode": "CQP", "global_quality": crf},
    }
    return by_family[family_of(encoder)]


def family_of(encoder: str) -> str:
    """The family of an encoder in hardware: `nvenc` of `h264_nvenc`."""
    return encoder.partition("_")[2]
