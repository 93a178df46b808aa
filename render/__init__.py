"""The image side: renders a frame from its numbers and the previous frame.

Nothing in here knows about YAML, folders, seconds or frames per second; that is the job of the package `pipeline`.
"""
