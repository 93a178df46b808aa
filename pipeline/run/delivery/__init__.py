"""What becomes of finished frames: formats, places that people post to, what is written into the file.

settings -> recipe (how ffmpeg is to make it) -> `pipeline.video.ffmpeg`. Nothing here changes a frame.
"""
