"""What a camera sees of a room: how far away things are, and where they were seen before.

Convention: points (..., 2) are in pixels as elsewhere; a camera's coordinates are x to the right, y down, z ahead.
"""
