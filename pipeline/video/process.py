"""A running ffmpeg: fed with frames, listened to, stopped where it falls silent, and what its last words mean."""

import contextlib
import os
import resource
import selectors
import signal
import subprocess
import threading
from collections.abc import Iterable

from render.errors import EncodingError

PATIENCE_ENVIRONMENT = "RENDER_FFMPEG_PATIENCE"
PATIENCE = 120.0  # seconds without any sign of life
_MAX_DATA = 512 << 20  # bytes of memory for looking at a stranger's file
_KEPT = 100_000  # bytes of its last words

_ADVICE = {
    "No space left on device": "the disk is full; free some space and run again, the frames are kept",
    "Unknown encoder": "this ffmpeg lacks the encoder; the one that pip install imageio-ffmpeg brings has it",
    "must be at least 64": "its AV1 encoder takes no pictures below 64×64; another size, format or ffmpeg does",
    "Permission denied": "the output folder cannot be written",
}


def feed(command: list[str], fed: Iterable[bytes]) -> None:
    """Run ffmpeg on what it is fed with until it ends, or shows no progress for too long.

    It gets a session of its own: Ctrl-C is for us to hear, not for it to die of.

    Raises:
        EncodingError: it failed; the text says why and what to do.
        Exception: what making the frames raised.
    """
    silence = patience()
    try:
        process = subprocess.Popen(
            [command[0], "-progress", "pipe:1", *command[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise EncodingError(f"{command[0]}: cannot be run: {error.strerror}") from error
    assert process.stdout is not None
    assert process.stderr is not None
    failures: list[Exception] = []
    feeder = threading.Thread(target=_feed, args=(process, fed, failures), daemon=True)
    feeder.start()
    try:
        said, stuck = _listen(process, silence)
    finally:  # also where we are told to stop
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)  # with whatever it started
            process.wait()
        feeder.join()
        for pipe in (process.stdout, process.stderr):
            pipe.close()
    if failures:
        raise failures[0]
    if stuck:
        raise EncodingError(
            f"ffmpeg showed no progress for {silence:g} s and was stopped; the frames are kept, "
            f"run again to make the video (${PATIENCE_ENVIRONMENT} sets how long to wait)"
        )
    if process.returncode:
        raise EncodingError(_advice(said.decode(errors="replace").strip(), process.returncode))


def _feed(process: subprocess.Popen[bytes], frames: Iterable[bytes], failures: list[Exception]) -> None:
    """Write frames until there are no more; what goes wrong in making them is kept for the main thread."""
    assert process.stdin is not None
    try:
        for frame in frames:
            process.stdin.write(frame)
    except BrokenPipeError:  # it ended early, and says itself why
        pass
    except Exception as error:
        failures.append(error)
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()


def limited_output(command: list[str], most: int) -> bytes | None:
    """What ffmpeg prints about a stranger's file, within bounded memory; None where it fails or takes too long.

    Args:
        most: bytes. It is stopped once it has printed one more, which is then returned, too.

    Raises:
        EncodingError: it cannot be run.
    """
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise EncodingError(f"{command[0]}: cannot be run: {error.strerror}") from error
    assert process.stdout is not None
    if prlimit := getattr(resource, "prlimit", None):  # Linux
        with contextlib.suppress(OSError):  # it has ended
            prlimit(process.pid, resource.RLIMIT_DATA, (_MAX_DATA, _MAX_DATA))
    watch = threading.Timer(patience(), process.kill)
    watch.start()
    try:
        said = process.stdout.read(most + 1)
        if len(said) <= most:
            process.wait()
    finally:  # also where we are told to stop
        watch.cancel()
        process.kill()
        process.wait()
        process.stdout.close()
    return said if len(said) > most or process.returncode == 0 else None


def patience() -> float:
    """Seconds that ffmpeg may show no sign of life.

    Raises:
        EncodingError: what was set is no number.
    """
    setting = os.environ.get(PATIENCE_ENVIRONMENT)
    try:
        return float(setting) if setting else PATIENCE
    except ValueError as error:
        raise EncodingError(
            f"${PATIENCE_ENVIRONMENT}: '{setting}' is not a number of seconds; the frames are kept"
        ) from error


def _listen(process: subprocess.Popen[bytes], patience: float) -> tuple[bytes, bool]:
    """The end of what it says on stderr, and whether it fell silent."""
    assert process.stdout is not None
    assert process.stderr is not None
    said = b""
    with selectors.DefaultSelector() as selector:
        for pipe in (process.stdout, process.stderr):
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(patience)
            if not ready:
                return said, True
            for key, _ in ready:
                heard = os.read(key.fd, 65536)
                if not heard:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stderr:
                    said = (said + heard)[-_KEPT:]
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        return said, True
    return said, False


def _advice(said: str, code: int) -> str:
    for sign, advice in _ADVICE.items():
        if sign in said:
            return f"ffmpeg: {advice}"
    last = said.splitlines()[-1] if said else "it said nothing"
    how = f"was killed by signal {-code}" if code < 0 else f"failed with code {code}"
    return f"ffmpeg {how}: {last}; the frames are kept, run again to make the video"
