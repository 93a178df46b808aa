"""What a page shows of a schedule's text; no web framework, and never torch. Nothing here writes a file.

The functions behind the API. `path` is that of the schedule, relative to the opened `folder`, and has been checked by
the caller; offsets count UTF-16 code units; `view.as_json` makes JSON of what they return.

- `check.problems(text, path, folder)`: what `render check` finds. It never raises for what is wrong with the text.
- `timeline.timeline(text, path, folder)`: what is on the axis of time.
- `editing.edits.edited(text, path, folder, edits)`: the changes of the text that edits of the timeline amount to.
- `schema_help.completions(text, offset)`: what can be written at a place.
- `schema_help.described_at(text, offset)`: what the setting at a place means; None if there is nothing to say.

The second and third raise `InputError`, for a text that is not valid a `ScheduleError` with the place of every problem.
"""
