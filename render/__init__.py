"""The image side: from one frame's numbers and the previous frame it makes this frame.

Nothing in here knows YAML, folders, seconds or frames per second; that is the package `pipeline`.
"""
