"""Runs ffmpeg: writes frames to it, reads its output, stops it when it hangs, and explains its errors."""

import contextlib
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Iterable, Iterator
from typing import IO

from render.errors import EncodingError

PATIENCE_ENVIRONMENT = "RENDER_FFMPEG_PATIENCE"
PATIENCE = 120.0  # seconds that ffmpeg may run without any output
_MAX_DATA = 512 << 20  # memory limit in bytes for reading an untrusted file
_KEPT = 100_000  # bytes kept from the end of its stderr
_APART: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # Windows: what a session is elsewhere

Said = queue.SimpleQueue[tuple[bool, bytes]]
"""Blocks of what a process prints, each with whether it went to stderr."""

_ADVICE = {
    "No space left on device": "the disk is full; free some space and run again, the frames are kept",
    "Unknown encoder": "this ffmpeg lacks the encoder; the one that pip install imageio-ffmpeg installs has it",
    "must be at least 64": "its AV1 encoder needs at least 64×64 pixels; try another size, format or ffmpeg",
    "Permission denied": "the output folder is not writable",
}


def run(command: list[str], frames: Iterable[bytes]) -> None:
    """Run ffmpeg with `frames` as its input until it ends; stop it if it makes no progress for too long.

    It gets its own session, so that Ctrl-C reaches only this process.

    Raises:
        EncodingError: ffmpeg failed; the message gives the reason and a remedy.
        Exception: whatever iterating over `frames` raised.
    """
    timeout = patience()
    failures: list[Exception] = []
    with _running([command[0], "-progress", "pipe:1", *command[1:]], subprocess.PIPE, subprocess.PIPE) as process:
        writer = threading.Thread(target=_write, args=(process, frames, failures), daemon=True)
        writer.start()
        try:
            errors, stuck = _listen(process, timeout)
        finally:  # also after an interrupt
            _kill(process)
            writer.join()
    if failures:
        raise failures[0]
    if stuck:
        raise EncodingError(
            f"ffmpeg showed no progress for {timeout:g} s and was stopped; the frames are kept, "
            f"run again to make the video (${PATIENCE_ENVIRONMENT} sets how long to wait)"
        )
    if process.returncode:
        raise EncodingError(_advice(errors.decode(errors="replace").strip(), process.returncode))


@contextlib.contextmanager
def _running(command: list[str], stdin: int, stderr: int) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process in a session of its own; it is killed with its children when the block ends.

    A thread starts the process. In the main thread, where signal handlers run, one that raises could interrupt after
    the process exists but before it is recorded.

    Raises:
        EncodingError: the process cannot be started.
    """
    started: list[subprocess.Popen[bytes] | OSError] = []

    def start() -> None:
        try:
            process = subprocess.Popen(
                command,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
                creationflags=_APART,
            )
            started.append(process)
        except OSError as error:
            started.append(error)

    starter = threading.Thread(target=start)
    try:
        starter.start()
        starter.join()
        [process] = started
        if isinstance(process, OSError):
            raise EncodingError(f"{command[0]}: cannot be run: {process.strerror}") from process
        yield process
    finally:
        starter.join()
        for each in started:
            if not isinstance(each, OSError):
                _kill(each)
                for pipe in filter(None, (each.stdin, each.stdout, each.stderr)):
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that leads its own session, with its children, unless it has ended."""
    if process.poll() is None:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:  # Windows
            process.kill()
        process.wait()


def _write(process: subprocess.Popen[bytes], frames: Iterable[bytes], failures: list[Exception]) -> None:
    """Write all frames to the process; an error from producing them goes into `failures` for the main thread."""
    assert process.stdin is not None
    try:
        for frame in frames:
            process.stdin.write(frame)
    except BrokenPipeError:  # the process ended early; its error message gives the reason
        pass
    except Exception as error:
        failures.append(error)
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()


def limited_output(command: list[str], most: int) -> bytes | None:
    """What ffmpeg prints about an untrusted file, in limited memory; None if it fails or takes too long.

    Args:
        most: limit in bytes. If ffmpeg prints more, it is stopped, and limit + 1 bytes are returned.

    Raises:
        EncodingError: ffmpeg cannot be run.
    """
    with _running(command, subprocess.DEVNULL, subprocess.DEVNULL) as process:
        assert process.stdout is not None
        _limit_memory(process.pid)
        watch = threading.Timer(patience(), process.kill)
        watch.start()
        try:
            output = process.stdout.read(most + 1)
            if len(output) <= most:
                process.wait()
                return output if process.returncode == 0 else None
        finally:  # also after an interrupt
            watch.cancel()
    return output


def _limit_memory(pid: int) -> None:
    """Limit the memory of a process, on systems that can: Linux."""
    try:
        import resource
    except ImportError:  # Windows
        return
    if prlimit := getattr(resource, "prlimit", None):
        with contextlib.suppress(OSError):  # the process has already ended
            prlimit(pid, resource.RLIMIT_DATA, (_MAX_DATA, _MAX_DATA))


def patience() -> float:
    """The number of seconds that ffmpeg may run without any output.

    Raises:
        EncodingError: the setting is not a number.
    """
    setting = os.environ.get(PATIENCE_ENVIRONMENT)
    try:
        return float(setting) if setting else PATIENCE
    except ValueError as error:
        raise EncodingError(
            f"${PATIENCE_ENVIRONMENT}: '{setting}' is not a number of seconds; the frames are kept"
        ) from error


def _listen(process: subprocess.Popen[bytes], timeout: float) -> tuple[bytes, bool]:
    """Read until the process ends: the end of its stderr, and whether it printed nothing for `timeout` seconds."""
    said: Said = queue.SimpleQueue()
    pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe is not None]
    for pipe in pipes:
        threading.Thread(target=_read, args=(pipe, pipe is process.stderr, said), daemon=True).start()
    errors, stuck = _collected(said, len(pipes), timeout)
    if stuck:
        return errors, True
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        return errors, True
    return errors, False


def _read(pipe: IO[bytes], is_error: bool, said: Said) -> None:
    """Pass on what arrives in a pipe, and b"" at its end. A thread each: Windows cannot wait for several pipes.

    A process that has left a child behind keeps its pipes open: then the thread waits on, and nobody for it.
    """
    with contextlib.suppress(OSError, ValueError):  # ValueError: the pipe was closed meanwhile
        while block := os.read(pipe.fileno(), 65536):
            said.put((is_error, block))
    said.put((is_error, b""))


def _collected(said: Said, pipes: int, timeout: float) -> tuple[bytes, bool]:
    """Wait for the end of all pipes: the last that came from stderr, and whether nothing came for too long."""
    errors = b""
    while pipes:
        try:
            is_error, block = said.get(timeout=timeout)
        except queue.Empty:
            return errors, True
        pipes -= not block
        if is_error:
            errors = (errors + block)[-_KEPT:]
    return errors, False


def _advice(errors: str, code: int) -> str:
    """One sentence about a failure: a remedy for a known error, else the last line of `errors`."""
    for sign, advice in _ADVICE.items():
        if sign in errors:
            return f"ffmpeg: {advice}"
    last = errors.splitlines()[-1] if errors else "it printed no message"
    how = f"was killed by signal {-code}" if code < 0 else f"failed with code {code}"
    return f"ffmpeg {how}: {last}; the frames are kept, run again to make the video"
