"""Music as numbers: decoded by PyAV, taken apart by librosa, kept by the file's hash. No torch here.

track.mp3 -> decoding -> analysis (onsets, beats, bands, parts) -> cache -> signals and a beat grid -> expressions

The libraries come with the extra `music` and are imported where they are needed.
"""
