"""Formats of other tools, one per file; the file's name is the format's name for `render import --from`.

Contract: an entry module holds `TOOL` (its name for people), `NEEDS` (what it is recognised by, for the
message where no format fits), `recognises(source) -> bool`, which only looks, and `convert(source) -> Imported`,
which raises `InputError` with the file, the setting and what was expected. To add a format, add its file, its test and
its row in docs/importing.md; what several formats need belongs in `pipeline.importers`.

What is carried is carried exactly: `render plan` of the result gives the tool's own numbers in every
frame, by its own interpolation, its order of moves and its signs. Everything else is one of its `notes`.
"""
