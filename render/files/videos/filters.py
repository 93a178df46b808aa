"""Filters of FFmpeg for decoded frames."""

from typing import Any

from render.files.videos.opening import pyav


def filtering(frame: Any, *filters: tuple[str, str]) -> Any:
    """Return a graph of filters, each with its options, for frames of the size and format of `frame`."""
    graph = pyav().filter.Graph()
    base = frame.time_base
    shape = (
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:"
        f"time_base={base.numerator}/{base.denominator}:pixel_aspect=1/1"
    )
    nodes = [graph.add("buffer", shape), *(graph.add(*each) for each in filters), graph.add("buffersink")]
    graph.link_nodes(*nodes).configure()
    return graph
