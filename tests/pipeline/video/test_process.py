"""Starting and ending ffmpeg's process."""

import os
import signal
import subprocess
from typing import Any

import pytest

from pipeline.video import process

CALLS = {"run": lambda: process.run(["a"], []), "limited_output": lambda: process.limited_output(["a"], 9)}


@pytest.mark.parametrize("call", CALLS.values(), ids=[*CALLS])
def test_a_signal_during_the_start_leaves_no_process(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM raises in the main thread; between the start and the assignment the process would not be recorded."""
    real, started = subprocess.Popen, []

    def start(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(real(["sleep", "600"], **options))
        os.kill(os.getpid(), signal.SIGUSR1)
        return started[0]

    def interrupt(*ignored: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", start)
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            call()
    finally:
        signal.signal(signal.SIGUSR1, before)
        code = started[0].poll()
        started[0].kill()
    assert code == -signal.SIGKILL
