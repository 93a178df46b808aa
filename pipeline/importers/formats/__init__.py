"""Formats of other tools, one per file; the file's name is the format's name for `render import --from`.

Contract: a format's module defines `TOOL` (the tool's display name), `NEEDS` (what a file of this format must contain,
for the message if no format matches), `recognises(source) -> bool`, which must have no side effects, and
`convert(source) -> Imported`, which raises `InputError` with the file, the setting and what was expected. To add a
format, add its file, its test and its row in docs/importing.md; what several formats need belongs in
`pipeline.importers`.

Conversion is exact: `render plan` of the result gives the tool's own numbers in every frame, with its
interpolation, its order of moves and its signs. Everything else is reported in the result's `notes`.
"""
