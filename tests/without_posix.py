"""Run the command `render` without what only POSIX systems have: python -m tests.without_posix ARGUMENTS...

Libraries that use it themselves are imported first, since they have other ways on Windows. What is left of Windows'
own ways is not simulated: its files that cannot be replaced while they are open, its paths, its locks.
"""

import importlib
import os
import signal
import subprocess
import sys

MODULES = ("fcntl", "grp", "pwd", "pty", "resource", "syslog", "termios", "tty")
OF_OS = (
    *("chown", "fchmod", "fork", "forkpty", "getloadavg", "getuid", "geteuid", "killpg", "mkfifo", "pread", "preadv"),
    *("pwrite", "pwritev", "sched_getaffinity", "sched_setaffinity", "set_blocking", "setpgid", "setsid", "sysconf"),
    *("wait3", "wait4", "O_CLOEXEC", "O_DIRECTORY"),
)
OF_SIGNAL = ("SIGALRM", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGUSR1", "SIGUSR2", "pause", "pthread_sigmask", "setitimer")
LIBRARIES = ("asyncio", "filelock", "huggingface_hub", "matplotlib", "multiprocessing", "platformdirs.unix")


def take_away() -> None:
    """Remove them from this process."""
    for library in LIBRARIES:
        importlib.import_module(library)
    for module in MODULES:
        sys.modules[module] = None  # type: ignore[assignment]
    for home, names in ((os, OF_OS), (signal, OF_SIGNAL)):
        for name in names:
            if hasattr(home, name):
                delattr(home, name)

    # As on Windows, where it needs no SIGKILL
    subprocess.Popen.kill = lambda process: os.kill(process.pid, 9)  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    take_away()
    from pipeline.cli import entry

    entry()
