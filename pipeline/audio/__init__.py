"""Turn music into numbers: decode with PyAV, analyse with librosa, cache by the file's hash. Imports no torch.

track.mp3 -> decoding -> analysis (onsets, beats, bands, parts) -> cache -> signals and a beat grid -> expressions

The libraries come with the extra `music` and are imported where they are used.
"""
