"""Runs in a process of its own: draws motion previews."""

from multiprocessing.connection import Connection

from pipeline.studio.processes.desk import answer_all


def preview(connection: Connection) -> None:
    import torch

    from pipeline.studio.processes.film import Films

    torch.set_num_threads(1)  # small pictures; a render beside it needs the others
    films = Films()
    answer_all(connection, {"open": films.open, "frames": films.frames})
