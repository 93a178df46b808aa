"""`title:` of the video."""

from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.shapes import about
from pipeline.schedule.sections import Section, reader_of

SECTION = Section(
    position=20,
    shape=lambda: about(fields.TEXT, "for the video's metadata; by default the file's name"),
    read=reader_of("title", fields.text, ""),  # if empty, the loader uses the file's name
)
