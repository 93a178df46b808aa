"""Everything that is made from finished frames: videos, contact sheet, poster and report.

Data flow: settings -> recipe (how ffmpeg makes the file) -> `pipeline.video.ffmpeg`. Nothing here changes a frame.
"""
