"""Runs in a process of its own: what takes seconds of arithmetic and would make the server wait."""

from multiprocessing.connection import Connection

from pipeline.studio.folder.waveform import waveform
from pipeline.studio.processes.desk import answer_all
from pipeline.studio.processes.staleness import compare


def survey(connection: Connection) -> None:
    answer_all(connection, {"stale": compare, "waveform": waveform})
