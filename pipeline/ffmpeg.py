"""From the frames to video.mp4 by ffmpeg. The only file that knows ffmpeg.

H.264, yuv420p, bt709, faststart: plays in browsers, on phones and where people post.
"""

import os
import shutil
import subprocess
from pathlib import Path

import ffmpeg
import imageio_ffmpeg

from pipeline.atomic import replacing
from render.errors import EncodingError

ENVIRONMENT = "RENDER_FFMPEG"
QUALITY = 17  # crf; visually lossless for painterly pictures

_ADVICE = {
    "No space left on device": "the disk is full; free some space and run again, the frames are kept",
    "Unknown encoder": "this ffmpeg has no H.264 encoder; pip install imageio-ffmpeg brings one that has",
    "Permission denied": "the output folder cannot be written",
}


def find_binary(setting: str | None) -> str:
    """The ffmpeg to use: the setting, then $RENDER_FFMPEG, then PATH, then imageio-ffmpeg's own.

    Raises:
        EncodingError: the one that was asked for is not there, or there is none.
    """
    for origin, wanted in (("--ffmpeg", setting), (f"${ENVIRONMENT}", os.environ.get(ENVIRONMENT))):
        if wanted:
            found = shutil.which(wanted)
            if found is None:
                raise EncodingError(f"{origin}: '{wanted}' is no program that can be run")
            return found
    try:
        return shutil.which("ffmpeg") or imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise EncodingError("ffmpeg was not found; install it, or pip install imageio-ffmpeg") from error


def assemble(binary: str, pattern: Path, num_frames: int, fps: float, title: str, video: Path) -> None:
    """Make `video` of the frames 0 to `num_frames` - 1.

    Args:
        pattern: path of the frames with a `%06d` in its name; width and height even.
        title: goes into the video's metadata.

    Raises:
        EncodingError: ffmpeg failed; the text says why and what to do. The frames are kept.
    """
    # Absolute, so that no part of a name can pass for a protocol; image2 reads % in folders' names, too.
    folder = str(pattern.parent.resolve()).replace("%", "%%")
    for index in range(num_frames):
        frame = pattern.parent / (pattern.name % index)
        if not (frame.is_file() and frame.stat().st_size):  # ffmpeg would make a shorter video and call it well
            raise EncodingError(f"{frame}: is missing or empty; run again to render it")
    with replacing(video.resolve()) as partial:
        stream = (
            ffmpeg.input(f"{folder}/{pattern.name}", framerate=fps, start_number=0, pattern_type="sequence")
            .filter("scale", out_color_matrix="bt709", out_range="tv")
            .filter("format", "yuv420p")
            # the colour flags of the encoder do not stick; the frames' own do
            .filter("setparams", range="tv", color_primaries="bt709", color_trc="bt709", colorspace="bt709")
            .output(
                str(partial),
                vcodec="libx264",
                crf=QUALITY,
                preset="medium",
                movflags="+faststart",
                metadata=f"title={title}",
                fflags="+bitexact",
                **{"frames:v": num_frames, "flags:v": "+bitexact"},
            )
            .global_args("-hide_banner", "-loglevel", "error", "-nostdin", "-xerror")
            .overwrite_output()
        )
        _run(stream.compile(cmd=binary))
        if not partial.is_file():
            raise EncodingError(f"{binary}: ended well but made no video; is it ffmpeg? The frames are kept")


def _run(command: list[str]) -> None:
    """Run ffmpeg in a session of its own: Ctrl-C is for us to hear, not for it to die of."""
    try:
        done = subprocess.run(command, capture_output=True, start_new_session=True, check=False)
    except OSError as error:
        raise EncodingError(f"{command[0]}: cannot be run: {error.strerror}") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise EncodingError(_advice(said, done.returncode))


def _advice(said: str, code: int) -> str:
    for sign, advice in _ADVICE.items():
        if sign in said:
            return f"ffmpeg: {advice}"
    last = said.splitlines()[-1] if said else "it said nothing"
    how = f"was killed by signal {-code}" if code < 0 else f"failed with code {code}"
    return f"ffmpeg {how}: {last}; the frames are kept, run again to make the video"
