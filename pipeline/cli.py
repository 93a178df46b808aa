"""The command `render`: its subcommands, and how errors become one message and an exit code."""

import logging
import signal
import sys
from pathlib import Path
from typing import Any

import click

from pipeline.commands.assemble import assemble
from pipeline.commands.bank import bank
from pipeline.commands.batch import batch
from pipeline.commands.history import history
from pipeline.commands.importing import import_
from pipeline.commands.inspect import inspect
from pipeline.commands.models import models
from pipeline.commands.music import music
from pipeline.commands.new import new
from pipeline.commands.preview import preview
from pipeline.commands.schedules import check, plan, plot
from pipeline.commands.schema import schema
from pipeline.commands.start import start
from pipeline.commands.status import status
from pipeline.commands.studio import serve, studio
from pipeline.commands.verify import verify
from pipeline.commands.video import video
from pipeline.run.interrupt import (
    INTERRUPTED,
    STOPPED_MESSAGE,
    TERMINATED,
    TERMINATED_MESSAGE,
    TerminatedError,
    exit_now,
    handling_sigterm,
)
from pipeline.storage.did_you_mean import SUFFIXES
from pipeline.terminal import escape_what_no_terminal_shows, show
from render.device import failures
from render.device.environment import prepare_environment
from render.errors import RenderError, RunError


class _Commands(click.Group):
    """If the first argument is a schedule or an option of `video`, the command is `video`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else "--help"
        known = first in self.commands or first in ("--help", "-h", "--version")
        if not known and (first.startswith("-") or _is_path(first)):
            args = ["video", *args]
        return super().parse_args(ctx, args)


def _is_path(word: str) -> bool:
    """Whether a word looks like a schedule, existing or not: `sea` is one if there is a sea.yaml."""
    path = Path(word)
    return bool(path.suffix or path.parent.name) or any(Path(word + suffix).exists() for suffix in ("", *SUFFIXES))


@click.group(cls=_Commands, context_settings={"help_option_names": ["--help", "-h"]}, no_args_is_help=True)
@click.version_option(package_name="vqgan-clip-render")
def main() -> None:
    """Turn a YAML keyframe schedule into a video, guided by CLIP, drawn by a VQGAN.

    \b
    render new sea                          write a schedule to start from
    render schedules/sunset.yaml            render it to outputs/sunset/video.mp4
    render schedules/sunset.yaml --draft    a quick look: half the size, a third of the steps
    render batch schedules/*.yaml           render many; one that fails does not stop the others
    render check schedules/*.yaml           find every mistake in a schedule
    render plot schedules/sunset.yaml       draw every curve over time
    render preview schedules/sunset.yaml    see the motion alone, in seconds
    render start schedules/sunset.yaml      see the pictures that it can start from
    render import settings.txt              convert settings of Deforum or another tool
    render music track.mp3                  find the beats and sections of a track
    render studio schedules/sunset.yaml     all of this in the browser
    render status outputs/sunset            how many frames are done?

    `render FILE` is short for `render video FILE`; `render video --help` lists its options.
    """


for _command in (
    video,
    batch,
    check,
    plan,
    plot,
    preview,
    start,
    music,
    new,
    import_,
    schema,
    models,
    bank,
    status,
    verify,
    assemble,
    history,
    studio,
    serve,
    inspect,
):
    main.add_command(_command)


class _OnStderr(logging.Handler):
    """Progress of slow work, a line each, on standard error: apart from what a command prints."""

    def emit(self, record: logging.LogRecord) -> None:
        show(record.getMessage(), err=True)


def _listen() -> None:
    log = logging.getLogger("pipeline")
    if not log.handlers:
        log.addHandler(_OnStderr())
        log.setLevel(logging.INFO)


def entry() -> None:
    """Run the command and turn errors into one message and an exit code."""
    _listen()
    escape_what_no_terminal_shows()
    prepare_environment()
    try:
        with handling_sigterm():
            outcome: Any = main(standalone_mode=False)
    except RenderError as error:
        show(str(error), err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        exit_now(INTERRUPTED, STOPPED_MESSAGE)
    except TerminatedError:
        exit_now(TERMINATED, TERMINATED_MESSAGE)
    except MemoryError:
        show("out of memory; finished work is kept; try a smaller output.size", err=True)
        sys.exit(RunError.exit_code)
    except OSError as error:
        show(f"{error}; finished work is kept", err=True)
        sys.exit(RunError.exit_code)
    except (RuntimeError, ImportError) as error:  # outside any run, such as steps taken in lockstep
        failure = failures.machine_failure(error)
        if failure is None:
            raise
        show(str(failure), err=True)
        sys.exit(failure.exit_code)
    finally:  # a late Ctrl-C, such as the second of two, must not interrupt the interpreter as it takes itself apart
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(outcome if isinstance(outcome, int) else 0)
