"""What a page shows of a schedule's text, and edits of that text; no web framework, and never torch.

The text is the truth: nothing here writes a file. Each function takes and returns JSON, for `POST /api/NAME`:

- `answers.check(request, folder)`: `{path, text}` to `{problems, facts}`, what `render check` finds.
- `answers.timeline(request, folder)`: `{path, text}` to a `view.TimelineView`.
- `answers.edits(request, folder)`: `{path, text, edits}` to `{changes, inverse, text}`.
- `answers.complete(request, folder)`: `{path, text, offset}` to `{from, to, options}`.
- `answers.hover(request, folder)`: `{path, text, offset}` to `{from, to, text}`, or null.

`folder` is the opened one; `path` is relative to it and has been checked by the caller. Offsets count UTF-16 code
units. What is wrong with a schedule is an `InputError`, a `ScheduleError` if it has places.
"""
