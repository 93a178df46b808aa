"""What the importers share: reading other tools' settings and writing what is carried as a schedule.

A setting is "carried" if the schedule gives the tool's own numbers in every frame. Whatever is not carried is
reported in a note.
"""
