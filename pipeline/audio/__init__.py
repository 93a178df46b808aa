"""Music as numbers: decoded by PyAV, analysed by librosa, cached by the file's hash. No torch here.

track.mp3 -> decoding -> analysis (onsets, beats, bands, parts) -> cache -> signals and a beat grid -> expressions

The libraries come with the extra `music` and are imported where they are used.
"""
