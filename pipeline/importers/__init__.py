"""What the importers share: reading other tools' settings and writing the result as a schedule.

A setting is "converted" if the schedule gives the tool's own numbers in every frame. Whatever is not converted is
reported in a note.
"""
